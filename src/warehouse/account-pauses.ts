import { type Kysely, sql } from "kysely";
import type pg from "pg";
import type { Platform } from "../domain/platform.ts";
import type { DB } from "./schema.ts";

/** An account that nothing is pulled of until somebody resumes it. */
export interface AccountPause {
  readonly since: Date;
  readonly madeBy: string | null;
  readonly reason: string | null;
}

interface PausedAccount {
  readonly platform: Platform;
  readonly accountId: string;
}

/** The paused accounts of a platform by their bare ids. */
export const readPauses = async (
  pool: pg.Pool,
  platform: Platform,
): Promise<ReadonlyMap<string, AccountPause>> => {
  const { rows } = await pool.query<AccountPause & { accountId: string }>(
    `select account_id as "accountId", since, made_by as "madeBy", reason from ops.account_pause where platform = $1`,
    [platform],
  );
  return new Map(rows.map(({ accountId, ...pause }) => [accountId, pause]));
};

/**
 * Pauses an account from now on; slices of it that have not begun are dropped from the night under way. Its figures
 * stay. Nothing happens to one that is paused already.
 * @returns false where the warehouse does not know the account
 */
export const pauseAccount = async (
  db: Kysely<DB>,
  account: PausedAccount & { readonly madeBy: string | null; readonly reason: string | null },
): Promise<boolean> => {
  const { platform, accountId, madeBy, reason } = account;
  // The account's rollup follows what was done. A sync that somebody watches goes on.
  const { rows } = await sql`
    with known as (
      select 1 from warehouse.account where platform = ${platform} and account_id = ${accountId}
      union all
      select 1 from ops.account_day where platform = ${platform} and account_id = ${accountId} limit 1
    ), paused as (
      insert into ops.account_pause (platform, account_id, made_by, reason)
      select ${platform}, ${accountId}, ${madeBy}, ${reason} from known
      on conflict do nothing
    ), dropped as (
      delete from ops.job
      where platform = ${platform} and account_id = ${accountId} and kind = 'slice'
        and state in ('pending', 'deferred') and exists (select from known)
        and run_id in (select run_id from ops.night)
    )
    select 1 from known`.execute(db);
  return rows.length > 0;
};

/** The next plan asks for the account again, and for the days that were not fetched. @returns whether it was paused */
export const resumeAccount = async (
  db: Kysely<DB>,
  { platform, accountId }: PausedAccount,
): Promise<boolean> => {
  const { rows } = await sql`
    delete from ops.account_pause where platform = ${platform} and account_id = ${accountId} returning 1`.execute(
    db,
  );
  return rows.length > 0;
};
