import { windowsOf } from "../domain/day.ts";
import { asFailure, Failure } from "../domain/failure.ts";
import { type Account, noCurrency } from "../domain/facts.ts";
import type { Platform } from "../domain/platform.ts";
import { isNamed, meanTheSame, namesAccount } from "../connectors/account-ids.ts";
import { wrongClock } from "../connectors/wire/clock.ts";
import { expectDays } from "../warehouse/account-days.ts";
import { readPauses } from "../warehouse/account-pauses.ts";
import { type AccountBefore, readAccounts, storeAccount } from "../warehouse/accounts.ts";
import { closeAccounts, failAccounts, passOver, type PlanFailure } from "./failed-accounts.ts";
import { type AskedAccount, askOf, type RangeOptions, rangesOf } from "./ranges.ts";
import type { Slice } from "./slice.ts";

/** What is to be synced of one platform. */
export interface PlanOptions extends RangeOptions {
  readonly signal: AbortSignal;
  /** Accounts that the configuration names; absent: all that are reached. */
  readonly named: readonly string[] | undefined;
  /** Accounts that the command asks for; absent: all of the above. */
  readonly asked?: readonly string[] | undefined;
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

/** Stores an account and says what is asked of it. @throws Failure where nothing of it can be pulled. */
const askAccount = async (
  options: PlanOptions,
  account: Account,
  before: AccountBefore | undefined,
): Promise<AskedAccount> => {
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
    before,
  );
  return askOf(options, account, stored);
};

/** The slices of each account, newest first: what people look at is there first. */
const slicesOf = async (
  options: PlanOptions,
  asked: readonly AskedAccount[],
): Promise<readonly (readonly Slice[])[]> => {
  const { pool, connector } = options;
  const ranges = await rangesOf(options, asked);
  await expectDays(
    pool,
    [...ranges].flatMap(([accountId, some]) =>
      some.map((range) => ({ platform: connector.platform, accountId, ...range })),
    ),
  );
  return asked.map(({ account, accountKey }) =>
    (ranges.get(account.id) ?? [])
      .flatMap((range) => windowsOf(range, connector.windowDays))
      .reverse()
      .map((window, index) => ({ account, accountKey, withEntities: index === 0, ...window })),
  );
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
  const before = await readAccounts(
    options.pool,
    platform,
    meant.map(({ id }) => id),
  );
  const asked: AskedAccount[] = [];
  for (const account of meant)
    try {
      asked.push(await askAccount(options, account, before.get(account.id)));
    } catch (error) {
      const failure = asFailure(error);
      log.error({ platform, account: account.id, failure: failure.message }, "account is stopped");
      failures.push(...(await failAccounts(options, [account.id], () => failure)));
    }
  return {
    slices: interleave(await slicesOf(options, asked)),
    failures,
    accountIds: [...missing, ...lost, ...meant.map(({ id }) => id), ...passed],
    paused: passed,
  };
};
