import { createHash } from "node:crypto";
import * as z from "zod";
import { isTimeZone } from "../../domain/day.ts";
import { type Account, noCurrency } from "../../domain/facts.ts";
import { asFailure, Failure } from "../../domain/failure.ts";
import type { ConnectorContext, Memory } from "../connector.ts";
import { jsonOrUndefined } from "../wire/json.ts";
import { accountPart } from "./account-parts.ts";
import type { Ask } from "./client.ts";
import { hasReason, reasons } from "./failures.ts";
import { currenciesOf, type Fundings } from "./fundings.ts";
import { pagesOf } from "./paging.ts";
import type { XSettings } from "./settings.ts";

const accountShape = z.object({
  id: z.string().min(1),
  name: z.string().nullish(),
  timezone: z.string().nullish(),
  approval_status: z.string().nullish(),
  deleted: z.boolean().nullish(),
});
type XAccount = z.infer<typeof accountShape>;

const keptShape = z.object({ at: z.number(), accounts: z.array(accountShape) });
type Kept = z.infer<typeof keptShape>;

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** Of five requests in 15 minutes; an older list is also better than none. */
const worthKeepingMs = 7 * dayMs;
/** How soon a list is asked for again that lacks an account which the settings name. */
const lackingMs = 15 * minuteMs;

interface Options {
  readonly ask: Ask;
  readonly settings: XSettings;
  readonly context: ConnectorContext;
  readonly memory: Memory;
  readonly fundings: Fundings;
}

/** The list belongs to one user of one application at one place. */
const keyOf = ({ consumerKey, accessToken, endpoints }: XSettings): string =>
  `x:accounts:${createHash("sha256")
    .update([consumerKey, accessToken, endpoints.api].join("\n"))
    .digest("hex")
    .slice(0, 32)}`;

/** The list of accounts: X gives it five times in 15 minutes, so that it is asked for once a day. */
const listOf = async ({ ask, settings, context, memory }: Options, signal: AbortSignal) => {
  const key = keyOf(settings);
  const now = context.now().getTime();
  const text = await memory.recall(key);
  const kept = text === undefined ? undefined : keptShape.safeParse(jsonOrUndefined(text)).data;
  const lacks = ({ accounts }: Kept): boolean =>
    (settings.accounts ?? []).some((named) => !accounts.some(({ id }) => id === accountPart(named).ownId));
  const ageMs = kept === undefined ? Infinity : Math.abs(now - kept.at);
  if (kept && ageMs < (lacks(kept) ? lackingMs : dayMs)) return kept.accounts;
  const call = { path: ["accounts"], name: "accounts", accountId: null, lane: "list of accounts", signal };
  try {
    const accounts: XAccount[] = [];
    // With a list at hand nobody waits for the limit.
    const wait = kept ? { longestWaitMs: 0 } : {};
    for await (const page of pagesOf(ask, { ...call, ...wait }, accountShape)) accounts.push(...page);
    if (accounts.length > 0)
      await memory.keep(key, JSON.stringify({ at: now, accounts } satisfies Kept), worthKeepingMs);
    return accounts;
  } catch (error) {
    if (!kept || !hasReason(error, reasons.throttled)) throw error;
    context.log.warn(
      { platform: "x", listed: new Date(kept.at) },
      "X's limit of requests for the list of accounts is reached: the list of an earlier run is used",
    );
    return kept.accounts;
  }
};

const statusOf = ({ deleted, approval_status }: XAccount): string =>
  deleted === true ? "DELETED" : (approval_status ?? "");

/** What X says of an account, by currency: the oldest first. */
const partsOf = async (
  { fundings }: Options,
  found: XAccount,
  signal: AbortSignal,
): Promise<readonly Account[]> => {
  const status = statusOf(found);
  const zone = found.timezone ?? "";
  const zoneFailure = isTimeZone(zone)
    ? undefined
    : new Failure({
        kind: "data",
        platform: "x",
        accountId: found.id,
        message: `accounts: ${JSON.stringify(zone).slice(0, 40)} is no time zone`,
        remedy: "nothing of the account was fetched; report it to costper",
      });
  const account: Account = {
    platform: "x",
    id: found.id,
    name: (found.name ?? "").replaceAll("\0", ""),
    currency: noCurrency,
    timeZone: zoneFailure ? "UTC" : zone,
    status,
    active: status === "ACCEPTED" || status === "",
  };
  if (zoneFailure) return [{ ...account, failure: zoneFailure }];
  try {
    const [currency, ...further] = currenciesOf(await fundings(found.id, signal));
    if (currency === undefined)
      return [
        {
          ...account,
          active: false,
          warnings: ["has no funding instrument: nothing can have been spent"],
        },
      ];
    return [
      { ...account, currency },
      ...further.map((other) => ({ ...account, id: `${found.id}:${other}`, currency: other })),
    ];
  } catch (error) {
    const failure = asFailure(error);
    // One account out of reach must not hide the others.
    if (failure.kind !== "account") throw failure;
    return [{ ...account, failure }];
  }
};

/** Asked for side by side; the application's own slots bound it. */
const atOnce = 8;

export async function* readAccounts(options: Options, signal: AbortSignal): AsyncGenerator<Account> {
  const listed = await listOf(options, signal);
  for (let start = 0; start < listed.length; start += atOnce) {
    const some = listed.slice(start, start + atOnce);
    for (const parts of await Promise.all(some.map((found) => partsOf(options, found, signal)))) yield* parts;
  }
}
