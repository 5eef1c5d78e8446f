import { type Kysely, sql } from "kysely";
import type { DB } from "../../warehouse/schema.ts";

/** Months of one account in a transaction: a rollup of that account waits for it no longer than moments. */
const monthsAtOnce = 6;

/**
 * Brings the sums that the dashboard reads (ops.campaign_day_sum and the like) up to date with the marts, the youngest
 * months first. Ends when nothing is stale except what other sessions are working at.
 */
export const refreshSums = async (db: Kysely<DB>, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    const { rows } = await sql<{ done: number }>`
      select marts.refresh_campaign_months(${monthsAtOnce}) as done`.execute(db);
    if ((rows[0]?.done ?? 0) === 0) return;
  }
};
