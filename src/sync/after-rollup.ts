import type { Kysely } from "kysely";
import type { Logger } from "pino";
import { runAlerts } from "../alerts/run.ts";
import type { Config } from "../config.ts";
import { asFailure } from "../domain/failure.ts";
import type { DB } from "../warehouse/schema.ts";

/**
 * Evaluates the alerts on the figures that were just rolled up, and delivers what is due. A rule or a receiver that
 * fails is said in the log; the night's figures stand without it.
 */
export const alertAfterRollup = async (options: {
  readonly db: Kysely<DB>;
  readonly config: Pick<
    Config,
    "alerts" | "connectors" | "notifiers" | "reportingCurrency" | "schedule" | "timezone"
  >;
  readonly now: Date;
  readonly log: Logger;
}): Promise<void> => {
  const { db, config, now, log } = options;
  if (config.alerts.length === 0) return;
  try {
    const { states, notices, problems } = await runAlerts({ db, config, now });
    log.info({ ...states, notices }, "alerts evaluated");
    for (const problem of problems) log.error(problem, "an alert's rule cannot be evaluated");
  } catch (error) {
    log.error({ failure: asFailure(error).message }, "alerts could not be evaluated");
  }
};
