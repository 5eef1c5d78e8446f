import type pg from "pg";
import type { Day, DayRange } from "../../domain/day.ts";
import type { Failure } from "../../domain/failure.ts";
import { forManyRows } from "../../warehouse/planner.ts";
import { takeTouchedDays, touchedAccounts, touchStored } from "../../warehouse/touched-days.ts";
import { touchFirstPartyDays } from "../../warehouse/touched-first-party.ts";
import { ensurePartitions, inTransaction, lockAccount } from "../../warehouse/transaction.ts";
import { inParts } from "../in-parts.ts";
import { convertedInto, holdConversion } from "../rates/put.ts";
import { noteRates, ratesOf } from "./day-rates.ts";
import { alone, marts, steps } from "./fresh.ts";
import { replaceMarts, stretchOf } from "./replace.ts";
import { type StoredDays, martsAskedFor, storedDays } from "./stored.ts";
import { sumsOf } from "./sums.ts";
import { isTooLarge, unfitDays } from "./unfit.ts";

export interface RollupOptions {
  readonly pool: pg.Pool;
  /** ISO 4217, or null where spend is reported in the accounts' own currencies only. */
  readonly reportingCurrency: string | null;
  readonly signal?: AbortSignal;
  /** Instead of the database's own clock: when past or coming nights are played through. */
  readonly clock?: (() => Date) | undefined;
  /** Told of an account's days whose figures together fit no column: the marts keep what they had of them. */
  readonly onUnfit?: (failure: Failure) => void;
}

const partitioned = [
  ...Object.values(marts).map(({ name }) => `figures.${name}`),
  "marts.cost_per_conversion_history",
];

/** The counted conversions of each network follow the configuration's choice. */
const countNetworkConversions = async (
  client: pg.PoolClient,
  accountKey: number,
  days: readonly string[],
): Promise<void> => {
  await client.query(
    `update warehouse.network_daily n
     set conversions = coalesce(c.conversions, 0), conversion_value = coalesce(c.conversion_value, 0)
     from warehouse.network_daily o
     left join (
       select date, campaign_id, network, sum(conversions) as conversions, sum(conversion_value) as conversion_value
       from warehouse.counted_network_conversion_daily
       where account_key = $1 and date = any ($2::date[]) and traffic = 'paid'
       group by date, campaign_id, network
     ) c using (date, campaign_id, network)
     where o.account_key = $1 and o.date = any ($2::date[])
       and n.account_key = $1 and n.date = any ($2::date[]) and n.date = o.date and n.campaign_id = o.campaign_id and n.network = o.network
       and (n.conversions, n.conversion_value)
           is distinct from (coalesce(c.conversions, 0), coalesce(c.conversion_value, 0))`,
    [accountKey, days],
  );
};

/** The moment of what is written, asked once: no statement on tables by account asks the clock itself. */
const momentOf = async (
  client: pg.PoolClient | pg.Pool,
  { clock }: RollupOptions,
): Promise<Date | string> => {
  if (clock) return clock();
  const { rows } = await client.query<{ now: string }>("select clock_timestamp()::text as now");
  return rows[0]?.now ?? "";
};

/**
 * Makes a window of an account's days again: those that are marked, and those that are asked for whether marked or not.
 */
const rollUpWindow = (
  options: RollupOptions,
  accountKey: number,
  window: DayRange,
  asked: readonly Day[],
): Promise<number> => {
  const work = async (client: pg.PoolClient): Promise<number> => {
    await holdConversion(client, "shared");
    await lockAccount(client, "rollup", accountKey);
    const marked = await takeTouchedDays(client, accountKey, window);
    const days = [...new Set([...marked, ...asked])].sort();
    if (days.length === 0) return 0;
    await countNetworkConversions(client, accountKey, days);
    // That of the last who chose it, so that the marts have one: another process may know another choice.
    const reportingCurrency = await convertedInto(client);
    const scope = {
      client,
      accountKey,
      days,
      reportingCurrency,
      rates: await ratesOf(client, accountKey, days, reportingCurrency),
    };
    await noteRates(scope);
    const now = await momentOf(client, options);
    const stretch = { ...stretchOf(scope), now };
    let written = 0;
    // Each level is the sum of the one below: the order is that of the levels.
    for (const step of steps) {
      const rows = await replaceMarts(stretch, step);
      if (step.marts.includes(marts.daily) && rows > 0) await touchFirstPartyDays(client, days);
      written += rows;
    }
    for (const mart of await martsAskedFor(client, accountKey, days)) {
      await ensurePartitions(client, [`figures.${mart.name}`], days[0] ?? "", days.at(-1) ?? "");
      written += await replaceMarts(stretch, alone(mart));
    }
    for (const [sum, rows] of await sumsOf(scope)) await replaceMarts({ ...rows, now }, alone(sum));
    return written;
  };
  return inTransaction(options.pool, work, options.signal, { settings: forManyRows, repeats: true });
};

