import type pg from "pg";
import type { KnownWindows } from "../connectors/connector.ts";
import { type Day, isSameTimeZone } from "../domain/day.ts";
import { type Account, noCurrency } from "../domain/facts.ts";
import { Failure } from "../domain/failure.ts";
import type { Platform } from "../domain/platform.ts";
import { touchStored } from "./touched-days.ts";
import { touchAccount } from "./touched-first-party.ts";
import { inTransaction, lockAccount } from "./transaction.ts";

/** An account as it stood in the warehouse before a sync. */
export interface AccountBefore {
  readonly account_key: number;
  readonly name: string;
  readonly currency: string;
  readonly time_zone: string;
  readonly status: string;
  readonly is_active: boolean;
  readonly restatement_days: number;
  readonly series_from: Day | null;
  readonly windows: KnownWindows;
}

/** An account as the warehouse knows it. */
export interface StoredAccount {
  readonly accountKey: number;
  readonly known: KnownWindows;
  /** First day of the series, where the account's currency or time zone changed before it. */
  readonly seriesFrom: Day | undefined;
}

/** What is another at the platform than in the warehouse, in words; undefined where nothing is. */
export const changeOf = (
  before: { readonly currency: string; readonly time_zone: string },
  { currency, timeZone }: Account,
): string | undefined => {
  if (before.currency === noCurrency || currency === noCurrency) return undefined;
  if (before.currency !== currency) return `currency changed from ${before.currency} to ${currency}`;
  return isSameTimeZone(before.time_zone, timeZone)
    ? undefined
    : `time zone changed from ${before.time_zone} to ${timeZone}`;
};

/** Names may hold anything that Postgres can store: only NUL is dropped. */
const storable = (text: string): string => text.replaceAll("\0", "");

/** Writes what is new or another of the account; its key, where anything was. */
const writeAccount = async (
  client: pg.Pool | pg.PoolClient,
  account: Account,
  restatementDays: number,
): Promise<number | undefined> => {
  const { rows } = await client.query<{ account_key: number }>(
    `insert into warehouse.account as account
       (platform, account_id, name, currency, time_zone, status, is_active, restatement_days)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (platform, account_id) where series_to is null do update
     set name = case when $9 then excluded.name else account.name end,
         currency = case when $9 then excluded.currency else account.currency end,
         time_zone = case when $9 then excluded.time_zone else account.time_zone end,
         status = excluded.status, is_active = excluded.is_active,
         restatement_days = excluded.restatement_days
     where ((account.name, account.currency, account.time_zone) is distinct from
            (excluded.name, excluded.currency, excluded.time_zone) and $9)
        or (account.status, account.is_active, account.restatement_days)
           is distinct from (excluded.status, excluded.is_active, excluded.restatement_days)
     returning account_key`,
    [
      account.platform,
      account.id,
      storable(account.name),
      account.currency,
      account.timeZone,
      account.status,
      account.active,
      restatementDays,
      account.currency !== noCurrency,
    ],
  );
  return rows[0]?.account_key;
};

/** Writes a currency that the platform did not say before: the days that the marts hold are made again with it. */
const writeCurrency = (
  pool: pg.Pool,
  accountKey: number,
  account: Account,
  restatementDays: number,
): Promise<number | undefined> =>
  inTransaction(pool, async (client) => {
    await lockAccount(client, "rollup", accountKey);
    await touchStored(client, accountKey);
    await touchAccount(client, account.platform, account.id);
    return writeAccount(client, account, restatementDays);
  });

/** Writes an account that was not known: conversions may name it already. */
const writeNew = (pool: pg.Pool, account: Account, restatementDays: number): Promise<number | undefined> =>
  inTransaction(pool, async (client) => {
    await touchAccount(client, account.platform, account.id);
    return writeAccount(client, account, restatementDays);
  });

const noWindows: KnownWindows = { clickWindowDays: [], viewWindowDays: [] };

