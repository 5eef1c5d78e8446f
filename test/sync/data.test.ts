import { expect, test } from "vitest";
import type { Exchange, Fault } from "../../sandbox/server.ts";
import { requests as metaRequests } from "../../sandbox/meta/faults.ts";
import { openWorld, rowVersions } from "./support.ts";

const day = { from: "2026-09-15", to: "2026-09-15" };

type Json = Record<string, unknown>;

/** Lets the platform answer, and changes what it says. */
const rewrites = (
  when: (exchange: Exchange) => boolean,
  change: (row: Json, place: number) => void,
  times = Infinity,
): Fault => ({
  name: "rewritten answer",
  when,
  times,
  strike: async (exchange, answer) => {
    const json = exchange.json.bind(exchange);
    const changed: Exchange["json"] = (status, body, headers) => {
      const answered = structuredClone(body) as { data?: Json[]; elements?: Json[] };
      (answered.data ?? answered.elements ?? []).forEach(change);
      json(status, answered, headers);
    };
    Object.assign(exchange, { json: changed });
    await answer();
  },
});

const path =
  (end: string) =>
  ({ path }: Exchange): boolean =>
    path.endsWith(end);

const wild = `tab\there "quoted" 'single' back\\slash new\nline \\N \\. null\u0000char 🎯 Ä ${"x".repeat(10_000)}`;

test("names with tabs, newlines, quotes, backslashes, NUL, emoji and 10,000 characters lose nothing but the NUL", async () => {
  const world = await openWorld({ platforms: ["meta", "linkedin"] });
  for (const edge of ["/campaigns", "/adsets", "/ads", "me/adaccounts"])
    world.sandbox.servers.meta.addFault(rewrites(path(edge), (row) => (row["name"] = wild)));
  for (const edge of ["/rest/adAccounts", "/adCampaigns", "/creatives", "/rest/conversions"])
    world.sandbox.servers.linkedin.addFault(rewrites(path(edge), (row) => (row["name"] = wild)));
  const { lines } = await world.sync(day);
  expect(lines).toEqual([]);
  const kept = wild.replace("\u0000", "");
  for (const table of ["account", "campaign", "ad_group", "ad"]) {
    const rows = await world.query<{ name: string }>(
      `select distinct name from warehouse.${table} where name <> ''`,
    );
    // A node that is in no listing is asked for by itself, and keeps the name that it has there.
    expect(rows.map(({ name }) => name)).toContain(kept);
  }
  expect(
    (
      await world.query<{ campaign_name: string }>(
        "select distinct campaign_name from marts.cost_per_conversion_daily where campaign_name is not null",
      )
    ).map(({ campaign_name }) => campaign_name),
  ).toContain(kept);
});

test("an account of an unknown currency fails by itself, with what to do, and the others go on", async () => {
  const world = await openWorld({ platforms: ["meta", "linkedin"] });
  world.sandbox.servers.meta.addFault(
    rewrites(path("me/adaccounts"), (row, place) => {
      if (place === 0) row["currency"] = "QQQ";
      if (place === 1) delete row["currency"];
    }),
  );
  world.sandbox.servers.linkedin.addFault(
    rewrites(path("/rest/adAccounts"), (row) => {
      if (String(row["id"]) === world.sandbox.platforms.linkedin.accounts[0]?.id) row["currency"] = "euro";
    }),
  );
  const { lines, json } = await world.sync(day);
  expect(lines).toHaveLength(3);
  for (const line of lines) expect(line).toMatch(/^(meta|linkedin) \d+: .*currency.*: .{10,}/);
  const failed = new Set(lines.map((line) => line.split(" ")[1]?.slice(0, -1)));
  for (const { account_id, outcome } of json.accounts)
    expect([account_id, outcome]).toEqual([account_id, failed.has(account_id) ? "failed" : "done"]);
  const bad = await world.query<{ account_id: string }>(
    "select account_id from ops.account_day where state = 'failed'",
  );
  expect(new Set(bad.map(({ account_id }) => account_id))).toEqual(failed);
});

test("a figure that is no number stops the slice, publishes nothing of it and says which field", async () => {
  const world = await openWorld({ platforms: ["meta"] });
  await world.sync(day);
  const before = await rowVersions(world);
  world.sandbox.servers.meta.addFault(
    rewrites(metaRequests.result, (row) => {
      if ("spend" in row) row["spend"] = "twelve";
    }),
  );
  const { lines, json } = await world.sync(day);
  expect(lines.length).toBe(3);
  for (const line of lines) expect(line).toMatch(/^meta \d+: .*spend.*twelve/);
  expect(json.slices.every(({ outcome }) => outcome === "failed")).toBe(true);
  expect(await rowVersions(world)).toBe(before);
});

test("a figure too large for the warehouse is the platform's data, and nothing is lost", async () => {
  const world = await openWorld({ platforms: ["meta"] });
  await world.sync(day);
  const before = await rowVersions(world);
  world.sandbox.servers.meta.addFault(
    rewrites(metaRequests.result, (row) => {
      if ("spend" in row) row["spend"] = "1234567890123456.78";
    }),
  );
  const { lines } = await world.sync(day);
  expect(lines.length).toBe(3);
  for (const line of lines) expect(line).toMatch(/^meta \d+: .*does not fit/);
  expect(await rowVersions(world)).toBe(before);
});