/** Makes days again; where some of them do not fit, all others. */
const rollUpDays = async (
  options: RollupOptions,
  { accountKey, days }: StoredDays,
  which: "marked" | "all",
  unfit: Day[],
): Promise<number> => {
  const [from = "", to = ""] = [days[0], days.at(-1)];
  try {
    return await rollUpWindow(options, accountKey, { from, to }, which === "all" ? days : []);
  } catch (error) {
    if (!isTooLarge(error)) throw error;
    if (days.length === 1) {
      unfit.push(from);
      return 0;
    }
    let written = 0;
    const half = Math.ceil(days.length / 2);
    for (const some of [days.slice(0, half), days.slice(half)])
      written += await rollUpDays(options, { accountKey, days: some }, which, unfit);
    return written;
  }
};

const rollUpAccountDays = async (
  options: RollupOptions,
  { accountKey, days }: StoredDays,
  which: "marked" | "all",
): Promise<number> => {
  const unfit: Day[] = [];
  let written = 0;
  for (const part of inParts(days)) {
    options.signal?.throwIfAborted();
    const [from = "", to = ""] = [part[0], part.at(-1)];
    await ensurePartitions(options.pool, partitioned, from, to);
    written += await rollUpDays(options, { accountKey, days: part }, which, unfit);
  }
  if (unfit.length > 0) options.onUnfit?.(await unfitDays(options.pool, accountKey, unfit));
  return written;
};

/** Notes which day it is in each account's zone: finality and projections follow it, and no figure is written for that. */
const noteToday = async (options: RollupOptions, accountKey: number | null): Promise<void> => {
  await options.pool.query(
    `insert into ops.rollup_day as d (account_key, today)
     select account_key, ($1::timestamptz at time zone time_zone)::date
     from warehouse.account where $2::integer is null or account_key = $2
     on conflict (account_key) do update set today = excluded.today where d.today <> excluded.today`,
    [await momentOf(options.pool, options), accountKey],
  );
};

/** Where the reporting currency is another than the marts were made with, every day is due again. Whether it is. */
const noticeReportingCurrency = async ({
  pool,
  reportingCurrency,
  signal,
}: RollupOptions): Promise<boolean> => {
  const chosen = reportingCurrency ?? "";
  const { rowCount } = await pool.query(
    "select from ops.rollup_setting where name = 'reporting_currency' and value = $1",
    [chosen],
  );
  if (rowCount === 1) return false;
  return inTransaction(
    pool,
    async (client) => {
      await holdConversion(client, "alone");
      const changed = await client.query(
        `insert into ops.rollup_setting as s (name, value) values ('reporting_currency', $1)
         on conflict (name) do update set value = excluded.value where s.value <> excluded.value`,
        [chosen],
      );
      if (changed.rowCount === 0) return false;
      const { rows } = await client.query<{ account_key: number }>(
        "select account_key from warehouse.account order by 1",
      );
      for (const { account_key } of rows) await touchStored(client, account_key);
      return true;
    },
    signal,
    { repeats: true },
  );
};

/** Rolls up the days that are marked, of one account or of all. */
const rollUpDue = async (options: RollupOptions, accountKey: number | null): Promise<number> => {
  let touched = await touchedAccounts(options.pool, accountKey);
  // The rollup that ends every sync is about all accounts: an account's own asks nothing more where nothing is marked.
  if (accountKey !== null && touched.length === 0) return 0;
  if (await noticeReportingCurrency(options)) touched = await touchedAccounts(options.pool, accountKey);
  await noteToday(options, accountKey);
  let written = 0;
  for (const account of touched) written += await rollUpAccountDays(options, account, "marked");
  return written;
};

/** Rolls up what is marked of one account. The number of mart rows written. */
export const rollUpAccount = (options: RollupOptions, accountKey: number): Promise<number> =>
  rollUpDue(options, accountKey);

/** Rolls up what is marked of every account. The number of mart rows written. */
export const rollUpTouched = (options: RollupOptions): Promise<number> => rollUpDue(options, null);

/** Rebuilds the marts of a range from the facts, whether or not anything changed. */
export const rebuild = async (
  options: RollupOptions,
  range: { readonly from: string | null; readonly to: string | null },
): Promise<number> => {
  await noteToday(options, null);
  await noticeReportingCurrency(options);
  let written = 0;
  for (const account of await storedDays(options.pool, range.from, range.to))
    written += await rollUpAccountDays(options, account, "all");
  return written;
};
