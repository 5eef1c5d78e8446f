import { expect, onTestFinished, test } from "vitest";
import type { Check } from "../../src/commands/doctor/checks.ts";
import { checkGa4 } from "../../src/commands/doctor/ga4.ts";
import { ga4Settings } from "../../src/connectors/ga4/settings.ts";
import { createGa4Sandbox, type Ga4SandboxRow } from "../../sandbox/ga4/index.ts";
import { listen } from "../../sandbox/server.ts";
import { openWorld } from "./support.ts";

const rows: readonly Ga4SandboxRow[] = ["2026-09-17", "2026-09-18", "2026-09-19"].flatMap((date, index) => [
  {
    date,
    channel: "Paid Search",
    source: "google",
    medium: "cpc",
    sessions: 100 + index,
    keyEvents: { purchase: 4.5, scroll: 9 },
  },
  {
    date,
    channel: "Organic Search",
    source: "google",
    medium: "organic",
    sessions: 60,
    keyEvents: { purchase: 2 },
  },
  { date, channel: "Direct", source: "(direct)", medium: "(none)", sessions: 30 - index },
]);

const openGa4 = async (properties: readonly string[]) => {
  const server = await listen(createGa4Sandbox({ "1": { rows } }));
  onTestFinished(() => server.close());
  const section = {
    properties,
    clientId: "a",
    clientSecret: "b",
    refreshToken: "sandbox-refresh-token",
    endpoints: { api: server.url, oauth: server.url },
  };
  return { server, section };
};

const open = async (properties: readonly string[]) => {
  const { server, section } = await openGa4(properties);
  const world = await openWorld({
    platforms: ["linkedin"],
    now: "2026-09-20T09:00:00Z",
    connectors: { ga4: section },
    config: { firstParty: { ga4KeyEvents: ["purchase"] } },
  });
  return { server, world };
};

test("a sync's sessions and key events by channel are GA4's own", async () => {
  const { world } = await open(["1"]);
  const { lines } = await world.sync({ from: "2026-09-17", to: "2026-09-19" });
  expect(lines).toEqual([]);
  expect(
    await world.query(
      `select date, channel, sessions::float8, conversions::float8 from marts.channel_daily order by date, channel`,
    ),
  ).toEqual(
    rows
      .map(({ date, channel, sessions, keyEvents }) => ({
        date,
        channel,
        sessions,
        conversions: keyEvents?.["purchase"] ?? 0,
      }))
      .sort((a, b) => `${a.date}${a.channel}`.localeCompare(`${b.date}${b.channel}`)),
  );
});

test("a property without access is told at the end, and the others and the platforms are loaded", async () => {
  const { world } = await open(["9", "1"]);
  const { lines, report } = await world.sync({ from: "2026-09-19", to: "2026-09-19" });
  expect(lines).toEqual([expect.stringContaining("ga4 9: GA4 property 9 gives no access")]);
  expect(report.results.every(({ outcome }) => outcome === "done")).toBe(true);
  expect(await world.query("select outcome from ops.run")).toEqual([{ outcome: "failed" }]);
  expect(await world.query("select count(*)::int as n from marts.channel_daily")).toEqual([{ n: 3 }]);
});

test("a sync of one platform leaves GA4 alone", async () => {
  const { world, server } = await open(["1"]);
  await world.sync({ from: "2026-09-19", to: "2026-09-19", platform: ["linkedin"] });
  expect(server.requests).toEqual([]);
});

test("doctor asks every property and says which ones refuse", async () => {
  const { section } = await openGa4(["1", "9"]);
  const { app } = await openWorld({ platforms: ["linkedin"] });
  const checks: Check[] = [];
  const settings = ga4Settings.parse(section);
  for await (const check of checkGa4(settings, { log: app.log, signal: app.signal, now: app.now }))
    checks.push(check);
  expect(checks).toMatchObject([
    { check: "ga4", outcome: "failed", message: expect.stringContaining("property 9 gives no access") },
    { check: "ga4", outcome: "ok", message: "credentials work; 1 of 2 properties answer" },
  ]);
});
