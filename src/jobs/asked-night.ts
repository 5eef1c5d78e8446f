import type pg from "pg";
import type { Logger } from "pino";
import type { Config } from "../config.ts";
import { configuredPlatforms } from "../connectors/registry.ts";
import { callForReadySoon } from "./wake.ts";
import { beginNightNow } from "./night.ts";
import type { Queues } from "./queue.ts";
import { enabledSources } from "../sync/sources.ts";

/**
 * Begins a night at once, as the service does when one is due: workers anywhere drain it.
 * @returns its run, or undefined where one is under way
 */
export const askForNight = async (options: {
  readonly pool: pg.Pool;
  readonly queues: Queues;
  readonly log: Logger;
  readonly config: Config;
  readonly now: Date;
}): Promise<string | undefined> => {
  const { pool, queues, log, config, now } = options;
  const platforms = configuredPlatforms(config.connectors);
  const sources = enabledSources(config, "nightly");
  const runId = await beginNightNow({ pool, log, platforms, sources }, now);
  if (runId !== undefined) await callForReadySoon(pool, queues);
  return runId;
};
