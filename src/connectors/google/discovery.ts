import type { Logger } from "pino";
import { isTimeZone } from "../../domain/day.ts";
import { type Account, noCurrency } from "../../domain/facts.ts";
import { asFailure, type Failure } from "../../domain/failure.ts";
import type { GoogleClient } from "./client.ts";
import { idOf, textOf } from "./normalize.ts";
import { clientsQuery, customerQuery } from "./queries.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Google says that the account is closed rather than forbidden. */
const isNotEnabled = (failure: Failure | undefined): boolean => failure?.reason === "not_enabled";

/** Same fields in `customer_client` and `customer`. Undefined for managers, which have no figures of their own. */
const accountOf = (fields: Fields, root: string): Account | undefined => {
  if (fields["manager"] === true) return undefined;
  const id = idOf(fields["id"], "customer.id");
  const status = textOf(fields["status"], "UNKNOWN");
  const zone = textOf(fields["timeZone"], "UTC");
  return {
    platform: "google",
    id,
    name: textOf(fields["descriptiveName"], id),
    currency: textOf(fields["currencyCode"], noCurrency),
    timeZone: isTimeZone(zone) ? zone : "UTC",
    status,
    active: !["CANCELED", "SUSPENDED", "CLOSED"].includes(status),
    ...(id === root ? {} : { via: root }),
    ...(fields["autoTaggingEnabled"] === false
      ? { warnings: ["auto-tagging is off: clicks carry no gclid, so sites cannot tell paid visits by it"] }
      : {}),
  };
};

/** A root that is closed or refuses tells nothing of itself but its id. */
const unreadAccount = (id: string, failure: Failure): Account => ({
  platform: "google",
  id,
  name: id,
  currency: noCurrency,
  timeZone: "UTC",
  ...(isNotEnabled(failure)
    ? { status: "NOT_ENABLED", active: false }
    : { status: "UNKNOWN", active: true, failure }),
});

interface Root {
  readonly id: string;
  readonly accounts: readonly Account[];
  readonly failure?: Failure;
}

/** Every account that the credentials reach, once, through the first root that works. */
export const discover = async function* (
  client: GoogleClient,
  log: Logger,
  loginCustomerId: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<Account> {
  const collect = async (name: string, gaql: string, root: string, login?: string): Promise<Fields[]> => {
    const rows: Fields[] = [];
    const query = { name, gaql, customerId: root, loginCustomerId: login, signal, whole: true };
    for await (const batch of client.rows(query)) rows.push(...(batch as Fields[]));
    return rows;
  };

  const itself = async (root: string): Promise<Account[]> =>
    (await collect("account", customerQuery, root)).flatMap(
      (row) => accountOf((row["customer"] ?? {}) as Fields, root) ?? [],
    );

  const explore = async (root: string): Promise<Account[]> => {
    let rows: Fields[];
    try {
      rows = await collect("client accounts", clientsQuery, root, root);
    } catch (error) {
      const failure = asFailure(error);
      if (failure.kind !== "account" || isNotEnabled(failure)) throw failure;
      // An account that is no manager may refuse to be named as one.
      return itself(root);
    }
    if (rows.length === 0) return itself(root);
    return rows.flatMap((row) => accountOf((row["customerClient"] ?? {}) as Fields, root) ?? []);
  };

  const tryRoot = async (id: string): Promise<Root> => {
    try {
      return { id, accounts: await explore(id) };
    } catch (error) {
      const failure = asFailure(error);
      // What stops the whole platform stops the discovery; what concerns one root leaves the others alone.
      if (failure.scope === "platform" || failure.kind === "cancelled") throw failure;
      log.warn(
        { account: id, kind: failure.kind, code: failure.code, requestId: failure.requestId },
        "an account or manager cannot be explored; the others are",
      );
      return { id, accounts: [], failure };
    }
  };

  const direct = await client.accessibleCustomers(signal);
  const ids = new Set([...direct, ...(loginCustomerId === undefined ? [] : [loginCustomerId])]);
  const roots = await Promise.all([...ids].map(tryRoot));

  const seen = new Set<string>();
  for (const { accounts } of roots)
    for (const account of accounts)
      if (!seen.has(account.id)) {
        seen.add(account.id);
        yield account;
      }
  const failed = roots.find(({ failure }) => failure !== undefined)?.failure;
  const unread = roots.filter(({ id, failure }) => failure !== undefined && !seen.has(id));
  if (seen.size === 0 && failed && unread.every(({ failure }) => !isNotEnabled(failure))) throw failed;
  for (const { id, failure } of unread) if (failure) yield unreadAccount(id, failure);
};
