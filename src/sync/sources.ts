import type pg from "pg";
import type { Logger } from "pino";
import type { Config } from "../config.ts";
import type { DayRange } from "../domain/day.ts";
import { classifyOptions } from "../metrics/first-party/config.ts";
import { noteConfigured } from "../sources/ledger.ts";
import type { PullOptions } from "../sources/pull.ts";
import type { Database } from "../warehouse/database.ts";

/** The sources that are pulled, of a config; those with a time of their own only where asked. */
export const enabledSources = (
  { sources }: Pick<Config, "sources">,
  which: "all" | "nightly" = "all",
): readonly string[] =>
  Object.entries(sources)
    .filter(([, { enabled, schedule }]) => enabled && (which === "all" || schedule === undefined))
    .map(([name]) => name);

/** What somebody asks of the sources beyond the usual. */
export interface SourceWish {
  readonly full?: boolean | undefined;
  readonly range?: Partial<DayRange> | undefined;
  readonly acceptRemovals?: boolean | undefined;
  /** Tests shorten the delays; nothing else does. */
  readonly firstDelayMs?: number | undefined;
}

/** Keeps which sources the config has. */
export const noteSources = (pool: pg.Pool, config: Pick<Config, "sources">): Promise<void> =>
  noteConfigured(pool, enabledSources(config));

export interface SourcePull extends SourceWish {
  readonly database: Database;
  readonly config: Config;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly now: () => Date;
}

/** What a pull of a configured source needs besides its name. */
export const pullOptions = ({ config, ...rest }: SourcePull, name: string): PullOptions => {
  const settings = config.sources[name];
  if (settings === undefined) throw new RangeError(`there is no source ${name}`);
  const { folder, timezone: timeZone, reportingCurrency } = config;
  return {
    ...rest,
    name,
    settings,
    folder,
    timeZone,
    context: {
      classify: classifyOptions(config),
      timeZone,
      ...(reportingCurrency === undefined ? {} : { defaultCurrency: reportingCurrency }),
    },
  };
};
