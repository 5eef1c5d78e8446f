import { type Kysely, sql } from "kysely";
import type { Logger } from "pino";
import { runAlerts } from "../alerts/run.ts";
import type { Config } from "../config.ts";
import { asFailure } from "../domain/failure.ts";
import type { DB } from "../warehouse/schema.ts";

/** Whether an alert is kept that must be ended although the config has no rule any more. */
const isAnyLeft = async (db: Kysely<DB>): Promise<boolean> => {
  const { rows } = await sql`select from ops.alert where state <> 'inactive' limit 1`.execute(db);
  return rows.length > 0;
};

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
  try {
    if (config.alerts.length === 0 && !(await isAnyLeft(db))) return;
    const { states, notices, problems } = await runAlerts({ db, config, now });
    log.info({ ...states, notices }, "alerts evaluated");
    for (const problem of problems) log.error(problem, "an alert's rule cannot be evaluated");
  } catch (error) {
    log.error({ failure: asFailure(error).message }, "alerts could not be evaluated");
  }
};
