import type { Logger } from "pino";
import type { Config } from "../../config.ts";
import { enabledSources, pullOptions } from "../../sync/sources.ts";
import { sourceContext } from "../../sources/pull.ts";
import { openSource } from "../../sources/registry.ts";
import { streamStatus } from "../../sources/status.ts";
import type { Database } from "../../warehouse/database.ts";
import { type Check, failed } from "./checks.ts";

/** Whether each source's credential is taken and reaches what is asked of it. */
export async function* checkSources(
  config: Config,
  database: Database,
  { log, signal }: { readonly log: Logger; readonly signal: AbortSignal },
): AsyncGenerator<Check> {
  const names = enabledSources(config);
  const known = names.length === 0 ? [] : await streamStatus(database.pool).catch(() => []);
  for (const name of names) {
    const check = `source ${name}`;
    const options = pullOptions({ database, config, log, signal, now: () => new Date() }, name);
    try {
      const source = await openSource(options.settings, sourceContext(options));
      try {
        for await (const finding of source.check(signal)) yield { check, remedy: "", ...finding };
      } finally {
        await source.close();
      }
    } catch (error) {
      signal.throwIfAborted();
      yield failed(check, error);
    }
    const unmapped = known
      .filter(({ source }) => source === name)
      .flatMap((row) => Object.entries(row.unmapped));
    if (unmapped.length > 0)
      yield {
        check,
        outcome: "warning",
        message: `values without a stage: ${unmapped.map(([value, count]) => `${value} (${String(count)})`).join(", ")}`,
        remedy: `name them under sources.${name}.leads.stages`,
      };
  }
  yield* describedTwice(config, names);
}

/** Calls of two help desks would be added up. */
function* describedTwice(config: Config, names: readonly string[]): Generator<Check> {
  const counting = names.filter((name) => {
    const { calls } = config.sources[name] as { readonly calls?: unknown };
    return calls !== undefined && calls !== false;
  });
  if (counting.length > 1)
    yield {
      check: "sources",
      outcome: "warning",
      message: `${counting.join(" and ")} both count calls, which are added up`,
      remedy: "where they describe the same calls, set calls: false in all but one",
    };
}
