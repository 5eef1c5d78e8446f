import type { Connector } from "../../connectors/connector.ts";
import { isNamed, namesAccount } from "../../connectors/account-ids.ts";
import type { Account } from "../../domain/facts.ts";
import type { Platform } from "../../domain/platform.ts";
import { type Check, failed, ok } from "./checks.ts";

const accountWarnings = (platform: Platform, account: Account): Check[] => {
  const messages = [
    ...(account.active ? [] : [`is not active (${account.status}): new figures are not expected of it`]),
    ...(account.warnings ?? []),
  ];
  return messages.map((message) => ({
    check: platform,
    outcome: "warning",
    message: `${account.id} ${account.name}: ${message}`,
    remedy: "",
  }));
};

/** Whether the credentials are taken, and whether they reach the accounts that the config names. */
export async function* checkPlatform(
  platform: Platform,
  named: readonly string[],
  open: () => Promise<Connector>,
  signal: AbortSignal,
): AsyncGenerator<Check> {
  const accounts: Account[] = [];
  try {
    for await (const account of (await open()).accounts(signal)) accounts.push(account);
  } catch (error) {
    signal.throwIfAborted();
    yield failed(platform, error);
    return;
  }
  for (const id of named.filter((name) => !accounts.some(({ id }) => namesAccount(platform, name, id))))
    yield {
      check: platform,
      outcome: "failed",
      message: `account ${id} is not reached by these credentials`,
      remedy: `give the user access to it, or remove it from connectors.${platform}.accounts`,
    };
  if (accounts.length === 0 && named.length === 0)
    yield {
      check: platform,
      outcome: "failed",
      message: "the credentials are taken, but reach no ad account",
      remedy: "give their user access to an ad account",
    };
  for (const { id, failure } of accounts)
    if (failure && (named.length === 0 || isNamed(platform, named, id))) yield failed(platform, failure);
  for (const account of accounts) yield* accountWarnings(platform, account);
  const active = accounts.filter((account) => account.active).length;
  if (accounts.length > 0)
    yield ok(platform, `credentials work; ${String(active)} of ${String(accounts.length)} accounts active`);
}
