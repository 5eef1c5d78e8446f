import { expect, test } from "vitest";
import { answers, onPath } from "../../sandbox/faults.ts";
import { type KnownCode, refusal } from "../../sandbox/microsoft/answers.ts";
import { onApi, onPoll, onSubmit } from "../../sandbox/microsoft/faults.ts";
import { microsoftFaults } from "../../sandbox/microsoft/index.ts";
import type { Exchange } from "../../sandbox/server.ts";
import { reportZoneOf, zoneOf } from "../../src/connectors/microsoft/time-zones.ts";
import { isTimeZone } from "../../src/domain/day.ts";
import { accountOf, drain, failureOf, firstAccount, list, pullOf, startMicrosoft } from "./support.ts";

const week = () => pullOf("2026-11-10", "2026-11-16");
const everySignal = new AbortController().signal;

test.each([
  [100, "request", "upgrade costper"],
  [105, "credentials", "check connectors.microsoft.developerToken"],
  [106, "account", "give the user who signed in a role on the account"],
  [109, "credentials", "sign in again"],
  [116, "request", "upgrade costper"],
  [2001, "request", "upgrade costper"],
  [2002, "request", "upgrade costper"],
  [2003, "account", "give the user who signed in a role on the account"],
  [2009, "request", "upgrade costper"],
  [2010, "request", "ask for days of the last 36 months"],
  [2011, "request", "upgrade costper"],
] as const)("takes number %i at Submit for a failure of kind %s", async (code, kind, remedy) => {
  for (const fault of [microsoftFaults.refuses, microsoftFaults.wrapped]) {
    const { open, server } = await startMicrosoft();
    server.addFault(fault(code, { when: onSubmit, times: 99 }));
    const failure = await failureOf(drain(open().totals(week())));
    expect(failure).toMatchObject({
      kind,
      platform: "microsoft",
      code: expect.stringMatching(new RegExp(`/${String(code)}$`)),
    });
    expect(failure.remedy).toContain(remedy);
    expect(failure.accountId).toBe("700000021");
    expect(failure.requestId).toMatch(/^0a1b2c3d/);
  }
});

test.each([0, 2004] as const)("repeats a call that is refused with number %i in passing", async (code) => {
  const { open, server } = await startMicrosoft();
  server.addFault(microsoftFaults.refuses(code, { when: onSubmit, times: 2 }));
  expect(await drain(open().totals(week()))).toHaveLength(7);
});

test("goes by the number and not by the status, reads text for numbers, and looks at every entry", async () => {
  const { open, server } = await startMicrosoft();
  server.addFault(
    answers(
      200 + 300,
      {
        OperationErrors: [
          { Code: 99_999, ErrorCode: "SomethingNew", Message: "who knows" },
          { Code: "2003", ErrorCode: "AccountNotAuthorized", Message: "not permitted" },
        ],
        Type: "ApiFaultDetail",
      },
      { when: onSubmit, times: 99 },
    ),
  );
  const failure = await failureOf(drain(open().totals(week())));
  expect(failure).toMatchObject({ kind: "account", code: "500/2003" });
  expect(failure.message).toBe(
    "GenerateReport/Submit: no permission for this ad account (99999 SomethingNew who knows; 2003 AccountNotAuthorized not permitted)",
  );
});

const refusedWell = (code: KnownCode, when: (exchange: Exchange) => boolean, times: number) =>
  answers(200, refusal(code).body, { when, times });

test("a refusal under a good status is one: a full house is waited for, an ended token renewed", async () => {
  const { open, server } = await startMicrosoft();
  server.addFault(refusedWell(207, onSubmit, 7));
  server.addFault(refusedWell(109, onPoll, 1));
  expect(await drain(open().totals(week()))).toHaveLength(7);
  server.addFault(refusedWell(106, onSubmit, 99));
  expect(await failureOf(drain(open().totals(week())))).toMatchObject({ kind: "account", code: "200/106" });
});

test("a refused search under a good status is no list without accounts", async () => {
  const { open, server } = await startMicrosoft();
  server.addFault(refusedWell(105, onPath("/Accounts/Search"), 99));
  expect(await failureOf(list(open().accounts(everySignal)))).toMatchObject({ kind: "credentials" });
});

test.each([
  [400, "request"],
  [403, "account"],
  [401, "credentials"],
] as const)(
  "judges an unknown refusal with %i by its status, and by one account alone",
  async (status, kind) => {
    const { open, server } = await startMicrosoft();
    server.addFault(answers(status, { what: "is this" }, { when: onSubmit, times: 99 }));
    expect(await failureOf(drain(open().totals(week())))).toMatchObject({ kind, code: String(status) });
  },
);

