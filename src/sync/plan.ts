import type pg from "pg";
import type { Logger } from "pino";
import type { Connector } from "../connectors/connector.ts";
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
import { type Account, noCurrency } from "../domain/facts.ts";
import type { Platform } from "../domain/platform.ts";
import { isNamed, meanTheSame, namesAccount } from "../connectors/account-ids.ts";
import { wrongClock } from "../connectors/wire/clock.ts";
import { expectDays } from "../warehouse/account-days.ts";
import { readPauses } from "../warehouse/account-pauses.ts";
import { storeAccount, type StoredAccount } from "../warehouse/accounts.ts";
import { closeAccounts, failAccounts, passOver, type PlanFailure } from "./failed-accounts.ts";
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

export interface Plan {
  readonly slices: readonly Slice[];
  readonly failures: readonly PlanFailure[];
  /** Bare ids of the accounts that are meant, whether or not there is anything to pull of them. */
  readonly accountIds: readonly string[];
  /** Those of them that a person paused: nothing is pulled of them, and that is no failure. */
  readonly paused: readonly string[];
}

export type { PlanFailure } from "./failed-accounts.ts";

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

/**
 * Whether the deeper, weekly look back is due: no slice has reached that far for a week. Slices of a run that was cut
 * off do not count, so that the run that continues it plans the same.
 */
const deepPullIsDue = async (pool: pg.Pool, account: Account, from: Day): Promise<boolean> => {
  const { rows } = await pool.query(
    `select from ops.slice s
     left join ops.run r using (run_id)
     where s.platform = $1 and s.account_id = $2 and s.outcome = 'done' and s.from_date <= $3::date + 7
       and s.started_at > now() - interval '6 days 12 hours'
       and (s.run_id is null or r.outcome in ('done', 'failed'))
     limit 1`,
    [account.platform, account.id, from],
  );
  return rows.length === 0;
};

