import type { Kysely } from "kysely";
import { sql } from "kysely";
import type { DB } from "../warehouse/schema.ts";

/**
 * Rules that the sandbox's figures are sure to meet: two stay broken, one fires on the night on which an account fails
 * and is resolved on the next, and one looks out for the jump of a Monday.
 */
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
    name: "account-fails",
    metric: "sync_failure",
    by: "account",
    above: 0,
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

/** What fires and what was resolved, as the last night left it. */
export const demoAlertStates = async (db: Kysely<DB>): Promise<readonly DemoAlert[]> => {
  const { rows } = await sql<DemoAlert>`
    select rule, state, value, threshold from ops.alert where state in ('firing', 'resolved')
    order by state, rule`.execute(db);
  return rows;
};
