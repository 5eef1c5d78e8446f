import { describe, expect, test } from "vitest";
import { connectionReset, htmlPage, truncatedJson } from "../../sandbox/faults.ts";
import { clientAccountId, directAccountId, googleFaults, onQuery } from "../../sandbox/google/index.ts";
import { linkedinFaults } from "../../sandbox/linkedin/index.ts";
import { metaFaults } from "../../sandbox/meta/index.ts";
import type { Fault } from "../../sandbox/server.ts";
import type { SandboxName } from "../../sandbox/platforms.ts";
import { accountStatus } from "../../src/warehouse/status.ts";
import { openWorld, rowVersions, type World, type WorldOptions } from "./support.ts";

const day = { from: "2026-09-15", to: "2026-09-15" };
const everywhere = { times: Infinity, when: () => true };

const spendOf = async ({ query }: World): Promise<string> =>
  JSON.stringify(
    await query(
      "select platform, account_id, sum(spend), sum(conversions) from marts.cost_per_conversion_daily group by 1, 2 order by 1, 2",
    ),
  );

/** Lines that name an account: `platform id: what: what to do`. */
const wellFormed = /^(google|meta|linkedin)( \d+)?: .{10,}: .{10,}$/s;

describe("what stops one platform, and no other", () => {
  const cases: readonly (readonly [string, SandboxName, (world: World) => Fault, RegExp])[] = [
    ["a revoked Google token", "google", () => googleFaults.invalidGrant(everywhere), /refresh ?token/i],
    ["a wrong client secret", "google", () => wrongSecret, /client/i],
    [
      "a sunset Google version",
      "google",
      () => googleFaults.unsupportedVersion(),
      /upgrade|update|newer|version/i,
    ],
    ["a revoked Meta token", "meta", () => metaFaults.revokedToken(everywhere), /accessToken/],
    ["a sunset Meta version", "meta", () => metaFaults.oldVersion(everywhere), /apiVersion/],
    [
      "a sunset LinkedIn version",
      "linkedin",
      () => linkedinFaults.versionDead({ times: Infinity }),
      /apiVersion/,
    ],
    [
      "a daily quota of Google",
      "google",
      () => googleFaults.dailyQuota(40_591, { times: Infinity }),
      /limit|quota/i,
    ],
    ["a daily quota of LinkedIn", "linkedin", () => linkedinFaults.dailyQuota({ times: Infinity }), /quota/],
  ];
  test.each(cases)("%s", async (_, platform, fault, said) => {
    const others = (["google", "meta", "linkedin"] as const)
      .filter((other) => other !== platform)
      .slice(0, 1);
    const world = await openWorld({ platforms: [platform, ...others] });
    world.sandbox.servers[platform].addFault(fault(world));
    const { json, lines } = await world.sync(day);
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) {
      expect(line).toMatch(wellFormed);
      expect(line.startsWith(platform)).toBe(true);
      expect(line).toMatch(said);
    }
    expect(
      new Set(json.accounts.filter(({ outcome }) => outcome === "failed").map((a) => a.platform)),
    ).toEqual(new Set([platform]));
    for (const slice of json.slices.filter((each) => each.platform !== platform && each.failure === null))
      expect(slice.outcome).toBe("done");
    expect(json.slices.some((each) => each.platform !== platform && each.outcome === "done")).toBe(true);
  });
});

const wrongSecret: Fault = {
  name: "wrong client secret",
  times: Infinity,
  when: (exchange) => exchange.path === "/token",
  strike: (exchange) =>
    exchange.json(401, { error: "invalid_client", error_description: "The OAuth client was not found." }),
};