test("a day whose figures only together are too large is said for its account, and all else is rolled up", async () => {
  const world = await openWorld({ platforms: ["meta"] });
  const [bad, good] = ["2026-09-13", "2026-09-14"];
  await world.sync({ from: bad, to: good });
  const [account] = await world.query<{ key: number; id: string }>(
    "select account_key as key, account_id as id from warehouse.account order by 1 limit 1",
  );
  const key = String(account?.key);
  await world.query(
    `update warehouse.conversion_daily set conversion_value = 600000000000
     where account_key = ${key} and date = '${bad}' and traffic = 'paid'`,
  );
  await world.query(
    `update warehouse.ad_daily set clicks = clicks + 1 where account_key = ${key} and date <= '${good}'`,
  );
  await world.query(
    `insert into ops.touched_days (account_key, from_date, to_date) values (${key}, '${bad}', '${good}')`,
  );
  const { lines, json } = await world.sync(day);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(
    new RegExp(`^meta ${account?.id ?? ""}: ${bad}: the figures .* does not fit the marts: check`),
  );
  expect(json.accounts.map(({ outcome }) => outcome).sort()).toEqual(["done", "done", "failed"]);
  const days = await world.query<{ date: string; behind: boolean }>(
    `select m.date, m.clicks < (select sum(clicks) from warehouse.ad_daily f
                                where f.account_key = m.account_key and f.date = m.date) as behind
     from marts.cost_per_conversion_by_account_daily m where m.account_key = ${key} order by date`,
  );
  expect(days).toEqual([
    { date: bad, behind: true },
    { date: good, behind: false },
    { date: day.from, behind: false },
  ]);
});

test("a total below the sum of the platform's own ads fails the day, and keeps the good one of before", async () => {
  const world = await openWorld({ platforms: ["meta"] });
  await world.sync(day);
  const before = await rowVersions(world);
  world.sandbox.servers.meta.addFault(
    rewrites(metaRequests.total, (row) => {
      if ("spend" in row) row["spend"] = "1.00";
    }),
  );
  const { lines } = await world.sync(day);
  expect(lines.length).toBe(3);
  for (const line of lines) expect(line).toMatch(/^meta \d+: .*2026-09-15.*below the sum of its own ads/);
  expect(await rowVersions(world)).toBe(before);
  expect(await world.query("select distinct state, difference < 0 as negative from ops.account_day")).toEqual(
    [{ state: "failed", negative: true }],
  );
});

test("a status, network and type that nobody has seen yet are kept as text", async () => {
  const world = await openWorld({ platforms: ["meta"] });
  world.sandbox.servers.meta.addFault(
    rewrites(path("/campaigns"), (row) => {
      row["status"] = "SOMETHING_NEW";
      row["effective_status"] = "SOMETHING_NEW";
    }),
  );
  world.sandbox.servers.meta.addFault(
    rewrites(metaRequests.result, (row) => {
      if (row["publisher_platform"] === "facebook") row["publisher_platform"] = "metaverse";
    }),
  );
  const { lines } = await world.sync(day);
  expect(lines).toEqual([]);
  expect(await world.query("select distinct status from warehouse.campaign")).toContainEqual({
    status: "SOMETHING_NEW",
  });
  const networks = await world.query("select distinct network from warehouse.network_daily order by 1");
  expect(networks.map(({ network }) => network)).toContain("metaverse");
});

test("ids above 2^53 are told apart", async () => {
  const world = await openWorld({ platforms: ["linkedin"] });
  const account = world.sandbox.platforms.linkedin.accounts[0]?.id ?? "";
  const long = (id: string) => `90071992547409${id}`;
  // Written as bare numbers, as LinkedIn does: no parser that makes floats of them keeps them.
  world.sandbox.servers.linkedin.addFault({
    name: "long ids",
    times: Infinity,
    when: ({ path: asked }) => asked.endsWith("/adCampaigns") || asked.endsWith("/adAnalytics"),
    strike: async (exchange, answer) => {
      const text = exchange.text.bind(exchange);
      const json: Exchange["json"] = (status, body) =>
        text(
          status,
          JSON.stringify(body)
            .replaceAll(/"id":(\d+)/g, (_, id: string) => `"id":${long(id)}`)
            .replaceAll(/sponsoredCampaign:(\d+)/g, (_, id: string) => `sponsoredCampaign:${long(id)}`),
          { "content-type": "application/json" },
        );
      Object.assign(exchange, { json });
      await answer();
    },
  });
  await world.sync({ ...day, account: [account] });
  const ids = await world.query<{ campaign_id: string }>(
    "select distinct campaign_id from warehouse.ad_daily where campaign_id <> '' order by 1",
  );
  const real = world.sandbox.platforms.linkedin.truth
    .campaignDays(account, day.from, day.to)
    .filter(({ spend }) => Number(spend) > 0)
    .map(({ campaignId }) => long(campaignId))
    .sort();
  expect(ids.map(({ campaign_id }) => campaign_id)).toEqual(real);
});
