import { expect, test } from "vitest";
import type { Account } from "../../src/domain/facts.ts";
import { x } from "../../src/connectors/x/platform.ts";
import { xFaults, xRequests } from "../../sandbox/x/index.ts";
import { failureOf, list } from "../support/streams.ts";
import { startX } from "./support.ts";

const accounts = (connector: { accounts(signal: AbortSignal): AsyncIterable<Account> }) =>
  list(connector.accounts(new AbortController().signal));

const dayMs = 86_400_000;

test("each currency of an account is an account, the first that of its oldest funding instrument, deleted or not", async () => {
  const { open } = await startX();
  expect(
    (await accounts(open())).map(({ id, currency, timeZone, active }) => [id, currency, timeZone, active]),
  ).toEqual([
    ["acc1demo", "USD", "America/Los_Angeles", true],
    ["acc1demo:EUR", "EUR", "America/Los_Angeles", true],
    ["acc2demo", "JPY", "Asia/Tokyo", true],
    ["acc0gone", "USD", "UTC", false],
  ]);
});

test("where an instrument has no created_at its start_time counts", async () => {
  const { open, server } = await startX({ accounts: 1 });
  server.addFault({
    name: "instruments without created_at",
    when: ({ path }) => path.includes("acc1demo/funding_instruments"),
    strike: (exchange) =>
      exchange.json(200, {
        data: [
          { id: "a", currency: "USD", created_at: "2020-05-01T00:00:00Z" },
          { id: "b", currency: "GBP", created_at: null, start_time: "2019-05-01T00:00:00Z", deleted: true },
        ],
        next_cursor: null,
      }),
  });
  expect((await accounts(open())).slice(0, 2).map(({ id, currency }) => [id, currency])).toEqual([
    ["acc1demo", "GBP"],
    ["acc1demo:USD", "USD"],
  ]);
});

test("an account without any funding instrument is inactive and says why", async () => {
  const { open, server } = await startX({ accounts: 1 });
  server.addFault({
    name: "no instruments",
    when: ({ path }) => path.includes("acc1demo/funding_instruments"),
    strike: (exchange) => exchange.json(200, { data: [], next_cursor: null }),
  });
  const [account] = await accounts(open());
  expect(account).toMatchObject({
    active: false,
    currency: "XXX",
    warnings: [expect.stringContaining("no funding instrument")],
  });
});

test("an account out of reach hides no other", async () => {
  const { open, server } = await startX();
  server.addFault(
    xFaults.error(403, "ACCOUNT_NOT_FOUND", { when: ({ path }) => path.includes("acc1demo/") }),
  );
  const found = await accounts(open());
  expect(found.find(({ id }) => id === "acc1demo")?.failure).toMatchObject({ kind: "account" });
  expect(found.find(({ id }) => id === "acc2demo")?.failure).toBeUndefined();
});

test("ten commands within a day ask for the list of accounts once, and the next day again", async () => {
  const { open, asked, clock } = await startX();
  for (let run = 0; run < 10; run += 1) expect(await accounts(open())).toHaveLength(4);
  expect(asked(xRequests.accounts)).toBe(1);
  clock.advance(dayMs + 1);
  await accounts(open());
  expect(asked(xRequests.accounts)).toBe(2);
});

test("the sixth call within 15 minutes is answered from the list of an earlier run, where there is one", async () => {
  const { open, server, clock, logged, asked } = await startX();
  await accounts(open());
  clock.advance(dayMs + 1);
  server.addFault(
    xFaults.error(429, "TOO_MANY_REQUESTS", {
      when: xRequests.accounts,
      times: Infinity,
      headers: { "x-rate-limit-reset": String(Math.ceil(clock.now.getTime() / 1_000) + 600) },
    }),
  );
  expect(await accounts(open())).toHaveLength(4);
  expect(asked(xRequests.accounts)).toBe(1);
  expect(logged.some((line) => line.includes("list of an earlier run"))).toBe(true);
});

test("without an earlier list X's limit of five says until when it holds, and holds up nothing else", async () => {
  const { open, server, clock } = await startX();
  server.addFault(
    xFaults.error(429, "TOO_MANY_REQUESTS", {
      when: xRequests.accounts,
      times: Infinity,
      headers: { "x-rate-limit-reset": String(Math.ceil(clock.now.getTime() / 1_000) + 600) },
    }),
  );
  const failure = await failureOf(accounts(open()));
  expect(failure).toMatchObject({ kind: "busy", platform: "x" });
  expect(failure.message).toMatch(
    /^accounts: .*requests in 15 minutes.*the limit holds until 2026-11-21T20:1/,
  );
  expect(failure.remedy).toMatch(/run the sync again after that time/);
});

test("an account that the settings name and the list lacks is looked for again, after 15 minutes", async () => {
  const { open, asked, clock } = await startX();
  await accounts(open());
  const settings = { accounts: ["acc7new:EUR"] };
  await accounts(open({ settings }));
  expect(asked(xRequests.accounts)).toBe(1);
  clock.advance(16 * 60_000);
  await accounts(open({ settings }));
  await accounts(open({ settings }));
  expect(asked(xRequests.accounts)).toBe(2);
});

test("another token has a list of its own", async () => {
  const { open, memory } = await startX();
  await accounts(open());
  const failure = await failureOf(accounts(open({ settings: { accessToken: "12345678-another" }, memory })));
  expect(failure.kind).toBe("credentials");
});

test("X's own id names all its currencies, an id with a currency that one", () => {
  const { accountId } = x;
  const means = (written: string) =>
    ["acc1demo", "acc1demo:EUR", "acc1demo2"].filter((id) => accountId.names(accountId.bare(written), id));
  expect(means(" acc1demo ")).toEqual(["acc1demo", "acc1demo:EUR"]);
  expect(means("acc1demo:eur")).toEqual(["acc1demo:EUR"]);
  for (const wrong of ["acc-1", "acc1demo:EURO", "acc1demo:", ""])
    expect(accountId.pattern.test(accountId.bare(wrong))).toBe(false);
});
