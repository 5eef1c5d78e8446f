import { type Kysely, type RawBuilder, sql } from "kysely";
import type { BreakdownName } from "../domain/breakdown.ts";
import type { DayRange } from "../domain/day.ts";
import type { Platform } from "../domain/platform.ts";
import type { DB } from "../warehouse/schema.ts";

/** How many of the account-days of a range have their figures, or are known to have none. */
export interface RangeCoverage {
  readonly known: number;
  /** Days of the range by accounts that are open. */
  readonly all: number;
  /** Of those that were asked for and lack, the youngest. */
  readonly youngestLacking: string | null;
}

/** Of the account-days that have their figures, how many were brought by a breakdown too. */
export interface BreakdownCoverage {
  readonly known: number;
  readonly all: number;
}

/** In SQL: one row of it. `among`: a condition on account-days `d` and accounts `a`. */
export const breakdownCoverage = (
  { from, to }: DayRange,
  breakdown: BreakdownName,
  among: RawBuilder<unknown>,
): RawBuilder<BreakdownCoverage> => sql<BreakdownCoverage>`
  select count(*)::int as all, count(b.account_key)::int as known
  from ops.account_day d
  join warehouse.account a
    on a.platform = d.platform and a.account_id = d.account_id
    and d.date between coalesce(a.series_from, '-infinity') and coalesce(a.series_to, 'infinity')
  left join ops.breakdown_day b
    on b.account_key = a.account_key and b.date = d.date and b.breakdown = ${breakdown}
  where d.date between ${from}::date and ${to}::date and d.state in ('complete', 'no_spend') and ${among}`;

export const readBreakdownCoverage = async (
  db: Kysely<DB>,
  { platforms, ...range }: DayRange & { readonly platforms: readonly Platform[] },
  breakdown: BreakdownName,
): Promise<BreakdownCoverage> => {
  const { rows } = await breakdownCoverage(range, breakdown, sql`d.platform = any (${platforms})`).execute(
    db,
  );
  return rows[0] ?? { known: 0, all: 0 };
};

export const readCoverage = async (
  db: Kysely<DB>,
  { from, to, platforms }: DayRange & { readonly platforms: readonly Platform[] },
): Promise<RangeCoverage> => {
  const { rows } = await sql<RangeCoverage>`
    with open_account as (
      select distinct platform, account_id from warehouse.account
      where is_active and platform = any (${platforms})
    ),
    asked as (
      select d.state in ('complete', 'no_spend') as known, d.date
      from ops.account_day d join open_account using (platform, account_id)
      where d.date between ${from} and ${to}
    )
    select (select count(*)::int from asked where known) as known,
           (select count(*)::int * (${to}::date - ${from}::date + 1) from open_account) as all,
           (select max(date)::text from asked where not known) as "youngestLacking"`.execute(db);
  return rows[0] ?? { known: 0, all: 0, youngestLacking: null };
};
