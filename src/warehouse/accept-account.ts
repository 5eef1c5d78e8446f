import type pg from "pg";
import { addDays, type Day, dayAt } from "../domain/day.ts";
import type { Account } from "../domain/facts.ts";
import { changeOf, storable } from "./accounts.ts";
import { publishedTables } from "./load/fact-tables.ts";
import { touchDays } from "./touched-days.ts";
import { touchAccount } from "./touched-first-party.ts";
import { inTransaction, lockAccount } from "./transaction.ts";

/** A series of an account's days that was closed, and the one that goes on. */
export interface NewSeries {
  readonly from: Day;
  /** What changed, as in `currency changed from EUR to USD`. */
  readonly change: string;
  readonly closedKey: number;
}

export type Acceptance =
  | { readonly outcome: "accepted"; readonly series: NewSeries }
  /** `early`: the day lies before the series that is to be closed. */
  | { readonly outcome: "unknown" | "unchanged" | "early" };

interface Stored {
  readonly account_key: number;
  readonly currency: string;
  readonly time_zone: string;
  readonly series_from: Day | null;
  readonly last_good: Day | null;
}

const readStored = async (client: pg.PoolClient, { platform, id }: Account): Promise<Stored | undefined> => {
  const { rows } = await client.query<Stored>(
    `select account_key, currency, time_zone, series_from,
            (select max(date) from ops.account_day d
             where d.platform = $1 and d.account_id = $2 and d.state in ('complete', 'no_spend')) as last_good
     from warehouse.account a where platform = $1 and account_id = $2 and series_to is null for update`,
    [platform, id],
  );
  return rows[0];
};

/** What was stored of the new series' days belongs to neither: those days are asked for anew. */
const clearDays = async (client: pg.PoolClient, account: Account, key: number, from: Day): Promise<void> => {
  const days = new Set<Day>();
  for (const table of [...publishedTables.map(({ name }) => `warehouse.${name}`), "ops.breakdown_day"]) {
    const { rows } = await client.query<{ date: Day }>(
      `with gone as (delete from ${table} where account_key = $1 and date >= $2 returning date)
       select distinct date from gone`,
      [key, from],
    );
    for (const { date } of rows) days.add(date);
  }
  await touchDays(client, key, [...days]);
  await client.query("delete from ops.day_fingerprint where account_key = $1 and date >= $2", [key, from]);
  await client.query(
    `update ops.account_day
     set state = case when date >= $3 then 'not_fetched' else 'account_closed' end,
         cause = case when date >= $3 then null else 'the account''s currency or time zone changed' end,
         platform_spend = null, our_spend = null, difference = null, residual_spend = null, rounding = null,
         fetched_at = null
     where platform = $1 and account_id = $2
       and (date >= $3 or state in ('failed', 'not_fetched'))`,
    [account.platform, account.id, from],
  );
};

/**
 * Closes the series of an account whose currency or time zone is another now, and begins a new one with it. Days of
 * the old one keep their rows, currency and key, and are never asked for again: the platform would answer in the new.
 * @param from first day of the new series; absent: the day after the last whole one
 */
export const acceptAccount = (
  pool: pg.Pool,
  account: Account,
  options: { readonly from?: Day | undefined; readonly now: Date },
): Promise<Acceptance> =>
  inTransaction(pool, async (client) => {
    const stored = await readStored(client, account);
    if (stored === undefined) return { outcome: "unknown" };
    const change = changeOf(stored, account);
    if (change === undefined) return { outcome: "unchanged" };
    const key = stored.account_key;
    await lockAccount(client, "publish", key);
    const from =
      options.from ??
      (stored.last_good === null ? dayAt(options.now, account.timeZone) : addDays(stored.last_good, 1));
    if (stored.series_from !== null && from <= stored.series_from) return { outcome: "early" };
    await clearDays(client, account, key, from);
    await client.query("update warehouse.account set series_to = $2 where account_key = $1", [
      key,
      addDays(from, -1),
    ]);
    await client.query(
      `with begun as (
         insert into warehouse.account
           (platform, account_id, name, currency, time_zone, status, is_active, restatement_days, series_from)
         select platform, account_id, $2, $3, $4, $5, $6, restatement_days, $7
         from warehouse.account where account_key = $1
         returning account_key
       ),
       -- What counts goes on counting, by the ids that were matched.
       matched as (
         insert into ops.action_match (account_key, name, conversion_action_id)
         select b.account_key, m.name, m.conversion_action_id from ops.action_match m, begun b where m.account_key = $1
       )
       insert into ops.counting_rule (account_key, measure, actions, excluded_actions, attributions)
       select b.account_key, r.measure, r.actions, r.excluded_actions, r.attributions
       from ops.counting_rule r, begun b where r.account_key = $1`,
      [key, storable(account.name), account.currency, account.timeZone, account.status, account.active, from],
    );
    await touchAccount(client, account.platform, account.id);
    return { outcome: "accepted", series: { from, change, closedKey: key } };
  });
