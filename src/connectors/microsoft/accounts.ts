import * as z from "zod";
import { type Account, noCurrency } from "../../domain/facts.ts";
import { Failure } from "../../domain/failure.ts";
import { readValue } from "../wire/json.ts";
import { createPageGuard } from "../wire/paging.ts";
import type { Client } from "./client.ts";
import { zoneOf } from "./time-zones.ts";

const id = z.union([z.string().min(1), z.number().int().safe()]).transform(String);
const text = z.string().nullish();

const userShape = z.object({
  User: z.object({ Id: id }),
  CustomerRoles: z.array(z.object({ CustomerId: id, LinkedAccountIds: z.array(id).nullish() })).nullish(),
});

const accountShape = z.object({
  Id: id,
  Name: text,
  ParentCustomerId: id,
  CurrencyCode: text,
  TimeZone: text,
  AccountLifeCycleStatus: text,
  AutoTagType: text,
});
type Found = z.infer<typeof accountShape>;

/** Entries are read one by one, so that a strange one spoils only itself. */
const pageShape = z.object({ Accounts: z.array(z.unknown()).nullish() });

const largestPage = 1_000;

const inUse: ReadonlySet<string> = new Set(["Active", "Pause"]);

const accountOf = (found: Found, viaLink: ReadonlyMap<string, string>): Account => {
  const { Id, Name, CurrencyCode, TimeZone, AccountLifeCycleStatus, AutoTagType } = found;
  const status = AccountLifeCycleStatus ?? "";
  const zone = zoneOf(TimeZone ?? "");
  return {
    platform: "microsoft",
    id: Id,
    name: Name ?? Id,
    currency: CurrencyCode ?? noCurrency,
    timeZone: zone?.iana ?? "UTC",
    status,
    active: status === "" || inUse.has(status),
    // An account that is reached through an agency link is worked from the customer that holds the link.
    via: viaLink.get(Id) ?? found.ParentCustomerId,
    ...(AutoTagType === "Inactive"
      ? { warnings: ["auto-tagging is off: clicks carry no msclkid, so sites cannot tell paid visits by it"] }
      : {}),
    ...(zone
      ? {}
      : {
          failure: new Failure({
            kind: "account",
            platform: "microsoft",
            accountId: Id,
            code: "time_zone",
            message: `Microsoft gives the account the time zone ${JSON.stringify((TimeZone ?? "").slice(0, 80))}, which costper does not know: its days cannot be told`,
            remedy: "upgrade costper; if it is the newest, report the name of the zone",
          }),
        }),
  };
};

/** Every account that the user reaches, page by page. */
export async function* discover(
  client: Client,
  signal: AbortSignal,
  pageSize = largestPage,
): AsyncGenerator<Account> {
  const about = { platform: "microsoft" } as const;
  const user = await client.ask({
    service: "clientCenter",
    path: "User/Query",
    body: { UserId: null },
    signal,
    read: (answer) => readValue(answer, userShape, { ...about, what: "User/Query" }),
  });
  const viaLink = new Map(
    (user.CustomerRoles ?? []).flatMap(({ CustomerId, LinkedAccountIds }) =>
      (LinkedAccountIds ?? []).map((linked) => [linked, CustomerId] as const),
    ),
  );
  const what = "Accounts/Search";
  const guard = createPageGuard({ ...about, what });
  const seen = new Set<string>();
  for (let index = 0; ; index += 1) {
    const page = await client.ask({
      service: "clientCenter",
      path: what,
      body: {
        Predicates: [{ Field: "UserId", Operator: "Equals", Value: user.User.Id }],
        Ordering: [{ Field: "Id", Order: "Ascending" }],
        PageInfo: { Index: index, Size: pageSize },
      },
      signal,
      read: (answer) => readValue(answer, pageShape, { ...about, what }).Accounts ?? [],
    });
    guard.check(page);
    for (const item of page) {
      const account = accountOf(readValue(item, accountShape, { ...about, what }), viaLink);
      if (!seen.has(account.id)) yield account;
      seen.add(account.id);
    }
    if (page.length < pageSize) return;
  }
}
