import { type Kysely, sql } from "kysely";
import type { DayRange } from "../domain/day.ts";
import type { Platform } from "../domain/platform.ts";
import type { DB } from "../warehouse/schema.ts";

/** How many of the account-days of a range have their figures, or are known to have none. */
export interface Coverage {
  readonly known: number;
  readonly all: number;
  /** Of those that lack, the youngest. */
  readonly youngestLacking: string | null;
}

/** Account-days of accounts that are open; an account counts from the first day that was ever asked for. */
export const readCoverage = async (
  db: Kysely<DB>,
  { from, to, platforms }: DayRange & { readonly platforms: readonly Platform[] },
): Promise<Coverage> => {
  const { rows } = await sql<Coverage>`
    select count(*) filter (where state in ('complete', 'no_spend'))::int as known,
           count(*)::int as all,
           max(date) filter (where state not in ('complete', 'no_spend'))::text as "youngestLacking"
    from ops.account_day
    where date between ${from} and ${to} and platform = any (${platforms}) and state <> 'account_closed'`.execute(
    db,
  );
  return rows[0] ?? { known: 0, all: 0, youngestLacking: null };
};