describe("what passes is waited out, and the figures are the same", () => {
  const cases: readonly (readonly [string, SandboxName, () => readonly Fault[]])[] = [
    ["a short 429 of Google", "google", () => [googleFaults.tooManyRequests(1)]],
    [
      "a 500 of Google",
      "google",
      () => [googleFaults.error(500, "INTERNAL", "internalError", "INTERNAL_ERROR")],
    ],
    ["a page instead of JSON", "google", () => [htmlPage(502, { when: onQuery({ from: "ad_group_ad" }) })]],
    ["a reset connection", "google", () => [connectionReset({ when: onQuery() })]],
    ["a text that is cut off", "google", () => [googleFaults.truncated(0)]],
    ["an error behind good batches", "google", () => [googleFaults.trailingError(1)]],
    ["a batch that comes twice", "google", () => [googleFaults.repeatedBatch(0, { times: 3 })]],
    ["a reset within a batch", "google", () => [googleFaults.resetWithinBatch(1)]],
    ["a stalled body", "google", () => [googleFaults.stalled(0)]],
    ["a row that Meta sends twice", "meta", () => [metaFaults.duplicateRow({ times: 3 })]],
    ["truncated JSON of Meta", "meta", () => [truncatedJson()]],
    ["a reset connection of Meta", "meta", () => [connectionReset({ after: 3 })]],
    ["truncated JSON of LinkedIn", "linkedin", () => [truncatedJson('{"elements":[{"a', { after: 2 })]],
    ["a page of LinkedIn's gateway", "linkedin", () => [htmlPage(503, { after: 3 })]],
  ];
  const quick = Object.fromEntries(
    (["google", "meta", "linkedin"] as const).map((platform) => [platform, { timeoutSeconds: 1 }]),
  ) as NonNullable<WorldOptions["settings"]>;

  test.each(cases)("%s", async (_, platform, faults) => {
    const world = await openWorld({ platforms: [platform], settings: quick });
    for (const fault of faults()) world.sandbox.servers[platform].addFault(fault);
    const { lines } = await world.sync(day);
    expect(lines).toEqual([]);
    const faulty = await spendOf(world);
    const { truth } = world.sandbox.platforms[platform];
    const sums = await world.query<{ account_id: string; spend: string; conversions: string }>(
      `select account_id, sum(spend)::text as spend, sum(conversions)::text as conversions
       from marts.cost_per_conversion_daily group by 1`,
    );
    expect(sums.length).toBeGreaterThan(1);
    for (const { account_id, spend, conversions } of sums) {
      const [real] = truth.days(account_id, day.from, day.to);
      expect([account_id, Number(spend), Number(conversions)]).toEqual([
        account_id,
        Number(real?.spend),
        Number(real?.conversions),
      ]);
    }
    await world.sync(day);
    expect(await spendOf(world)).toBe(faulty);
  });
});

test("no permission on one account among several: the others are done, and it is named with what to do", async () => {
  const world = await openWorld({ platforms: ["google"] });
  const refused = clientAccountId(1);
  world.sandbox.servers.google.addFault(googleFaults.noPermission(refused));
  const { json, lines } = await world.sync({ from: "2026-08-01", to: "2026-09-15" });
  expect(lines).toEqual([
    expect.stringMatching(new RegExp(`^google ${refused}: .*permission.*: .*access`, "is")),
  ]);
  expect(json.accounts.filter(({ outcome }) => outcome === "done").length).toBe(3);
  expect(json.accounts.find(({ account_id }) => account_id === refused)?.outcome).toBe("failed");
  const states = await world.query(
    "select state, count(*)::integer as days from ops.account_day where account_id = $1 group by 1",
    [refused],
  );
  expect(states).toEqual([{ state: "failed", days: 46 }]);
});

test("figures of before stay whole where an account is refused later, and status knows", async () => {
  const world = await openWorld({ platforms: ["google"] });
  await world.sync(day);
  const before = await rowVersions(world);
  world.sandbox.servers.google.addFault(googleFaults.noPermission(directAccountId));
  const { lines } = await world.sync(day);
  expect(lines.length).toBe(1);
  expect(await rowVersions(world)).toBe(before);
});

