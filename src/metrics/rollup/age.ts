import type pg from "pg";
import { inTransaction, lockAccount } from "../../warehouse/transaction.ts";
import { marts } from "./fresh.ts";
import { projectionOf } from "./projection.ts";

export interface AgeOptions {
  readonly pool: pg.Pool;
  /** Instead of the database's own clock. */
  readonly clock?: () => Date;
}

/** No restatement window is nearly as deep: older days were final long ago, and are not looked at. */
const oldestDay = 400;

const accountToday = `
  a as (
    select account_key, platform, account_id, restatement_days,
           (coalesce($2::timestamptz, now()) at time zone time_zone)::date as today
    from warehouse.account where account_key = $1
  )`;

const recent = (mart: string): string =>
  `${mart}.account_key = $1 and ${mart}.date > (coalesce($2::timestamptz, now()))::date - ${String(oldestDay)}`;

const finality = [marts.byNetwork, marts.byAction].map(
  ({ name }) => `
  with ${accountToday}
  update marts.${name} m set is_final = m.date < a.today - a.restatement_days
  from a where ${recent("m")} and m.is_final <> (m.date < a.today - a.restatement_days)`,
);

const projections = `
  with ${accountToday},
  aged as (
    select m.date, m.campaign_id, m.date < a.today - a.restatement_days as is_final, m.conversions, m.spend, c.share
    from a
    join marts.cost_per_conversion_daily m on ${recent("m")}
    left join marts.conversion_maturity c
      on c.platform = a.platform and c.account_id = a.account_id and c.age_days = a.today - m.date
    where not m.is_final or m.date >= a.today - a.restatement_days
  ),
  projected as (select aged.*, ${projectionOf("aged", "aged.share")} from aged)
  update marts.cost_per_conversion_daily m
  set is_final = p.is_final, projected_conversions = p.projected_conversions,
      projected_cost_per_conversion = p.projected_cost_per_conversion
  from projected p
  where ${recent("m")} and m.date = p.date and m.campaign_id = p.campaign_id
    and (m.is_final, m.projected_conversions, m.projected_cost_per_conversion)
        is distinct from (p.is_final, p.projected_conversions, p.projected_cost_per_conversion)`;

/**
 * Brings up to date what follows the calendar rather than the facts: days become final, projections move with their
 * age. Only rows that really differ are written; figures and refreshed_at stay as they are. The number of rows written.
 */
export const ageMarts = async ({ pool, clock }: AgeOptions): Promise<number> => {
  const { rows } = await pool.query<{ account_key: number }>(
    "select account_key from warehouse.account order by account_key",
  );
  let written = 0;
  for (const { account_key } of rows)
    written += await inTransaction(pool, async (client) => {
      await client.query("set local enable_nestloop = off; set local jit = off");
      await lockAccount(client, "rollup", account_key);
      let count = 0;
      for (const statement of [projections, ...finality])
        count += (await client.query(statement, [account_key, clock?.() ?? null])).rowCount ?? 0;
      return count;
    });
  return written;
};