const rangesOf = async (
  options: PlanOptions,
  account: Account,
  { known, seriesFrom }: StoredAccount,
): Promise<readonly DayRange[]> => {
  const { connector, pool, range } = options;
  const today = dayAt(options.now, account.timeZone);
  const answerable = firstAnswerableDay(connector, today);
  const oldest = laterDay(answerable, seriesFrom ?? answerable);
  const clamp = ({ from, to }: DayRange): DayRange => ({
    from: laterDay(from, oldest),
    to: earlierDay(to, today),
  });
  const yesterday = addDays(today, -1);
  // A range that begins today includes today.
  const to = range.to ?? (range.from !== undefined && range.from > yesterday ? today : yesterday);
  if (range.from !== undefined && seriesFrom !== undefined && range.from < seriesFrom)
    options.log.warn(
      { platform: account.platform, account: account.id, from: range.from, seriesFrom },
      "before that day the account had another currency or time zone: those days stay as they are",
    );
  if (range.from !== undefined && range.from < answerable)
    options.log.warn(
      { platform: account.platform, account: account.id, from: range.from, oldest: answerable },
      "the platform keeps no daily figures that old: earlier days are left out",
    );
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

const discover = async (options: PlanOptions): Promise<readonly Account[]> => {
  const accounts = new Map<string, Account>();
  for await (const account of options.connector.accounts(options.signal))
    if (!accounts.has(account.id)) accounts.set(account.id, account);
  const wrong = wrongClock(options.connector.platform);
  if (wrong) throw wrong;
  return [...accounts.values()];
};

/** Accounts of the platform that earlier syncs knew, and not as closed. */
const knownAccounts = async ({
  pool,
  connector,
}: PlanOptions): Promise<readonly { readonly id: string; readonly active: boolean }[]> => {
  const { rows } = await pool.query<{ id: string; active: boolean }>(
    "select account_id as id, is_active as active from warehouse.account where platform = $1 and series_to is null order by account_id",
    [connector.platform],
  );
  return rows;
};

const wanted = ({ connector, named, asked }: PlanOptions, accountId: string): boolean =>
  [named, asked].every((ids) => ids === undefined || isNamed(connector.platform, ids, accountId));

const currencies = new Set(Intl.supportedValuesOf("currency"));

/** @throws Failure of kind `data`: amounts in a currency that nobody knows could be added to no others. */
const checkCurrency = ({ platform, id, currency, active }: Account): void => {
  // A platform may not even report the currency of a closed account.
  if (currency === noCurrency ? !active : currencies.has(currency)) return;
  throw new Failure({
    kind: "data",
    platform,
    accountId: id,
    message: `the account's currency is no ISO 4217 code: ${JSON.stringify(currency).slice(0, 20)}`,
    remedy:
      "check the account's settings at the platform, or report it to costper; nothing was fetched from it",
  });
};

const planAccount = async (options: PlanOptions, account: Account): Promise<readonly Slice[]> => {
  const { pool, connector, log } = options;
  if (account.failure) throw account.failure;
  checkCurrency(account);
  if (!account.active)
    log.warn(
      { platform: account.platform, account: account.id, status: account.status },
      "account is not active",
    );
  for (const warning of account.warnings ?? [])
    log.warn({ platform: account.platform, account: account.id }, warning);
  const stored = await storeAccount(
    pool,
    account,
    (windows) => connector.restatement(windows).finalAfterDays,
  );
  const { accountKey } = stored;
  const ranges = await rangesOf(options, account, stored);
  for (const range of ranges)
    await expectDays(pool, { platform: account.platform, accountId: account.id, ...range });
  // Newest first: what people look at is there first.
  const windows = ranges.flatMap((range) => windowsOf(range, connector.windowDays)).reverse();
  return windows.map((window, index) => ({ account, accountKey, withEntities: index === 0, ...window }));
};

/** The windows interleaved over accounts, so that a big account does not hold back small ones. */
const interleave = (perAccount: readonly (readonly Slice[])[]): readonly Slice[] => {
  const longest = Math.max(0, ...perAccount.map(({ length }) => length));
  return Array.from({ length: longest }, (_, index) =>
    perAccount.flatMap((slices) => slices[index] ?? []),
  ).flat();
};

/** Whether nothing that is asked for can belong to the platform, since the configuration names its accounts. */
const concernsNothing = ({ connector, named, asked }: PlanOptions): boolean =>
  named !== undefined &&
  asked !== undefined &&
  !asked.some((id) => named.some((other) => meanTheSame(connector.platform, id, other)));

const notReached =
  (platform: Platform, verb: string) =>
  (accountId: string): Failure =>
    new Failure({
      kind: "account",
      platform,
      accountId,
      message: `the credentials ${verb} this account`,
      remedy: `give them access to it, or leave it out of connectors.${platform}.accounts`,
    });

/** Finds the accounts and cuts what is asked of them into slices. Throws only when the signal aborts. */
export const planPlatform = async (options: PlanOptions): Promise<Plan> => {
  const { connector, named, log } = options;
  const { platform } = connector;
  if (concernsNothing(options)) return { slices: [], failures: [], accountIds: [], paused: [] };
  const pauses = await readPauses(options.pool, platform);
  const passed = [...pauses.keys()].filter((id) => wanted(options, id));
  await passOver(options, passed);
  for (const id of passed) log.info({ platform, account: id }, "account is paused: nothing is pulled");
  const known = await knownAccounts(options);
  const partsOf = (written: string): readonly string[] => {
    const parts = known.map(({ id }) => id).filter((id) => namesAccount(platform, written, id));
    return parts.length > 0 ? parts : [written];
  };
  const isPaused = (written: string): boolean => partsOf(written).every((id) => pauses.has(id));
  if (named !== undefined && named.length > 0 && named.every(isPaused))
    return { slices: [], failures: [], accountIds: passed, paused: passed };
  let found: readonly Account[];
  try {
    found = await discover(options);
  } catch (error) {
    options.signal.throwIfAborted();
    // A clock that is wrong has other failures follow it; of its days none is noted.
    const wrong = wrongClock(platform);
    if (wrong) {
      log.error({ platform, failure: wrong.message }, "nothing is planned");
      const failures = [{ platform, accountId: "", failure: wrong }];
      return { slices: [], failures, accountIds: passed, paused: passed };
    }
    const failure = asFailure(error);
    log.error({ platform, kind: failure.kind, failure: failure.message }, "accounts cannot be discovered");
    const expected = named?.flatMap(partsOf) ?? known.filter(({ active }) => active).map(({ id }) => id);
    const asked = [...new Set(expected)].filter((id) => wanted(options, id));
    const ids = asked.filter((id) => !pauses.has(id));
    const failures = await failAccounts(options, ids, () => failure);
    const allPaused = asked.length > 0 && ids.length === 0;
    return {
      slices: [],
      failures: failures.length > 0 || allPaused ? failures : [{ platform, accountId: "", failure }],
      accountIds: [...ids, ...passed],
      paused: passed,
    };
  }
  if (found.length === 0) log.warn({ platform }, "the credentials are taken, but reach no ad account");
  const meant = found.filter(({ id }) => wanted(options, id) && !pauses.has(id));
  const foundIds = new Set(found.map(({ id }) => id));
  const missing = (named ?? []).filter(
    (written) =>
      !found.some(({ id }) => namesAccount(platform, written, id)) &&
      wanted(options, written) &&
      !isPaused(written),
  );
  const gone = known.filter(
    ({ id }) => !foundIds.has(id) && !missing.includes(id) && wanted(options, id) && !pauses.has(id),
  );
  const lost = gone.filter(({ active }) => active).map(({ id }) => id);
  await closeAccounts(
    options,
    gone.filter(({ active }) => !active).map(({ id }) => id),
  );
  const failures: PlanFailure[] = [
    ...(await failAccounts(options, missing, notReached(platform, "do not reach"))),
    ...(await failAccounts(options, lost, notReached(platform, "no longer reach"), "not_fetched")),
  ];
  const perAccount: (readonly Slice[])[] = [];
  for (const account of meant)
    try {
      perAccount.push(await planAccount(options, account));
    } catch (error) {
      const failure = asFailure(error);
      log.error({ platform, account: account.id, failure: failure.message }, "account is stopped");
      failures.push(...(await failAccounts(options, [account.id], () => failure)));
    }
  return {
    slices: interleave(perAccount),
    failures,
    accountIds: [...missing, ...lost, ...meant.map(({ id }) => id), ...passed],
    paused: passed,
  };
};
