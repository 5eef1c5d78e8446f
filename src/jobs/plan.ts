import type pg from "pg";
import type { Logger } from "pino";
import type { Connector, KnownWindows } from "../connectors/connector.ts";
import {
  addDays,
  addMonths,
  type Day,
  type DayRange,
  dayAt,
  earlierDay,
  laterDay,
  windowsOf,
} from "../domain/day.ts";
import { asFailure, Failure } from "../domain/failure.ts";
import type { Account } from "../domain/facts.ts";
import type { Platform } from "../domain/platform.ts";
import { expectDays, markDays } from "../warehouse/account-days.ts";
import { storeAccount } from "../warehouse/accounts.ts";
import type { Slice } from "./slice.ts";

/** What is to be synced of one platform. */
export interface PlanOptions {
  readonly pool: pg.Pool;
  readonly connector: Connector;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly now: Date;
  /** Accounts that the configuration names; absent: all that are reached. */
  readonly named: readonly string[] | undefined;
  /** Accounts that the command asks for; absent: all of the above. */
  readonly asked?: readonly string[] | undefined;
  /** Open ends are filled with the lookback and with yesterday. */
  readonly range: { readonly from?: Day | undefined; readonly to?: Day | undefined };
  /** In place of the platform's own restatement window. */
  readonly lookbackDays: number | undefined;
}

/** An account that cannot be synced at all. */
export interface PlanFailure {
  readonly platform: Platform;
  readonly accountId: string;
  readonly failure: Failure;
}

export interface Plan {
  readonly slices: readonly Slice[];
  readonly failures: readonly PlanFailure[];
}

/** A little inside the platform's limit, so that its clock and ours may differ. */
const firstAnswerableDay = (connector: Connector, today: Day): Day =>
  addDays(addMonths(today, -connector.historyMonths), 3);

/** Days that were asked for once and have no good figures: they are asked for again without being named. */
const gapsOf = async (pool: pg.Pool, account: Account, range: DayRange): Promise<readonly DayRange[]> => {
  const { rows } = await pool.query<{ from: Day; to: Day }>(
    `select min(date) as from, max(date) as to
     from (select date, date - (row_number() over (order by date))::integer as island
           from ops.account_day
           where platform = $1 and account_id = $2 and state in ('not_fetched', 'failed')
             and date < $3 and date <= $4) gaps
     group by island order by 1`,
    [account.platform, account.id, range.from, range.to],
  );
  return rows;
};

/** Whether the deeper, weekly look back is due: no slice has reached that far for a week. */
const deepPullIsDue = async (pool: pg.Pool, account: Account, from: Day): Promise<boolean> => {
  const { rows } = await pool.query(
    `select from ops.slice
     where platform = $1 and account_id = $2 and outcome = 'done' and from_date <= $3::date + 7
       and started_at > now() - interval '6 days 12 hours'
     limit 1`,
    [account.platform, account.id, from],
  );
  return rows.length === 0;
};

const rangesOf = async (
  options: PlanOptions,
  account: Account,
  known: KnownWindows,
): Promise<readonly DayRange[]> => {
  const { connector, pool, range } = options;
  const today = dayAt(options.now, account.timeZone);
  const oldest = firstAnswerableDay(connector, today);
  const clamp = ({ from, to }: DayRange): DayRange => ({
    from: laterDay(from, oldest),
    to: earlierDay(to, today),
  });
  const to = range.to ?? addDays(today, -1);
  const { nightlyDays, finalAfterDays } = connector.restatement(known);
  const nightly = addDays(to, 1 - (options.lookbackDays ?? nightlyDays));
  if (range.from !== undefined || range.to !== undefined)
    return [clamp({ from: range.from ?? nightly, to })].filter((window) => window.from <= window.to);
  const deep = addDays(to, 1 - finalAfterDays);
  const goesDeep =
    options.lookbackDays === undefined && deep < nightly && (await deepPullIsDue(pool, account, deep));
  const main = { from: goesDeep ? deep : nightly, to };
  return [...(await gapsOf(pool, account, main)), main]
    .map(clamp)
    .filter((window) => window.from <= window.to);
};

/** Days that the command asks of an account that discovery did not find, by the clock of Greenwich. */
const rangeUnseen = (options: PlanOptions): DayRange => {
  const to = options.range.to ?? addDays(dayAt(options.now, "UTC"), -1);
  const depth =
    options.lookbackDays ??
    options.connector.restatement({ clickWindowDays: [], viewWindowDays: [] }).nightlyDays;
  return { from: options.range.from ?? addDays(to, 1 - depth), to };
};

