import type { Logger } from "pino";
import type { Config } from "../config.ts";
import { addDays, type Day, type DayRange, dayAt } from "../domain/day.ts";
import type { Platform } from "../domain/platform.ts";
import { storeCountingRules, unmatchedActions } from "../metrics/counting.ts";
import { classifyOptions, firstPartySettings } from "../metrics/first-party/config.ts";
import { warnOfUnknownAmounts } from "../metrics/unknown-amounts.ts";
import { rollUpFirstParty } from "../metrics/first-party.ts";
import { rollUpTouched } from "../metrics/rollup/rollup.ts";
import type { Database } from "../warehouse/database.ts";
import { closeDay } from "./close-day.ts";
import { type Ga4Result, ga4Window, syncGa4 } from "./ga4.ts";

/** About what a night pulls again, and so converts again. */
const usualDays = 35;

export interface AfterSlices {
  readonly database: Database;
  readonly config: Config;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /** That of the rollups; absent: the database's. */
  readonly clock?: (() => Date) | undefined;
  readonly platforms: readonly Platform[];
  /** Days of GA4 to pull: `usual` for those of a night; undefined leaves GA4 out. */
  readonly ga4: "usual" | Partial<DayRange> | undefined;
  /** The first day whose amounts this was about; absent: those of a usual night. */
  readonly from?: Day | undefined;
  /** Called when all figures are rolled up: alerts. */
  readonly afterRollup: (log: Logger) => Promise<void>;
}

const pullGa4 = async (options: AfterSlices): Promise<readonly Ga4Result[]> => {
  const { database, config, log, signal, now } = options;
  if (config.ga4 === undefined || options.ga4 === undefined) return [];
  const usual = ga4Window(config.ga4, config.timezone, now());
  const { from, to }: Partial<DayRange> = options.ga4 === "usual" ? {} : options.ga4;
  return syncGa4({
    database,
    settings: config.ga4,
    window: { from: from ?? (to !== undefined && to < usual.from ? to : usual.from), to: to ?? usual.to },
    signal,
    log,
    classify: classifyOptions(config),
    keyEvents: config.firstParty.ga4KeyEvents,
    now,
  });
};

/** What follows once every slice of a sync has ended, watched or not: the rest of the data, every rollup, the alerts. */
export const afterSlices = async (options: AfterSlices): Promise<readonly Ga4Result[]> => {
  const { database, config, log, signal, now } = options;
  const { pool } = database;
  // Names of actions that the config counts may have become known only now.
  for (const platform of options.platforms) {
    await storeCountingRules(pool, platform, config.connectors);
    for (const { name, message, remedy } of await unmatchedActions(pool, platform, config.connectors))
      log.warn({ platform, action: name, remedy }, message);
  }
  await closeDay({ pool, log, now: now(), keepDays: config.history.keepDays });
  const ga4 = await pullGa4(options);
  await rollUpTouched({
    pool,
    reportingCurrency: config.reportingCurrency ?? null,
    signal,
    clock: options.clock,
    onUnfit: ({ platform, accountId, message, remedy }) =>
      log.error({ platform, account: accountId, remedy }, message),
  });
  await warnOfUnknownAmounts({ pool, log, from: options.from ?? addDays(dayAt(now(), "UTC"), -usualDays) });
  // Spend that came in and campaigns that became known move first-party figures too.
  await rollUpFirstParty({ database, settings: firstPartySettings(config), signal });
  await options.afterRollup(log);
  return ga4;
};
