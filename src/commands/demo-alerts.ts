import type { Kysely } from "kysely";
import { sql } from "kysely";
import { DateTime } from "luxon";
import { runAlerts } from "../alerts/run.ts";
import type { Config } from "../config.ts";
import { addDays, type Day } from "../domain/day.ts";
import type { DB } from "../warehouse/schema.ts";

/** Rules that the sandbox's figures are sure to meet: two stay broken, and a Monday's jump is over on Tuesday. */
export const demoAlerts = [
  {
    name: "linkedin-too-expensive",
    metric: "cost_per_conversion",
    by: "platform",
    where: { platform: "linkedin" },
    window: "7d",
    above: 30,
    currency: "EUR",
    severity: "critical",
  },
  {
    name: "meta-return-too-low",
    metric: "return_on_ad_spend",
    by: "platform",
    where: { platform: "meta" },
    window: "7d",
    below: 5,
    severity: "warning",
  },
  {
    name: "google-spend-jump",
    metric: "spend",
    by: "platform",
    where: { platform: "google" },
    window: "1d",
    changeAbove: "15%",
    currency: "EUR",
    severity: "info",
  },
];

/** What became of an alert of the demo, for its summary. */
export interface DemoAlert {
  readonly rule: string;
  readonly state: string;
  readonly value: string | null;
  readonly threshold: string | null;
}

/** The youngest Monday whose Tuesday is a whole day of the past too: spend jumps after every weekend. */
const mondayBefore = (yesterday: Day): Day => {
  const last = DateTime.fromISO(addDays(yesterday, -1), { zone: "utc" });
  return addDays(yesterday, -1 - (last.weekday - 1));
};

/** Evaluates as of a Monday and as of the Tuesday after it, and tells what fired and what was resolved. */
export const runDemoAlerts = async (
  db: Kysely<DB>,
  config: Config,
  yesterday: Day,
  now: Date,
): Promise<readonly DemoAlert[]> => {
  const monday = mondayBefore(yesterday);
  for (const asOf of [monday, addDays(monday, 1)]) await runAlerts({ db, config, now, asOf });
  const { rows } = await sql<DemoAlert>`
    select rule, state, value, threshold from ops.alert where state in ('firing', 'resolved')
    order by state, rule`.execute(db);
  return rows;
};