/** The conversion windows of each account's actions, as its last sync saw them. */
const windowsOf = async (
  client: pg.Pool | pg.PoolClient,
  accountKeys: readonly number[],
): Promise<ReadonlyMap<number, KnownWindows>> => {
  const { rows } = await client.query<{ account_key: number; click: number[]; view: number[] }>(
    `select account_key, array_remove(array_agg(distinct click_window_days), null) as click,
            array_remove(array_agg(distinct view_window_days), null) as view
     from warehouse.conversion_action where account_key = any ($1) and status <> 'REMOVED'
     group by account_key`,
    [accountKeys],
  );
  return new Map(
    rows.map(({ account_key, click, view }) => [
      account_key,
      { clickWindowDays: click, viewWindowDays: view },
    ]),
  );
};

/** What the warehouse knows of these accounts, by id; nothing of those that are new. */
export const readAccounts = async (
  pool: pg.Pool,
  platform: Platform,
  accountIds: readonly string[],
): Promise<ReadonlyMap<string, AccountBefore>> => {
  const { rows } = await pool.query<Omit<AccountBefore, "windows"> & { readonly account_id: string }>(
    `select account_id, account_key, name, currency, time_zone, status, is_active, restatement_days, series_from
     from warehouse.account where platform = $1 and account_id = any ($2) and series_to is null`,
    [platform, accountIds],
  );
  const windows = await windowsOf(
    pool,
    rows.map(({ account_key }) => account_key),
  );
  return new Map(
    rows.map((row) => [row.account_id, { ...row, windows: windows.get(row.account_key) ?? noWindows }]),
  );
};

/** Whether the account stands in the warehouse as it would be written. */
const isStored = (before: AccountBefore, account: Account, restatementDays: number): boolean =>
  before.status === account.status &&
  before.is_active === account.active &&
  before.restatement_days === restatementDays &&
  (account.currency === noCurrency ||
    (before.name === storable(account.name) &&
      before.currency === account.currency &&
      before.time_zone === account.timeZone));

/**
 * Stores what discovery found about an account, and gives its key. `before`: what `readAccounts` knew of it.
 * @throws Failure of kind `account` where its currency or time zone is not the stored one: the stored days are in
 * the old one, and mixing both would be wrong without anybody noticing.
 */
export const storeAccount = async (
  pool: pg.Pool,
  account: Account,
  restatementDays: (known: KnownWindows) => number,
  before: AccountBefore | undefined,
): Promise<StoredAccount> => {
  const change = before && changeOf(before, account);
  if (change !== undefined)
    throw new Failure({
      kind: "account",
      platform: account.platform,
      accountId: account.id,
      message: `the account's ${change}`,
      remedy: `its stored days stay as they are: \`costper accounts accept ${account.platform} ${account.id}\` closes them and begins a new series, then sync again`,
    });
  const known = before?.windows ?? noWindows;
  const days = restatementDays(known);
  const seriesFrom = before?.series_from ?? undefined;
  if (before && isStored(before, account, days)) return { accountKey: before.account_key, known, seriesFrom };
  const written =
    before === undefined
      ? await writeNew(pool, account, days)
      : before.currency === noCurrency && account.currency !== noCurrency
        ? await writeCurrency(pool, before.account_key, account, days)
        : await writeAccount(pool, account, days);
  // What is stored already is not written again, and then gives no row.
  const accountKey = written ?? before?.account_key;
  if (accountKey !== undefined) return { accountKey, known, seriesFrom };
  // Nor was it there a moment ago: another process has just stored the same.
  const now = await readAccounts(pool, account.platform, [account.id]);
  return storeAccount(pool, account, restatementDays, now.get(account.id));
};

/** The conversion windows of an account's actions. */
export const knownWindows = async (client: pg.PoolClient, accountKey: number): Promise<KnownWindows> =>
  (await windowsOf(client, [accountKey])).get(accountKey) ?? noWindows;

/** Restatement may have become deeper or shallower with what the last entities said. */
export const storeRestatement = async (
  client: pg.PoolClient,
  accountKey: number,
  days: number,
): Promise<void> => {
  const other = await client.query(
    "select from warehouse.account where account_key = $1 and restatement_days <> $2",
    [accountKey, days],
  );
  // In a distributed warehouse even an update of no row makes all other loads wait until this one has ended.
  if (other.rowCount === 0) return;
  await client.query("update warehouse.account set restatement_days = $2 where account_key = $1", [
    accountKey,
    days,
  ]);
};

export { storable };