const discover = async (options: PlanOptions): Promise<readonly Account[]> => {
  const accounts = new Map<string, Account>();
  for await (const account of options.connector.accounts(options.signal))
    if (!accounts.has(account.id)) accounts.set(account.id, account);
  return [...accounts.values()];
};

/** Accounts of the platform that earlier syncs knew. */
const knownAccounts = async ({ pool, connector }: PlanOptions): Promise<readonly string[]> => {
  const { rows } = await pool.query<{ account_id: string }>(
    "select account_id from warehouse.account where platform = $1 order by account_id",
    [connector.platform],
  );
  return rows.map(({ account_id }) => account_id);
};

const wanted = ({ named, asked }: PlanOptions, accountId: string): boolean =>
  (named === undefined || named.includes(accountId)) && (asked === undefined || asked.includes(accountId));

const planAccount = async (options: PlanOptions, account: Account): Promise<readonly Slice[]> => {
  const { pool, connector, log } = options;
  if (!account.active)
    log.warn(
      { platform: account.platform, account: account.id, status: account.status },
      "account is not active",
    );
  for (const warning of account.warnings ?? [])
    log.warn({ platform: account.platform, account: account.id }, warning);
  const { accountKey, known } = await storeAccount(
    pool,
    account,
    (windows) => connector.restatement(windows).finalAfterDays,
  );
  const ranges = await rangesOf(options, account, known);
  for (const range of ranges)
    await expectDays(pool, { platform: account.platform, accountId: account.id, ...range });
  // Newest first: what people look at is there first.
  const windows = ranges.flatMap((range) => windowsOf(range, connector.windowDays)).reverse();
  return windows.map((window, index) => ({ account, accountKey, withEntities: index === 0, ...window }));
};

/** Accounts that nothing can be pulled of, each with why; their days stand as failed, never as zero. */
const failAccounts = async (
  options: PlanOptions,
  accountIds: readonly string[],
  failureOf: (accountId: string) => Failure,
): Promise<readonly PlanFailure[]> => {
  const { platform } = options.connector;
  const range = rangeUnseen(options);
  const failures: PlanFailure[] = [];
  for (const accountId of accountIds) {
    const failure = failureOf(accountId);
    await expectDays(options.pool, { platform, accountId, ...range });
    await markDays(options.pool, { platform, accountId, ...range }, "failed", failure.message);
    failures.push({ platform, accountId, failure });
  }
  return failures;
};

/** The windows interleaved over accounts, so that a big account does not hold back small ones. */
const interleave = (perAccount: readonly (readonly Slice[])[]): readonly Slice[] => {
  const longest = Math.max(0, ...perAccount.map(({ length }) => length));
  return Array.from({ length: longest }, (_, index) =>
    perAccount.flatMap((slices) => slices[index] ?? []),
  ).flat();
};

/** Finds the accounts and cuts what is asked of them into slices. Throws only when the signal aborts. */
export const planPlatform = async (options: PlanOptions): Promise<Plan> => {
  const { connector, named, log } = options;
  const { platform } = connector;
  let found: readonly Account[];
  try {
    found = await discover(options);
  } catch (error) {
    options.signal.throwIfAborted();
    const failure = asFailure(error);
    log.error({ platform, kind: failure.kind, failure: failure.message }, "accounts cannot be discovered");
    const ids = (named ?? (await knownAccounts(options))).filter((id) => wanted(options, id));
    const failures = await failAccounts(options, ids, () => failure);
    return { slices: [], failures: failures.length > 0 ? failures : [{ platform, accountId: "", failure }] };
  }
  const foundIds = new Set(found.map(({ id }) => id));
  const missing = (named ?? []).filter((id) => !foundIds.has(id) && wanted(options, id));
  const failures: PlanFailure[] = [
    ...(await failAccounts(
      options,
      missing,
      (accountId) =>
        new Failure({
          kind: "account",
          platform,
          accountId,
          message: "the credentials do not reach this account",
          remedy: `give them access to it, or take it out of connectors.${platform}.accounts`,
        }),
    )),
  ];
  for (const id of await knownAccounts(options))
    if (!foundIds.has(id) && !missing.includes(id) && wanted(options, id)) {
      log.warn(
        { platform, account: id },
        "account is no longer found: its history is kept, its days are missing",
      );
      await expectDays(options.pool, { platform, accountId: id, ...rangeUnseen(options) });
    }
  const perAccount: (readonly Slice[])[] = [];
  for (const account of found.filter(({ id }) => wanted(options, id)))
    try {
      perAccount.push(await planAccount(options, account));
    } catch (error) {
      const failure = asFailure(error);
      log.error({ platform, account: account.id, failure: failure.message }, "account is stopped");
      failures.push(...(await failAccounts(options, [account.id], () => failure)));
    }
  return { slices: interleave(perAccount), failures };
};