test("takes number 105 of an account that is not active for a closed account", async () => {
  const { open, server } = await startMicrosoft();
  server.addFault(microsoftFaults.refuses(105, { when: onSubmit, times: 99 }));
  const account = accountOf(0, { active: false, status: "Inactive" });
  const failure = await failureOf(drain(open().totals({ ...week(), account })));
  expect(failure).toMatchObject({
    kind: "account",
    closed: true,
    message: expect.stringContaining("not active"),
  });
});

test("tells no secret that the platform echoes", async () => {
  const { open, server, logged } = await startMicrosoft();
  server.addFault({
    name: "echo",
    when: onApi,
    times: 99,
    strike: (exchange) =>
      exchange.json(400, {
        Errors: [
          {
            Code: 106,
            ErrorCode: "UserIsNotAuthorized",
            Message: `developer ${String(exchange.headers["developertoken"])} ${String(exchange.headers.authorization)}`,
          },
        ],
      }),
  });
  const failure = await failureOf(drain(open().totals(week())));
  for (const text of [failure.message, logged.join("\n")]) {
    expect(text).not.toContain("sandbox-developer-token");
    expect(text).not.toContain("EwB-minted");
  }
  expect(failure.message).toContain("[secret]");
});

test("finds all accounts, page by page, with the customer through which each is reached", async () => {
  const { open, exchanges } = await startMicrosoft({ accounts: 7, campaigns: 1 });
  const accounts = await list(open({ pageSize: 3 }).accounts(everySignal));
  expect(accounts).toHaveLength(9);
  const sizes = exchanges
    .filter(({ path }) => path.endsWith("/Search"))
    .map(({ body }) => (JSON.parse(body) as { PageInfo: unknown }).PageInfo);
  expect(sizes).toEqual([0, 1, 2, 3].map((Index) => ({ Index, Size: 3 })));
  expect(accounts.map(({ via }) => via).filter((via) => via === "500000022")).toHaveLength(1);
  expect(accounts.find(({ active }) => !active)).toMatchObject({ status: "Inactive", name: "Old shop" });
  expect(accounts.find(({ warnings }) => warnings !== undefined)?.warnings).toEqual([
    "auto-tagging is off: clicks carry no msclkid, so sites cannot tell paid visits by it",
  ]);
});

test("says loudly that it does not know a time zone, of that account alone", async () => {
  const { open, server } = await startMicrosoft();
  server.addFault({
    name: "unknown zone",
    when: ({ path }) => path.endsWith("/Search"),
    strike: (exchange) =>
      exchange.json(200, {
        Accounts: [
          {
            Id: 700000021,
            ParentCustomerId: "500000011",
            CurrencyCode: "USD",
            TimeZone: "Atlantis",
            AccountLifeCycleStatus: "Active",
          },
          {
            Id: "700000022",
            ParentCustomerId: "500000011",
            CurrencyCode: "EUR",
            TimeZone: "Perth",
            AccountLifeCycleStatus: "Active",
          },
        ],
      }),
  });
  const [strange, other] = await list(open().accounts(everySignal));
  expect(strange).toMatchObject({ id: "700000021", failure: { kind: "account", code: "time_zone" } });
  expect(strange?.failure?.message).toContain('the time zone "Atlantis", which costper does not know');
  expect(other).toMatchObject({ id: "700000022", timeZone: "Australia/Perth" });
  expect(other?.failure).toBeUndefined();
});

test("asks discovery for the customer of an account that came without one", async () => {
  const { open, exchanges } = await startMicrosoft();
  const { via: _, ...account } = firstAccount;
  const connector = open();
  expect(await drain(connector.totals({ ...week(), account }))).toHaveLength(7);
  expect(await drain(connector.totals({ ...week(), account }))).toHaveLength(7);
  expect(exchanges.filter(({ path }) => path.endsWith("/User/Query"))).toHaveLength(1);
  const unreached = await failureOf(drain(connector.totals({ ...week(), account: { ...account, id: "1" } })));
  expect(unreached).toMatchObject({ kind: "account", accountId: "1" });
});

test("every zone of the table is one that the calendar knows, and leads back to its report", () => {
  for (const zone of ["AbuDhabiMuscat", "InternationalDateLineWest", "Kathmandu", "Greenland", "Rangoon"]) {
    const known = zoneOf(zone);
    expect(isTimeZone(known?.iana ?? "")).toBe(true);
    expect(reportZoneOf(known?.iana ?? "")).toBe(known?.report);
  }
});