test("a closed account fails no run unless the config names it", async () => {
  const world = await openWorld({ platforms: ["google"] });
  const seen = await world.sync(day);
  expect(seen.lines).toEqual([]);
  const closed = seen.json.accounts.filter(({ outcome }) => outcome === "closed");
  expect(closed.length).toBe(1);
  expect(
    await world.query("select state from ops.account_day where account_id = $1", [closed[0]?.account_id]),
  ).toEqual([{ state: "account_closed" }]);
  expect(
    await world.query("select is_active from warehouse.account where account_id = $1", [
      closed[0]?.account_id,
    ]),
  ).toEqual([{ is_active: false }]);
  const { app } = await world.open({ google: { accounts: [closed[0]?.account_id] } });
  const named = await world.sync(day, app);
  expect(named.lines).toEqual([expect.stringContaining(`google ${closed[0]?.account_id ?? ""}: `)]);
});

test("a limit longer than --max-wait ends the platform's part, and is not waited for", async () => {
  const world = await openWorld({ platforms: ["meta", "linkedin"], maxWaitMs: 2_000 });
  world.sandbox.servers.meta.addFault(metaFaults.accountThrottled(10, { after: 2, times: Infinity }));
  const { lines, json } = await world.sync(day);
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) expect(line).toMatch(/^meta \d+: .*limit.*: /s);
  expect(
    json.accounts.filter(({ platform }) => platform === "linkedin").every((a) => a.outcome !== "failed"),
  ).toBe(true);
  // A limit says nothing about the days.
  expect(await world.query("select distinct state from ops.account_day where platform = 'meta'")).toEqual([
    { state: "not_fetched" },
  ]);
});

test("an account of which nothing is to be pulled is none that is unknown, and today can be asked for", async () => {
  const world = await openWorld({ platforms: ["linkedin"], now: "2026-09-20T09:00:00Z" });
  const account = world.sandbox.platforms.linkedin.accounts[0]?.id ?? "";
  const old = await world.sync({ account: [account], from: "2012-01-01", to: "2012-01-31" });
  expect(old.json).toEqual({
    slices: [],
    accounts: [{ platform: "linkedin", account_id: account, outcome: "done", failure: null }],
  });
  expect(world.logged.join("")).toContain("keeps no daily figures that old");
  const today = await world.sync({ account: [`urn:li:sponsoredAccount:${account}`], from: "2026-09-20" });
  expect(today.json.slices.map(({ from, to, outcome }) => [from, to, outcome])).toEqual([
    ["2026-09-20", "2026-09-20", "done"],
  ]);
  await expect(world.sync({ account: ["123"] })).rejects.toThrow(/--account 123/);
});

test("an account that the credentials no longer reach is missing its days: said, failed in status, history kept", async () => {
  const world = await openWorld({ platforms: ["linkedin"] });
  await world.sync(day);
  const before = await rowVersions(world);
  const gone = world.sandbox.platforms.linkedin.accounts[1]?.id ?? "";
  world.sandbox.servers.linkedin.addFault({
    name: "account left out",
    times: Infinity,
    when: ({ path }) => path === "/rest/adAccounts",
    strike: async (exchange, answer) => {
      const json = exchange.json.bind(exchange);
      const without: typeof json = (status, body) => {
        const page = body as { elements: readonly { id: unknown }[] };
        json(status, { ...page, elements: page.elements.filter(({ id }) => String(id) !== gone) });
      };
      Object.assign(exchange, { json: without });
      await answer();
    },
  });
  const { lines } = await world.sync(day);
  expect(lines).toEqual([
    expect.stringMatching(new RegExp(`^linkedin ${gone}: .*no longer reach.*: .*access`)),
  ]);
  expect(await rowVersions(world)).toBe(before);
  const states = await accountStatus(world.app.database.db, [], world.app.now());
  expect(states.find(({ account_id }) => account_id === gone)).toMatchObject({ outcome: "failed" });
});

test("a newer schema, and a server that is not there, stop a sync before anything is asked", async () => {
  const world = await openWorld({ platforms: ["linkedin"] });
  await world.query("insert into ops.kysely_migration values ('9999_future', '2099-01-01')");
  await expect(world.sync(day)).rejects.toThrow(/newer schema.*9999_future/);
  await expect(openWorld({ databaseUrl: "postgresql://me:s3cret@127.0.0.1:1/costper" })).rejects.toThrow(
    /no database answers at 127\.0\.0\.1:1\/costper/,
  );
  expect(world.sandbox.servers.linkedin.requests).toEqual([]);
});
