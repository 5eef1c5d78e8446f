import type pg from "pg";
import { type BreakdownName, isBreakdown } from "../../domain/breakdown.ts";
import type { Day } from "../../domain/day.ts";
import { breakdownMarts, type Mart } from "./fresh.ts";

/** What of an account is there to be rolled up. */
export interface StoredDays {
  readonly accountKey: number;
  readonly days: readonly Day[];
}

/** The marts of the breakdowns that any of the days was asked for. */
export const martsAskedFor = async (
  client: pg.PoolClient | pg.Pool,
  accountKey: number,
  days: readonly string[],
): Promise<readonly Mart[]> => {
  const { rows } = await client.query<{ breakdown: string }>(
    "select distinct breakdown from ops.breakdown_day where account_key = $1 and date = any ($2::date[]) order by 1",
    [accountKey, days],
  );
  const asked: readonly BreakdownName[] = rows.map(({ breakdown }) => breakdown).filter(isBreakdown);
  return asked.map((breakdown) => breakdownMarts[breakdown]);
};

/** Where an account's days are looked for. */
const daysOfStored = [
  "warehouse.ad_daily",
  "warehouse.conversion_daily",
  "figures.cost_per_conversion_by_ad_group_daily",
];

/**
 * Every account's days that facts or marts hold in the range; open ends where a bound is null. Each day of the calendar
 * is looked up in the keys: to read the rows would cost as much as to add them up.
 */
export const storedDays = async (
  pool: pg.Pool,
  from: string | null,
  to: string | null,
): Promise<readonly StoredDays[]> => {
  const accounts = await pool.query<{ key: number }>(
    "select account_key as key from warehouse.account order by 1",
  );
  const stored: StoredDays[] = [];
  for (const { key } of accounts.rows) {
    const { rows } = await pool.query<{ date: Day }>(
      `select d::date as date
       from (select greatest(min(first), $2::date) as first, least(max(last), $3::date) as last
             from (${daysOfStored
               .map(
                 (table) =>
                   `select min(date) as first, max(date) as last from ${table} where account_key = $1`,
               )
               .join(" union all ")}) bounds) range,
            generate_series(range.first, range.last, interval '1 day') d
       where ${daysOfStored
         .map((table) => `exists (select from ${table} where account_key = $1 and date = d::date)`)
         .join(" or ")}
       order by 1`,
      [key, from, to],
    );
    if (rows.length > 0) stored.push({ accountKey: key, days: rows.map(({ date }) => date) });
  }
  return stored;
};
