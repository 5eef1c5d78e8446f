import type pg from "pg";
import { type Day, type DayRange, eachDay } from "../domain/day.ts";

/*
 * The one mark of what is dirty: days of an account whose marts are to be made again. Whoever changes what marts are
 * made from marks them in the same transaction; a rollup takes them before it reads. See docs/what-is-dirty.md.
 */

/**
 * Marks the days that a query gives as account_key and date, in as few stretches as they make. A change that is not
 * in the facts looks at what is stored: hold the account's rollups or all of them meanwhile, since days that one is
 * making cannot be seen yet.
 */
export const touchDaysOf = async (
  client: pg.ClientBase,
  days: string,
  parameters: readonly unknown[],
): Promise<void> => {
  await client.query(
    `insert into ops.touched_days (account_key, from_date, to_date)
     select account_key, min(date), max(date)
     from (select account_key, date,
                  date - dense_rank() over (partition by account_key order by date)::integer as stretch
           from (${days}) marked) stretches
     group by account_key, stretch`,
    [...parameters],
  );
};

/** Marks days of an account whose facts are changed in this transaction. */
export const touchDays = async (
  client: pg.ClientBase,
  accountKey: number,
  days: readonly Day[],
): Promise<void> => {
  if (days.length > 0)
    await touchDaysOf(client, "select $1::integer as account_key, d as date from unnest($2::date[]) d", [
      accountKey,
      days,
    ]);
};

/** Where the days of marts stand: levels add up the lowest one, networks and breakdowns have facts of their own. */
const daysOfMarts = [
  "figures.cost_per_conversion_by_ad_group_daily",
  "figures.cost_per_conversion_by_network_daily",
  "ops.breakdown_day",
];

/** Marks all days of an account that the marts hold, as one stretch. */
export const touchStored = async (client: pg.ClientBase, accountKey: number): Promise<void> => {
  await client.query(
    `insert into ops.touched_days (account_key, from_date, to_date)
     select $1, min(first), max(last)
     from (${daysOfMarts
       .map(
         (table) =>
           `select min(date) as first, max(date) as last from ${table} where account_key = $1::integer`,
       )
       .join(" union all ")}) stored
     having min(first) is not null`,
    [accountKey],
  );
};

/** The accounts with marked days, or the one that is named, where it has any. */
export const touchedAccounts = async (
  pool: pg.Pool,
  accountKey: number | null,
): Promise<readonly { readonly accountKey: number; readonly days: readonly Day[] }[]> => {
  const { rows } = await pool.query<{ account_key: number; stretches: DayRange[] }>(
    `select account_key, jsonb_agg(jsonb_build_object('from', from_date, 'to', to_date)) as stretches
     from ops.touched_days where $1::integer is null or account_key = $1
     group by account_key order by account_key`,
    [accountKey],
  );
  return rows.map(({ account_key, stretches }) => ({
    accountKey: account_key,
    days: [...new Set(stretches.flatMap(eachDay))].sort(),
  }));
};

/**
 * Takes the marks of a window away, before the facts are read: what is marked from now on is another mark, and stays.
 * @returns the days that were marked
 */
export const takeTouchedDays = async (
  client: pg.ClientBase,
  accountKey: number,
  { from, to }: DayRange,
): Promise<readonly Day[]> => {
  const { rows } = await client.query<DayRange>(
    `delete from ops.touched_days where account_key = $1 and from_date <= $3 and to_date >= $2
     returning from_date as "from", to_date as "to"`,
    [accountKey, from, to],
  );
  const days = [...new Set(rows.flatMap(eachDay))].sort();
  // A stretch that reaches beyond the window keeps its other days.
  await touchDays(
    client,
    accountKey,
    days.filter((day) => day < from || day > to),
  );
  return days.filter((day) => day >= from && day <= to);
};
