import { expect, test } from "vitest";
import type { App } from "../../src/app.ts";
import { runAlerts } from "../../src/alerts/run.ts";
import { reconcileAccount } from "../../src/metrics/reconcile.ts";
import { acceptAccount } from "../../src/warehouse/accept-account.ts";
import { accountStatus } from "../../src/warehouse/status.ts";
import { answersOf, type Answers, metaSettings, serveMeta } from "./platforms.ts";
import { costper, openCase } from "./world.ts";

const firstAccount = async (app: App) => {
  for await (const account of (await app.connector("meta")).accounts(app.signal)) return account;
  throw new Error("no account is reached");
};

const open = async (answers: Answers, now: string, config: Readonly<Record<string, unknown>> = {}) =>
  openCase({
    now,
    config: {
      ...config,
      connectors: {
        meta: {
          ...metaSettings(await serveMeta(answers)),
          accounts: [String(answers["adaccounts"]?.[0]?.["account_id"])],
        },
      },
    },
  });

test("publishes a day in yen whose ads are rounded one by one and whose total is rounded once", async () => {
  const { sync, mart, days, query } = await open(await answersOf("meta-yen"), "2026-10-06T12:00:00Z");
  const { report } = await sync({ from: "2026-10-05", to: "2026-10-05" });
  expect(report.results.map(({ outcome }) => outcome)).toEqual(["done"]);
  expect(await mart()).toEqual(["2026-10-05 301 3 100.33"]);
  expect(await days()).toEqual([{ date: "2026-10-05", state: "complete", cause: "rounding" }]);
  expect(await query("select difference::float8, rounding::float8 from ops.account_day")).toEqual([
    { difference: 0, rounding: 2 },
  ]);
});

test("fails a day in yen whose ads are off its total by more than their rounding", async () => {
  const answers = await answersOf("meta-yen");
  answers["account"] = (answers["account"] ?? []).map((row) => ({ ...row, spend: "299" }));
  const { sync, mart, days } = await open(answers, "2026-10-06T12:00:00Z");
  const { report } = await sync({ from: "2026-10-05", to: "2026-10-05" });
  expect(report.results.map(({ outcome }) => outcome)).toEqual(["failed"]);
  expect(await mart()).toEqual([]);
  expect(await days()).toMatchObject([{ state: "failed" }]);
});

test("publishes the neighbours of a day with an absurd value, tonight and the night after, and names day, field and value", async () => {
  const answers = await answersOf("huge-value");
  const { sync, mart, days, setNow } = await open(answers, "2026-10-07T12:00:00Z");
  for (const night of ["2026-10-07T12:00:00Z", "2026-10-08T12:00:00Z"]) {
    setNow(night);
    const { lines } = await sync({ from: "2026-10-04", to: "2026-10-06" });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^meta 900100200300403: 2026-10-05: conversion_value of ad 120210000000000023 \(omni_purchase\) is 4711001234567890/,
    );
    expect(await mart()).toEqual(["2026-10-04 50 2 25.00", "2026-10-06 50 2 25.00"]);
    expect((await days()).map(({ state }) => state)).toEqual(["complete", "failed", "complete"]);
  }
  const mend = (rows: Answers[string] = []) =>
    rows.map((row) => ({
      ...row,
      action_values: [{ action_type: "omni_purchase", value: "47", "7d_click": "47" }],
    }));
  for (const key of ["ad", "campaign", "publisher_platform"]) answers[key] = mend(answers[key]);
  expect((await sync({ from: "2026-10-04", to: "2026-10-06" })).lines).toEqual([]);
  expect((await mart()).length).toBe(3);
});

test.each(["ad", "campaign", "publisher_platform"])(
  "fails that day alone of which a row of the report `%s` cannot be read",
  async (report) => {
    const answers = await answersOf("huge-value");
    const good = (rows: Answers[string] = []) =>
      rows.map(({ action_values: _values, ...row }): Readonly<Record<string, unknown>> => row);
    for (const key of ["ad", "campaign", "publisher_platform"]) answers[key] = good(answers[key]);
    answers[report] = (answers[report] ?? []).map((row, index) =>
      index === 1 ? { ...row, spend: "n/a" } : row,
    );
    // Campaign totals are asked for where ads fall short only.
    answers["account"] = (answers["account"] ?? []).map((row) => ({ ...row, impressions: "1001" }));
    const { sync, mart, days } = await open(answers, "2026-10-07T12:00:00Z");
    const { lines } = await sync({ from: "2026-10-04", to: "2026-10-06" });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/2026-10-05: spend is not a number: "n\/a"/);
    expect(await mart()).toEqual(["2026-10-04 50 2 25.00", "2026-10-06 50 2 25.00"]);
    expect((await days()).map(({ state }) => state)).toEqual(["complete", "failed", "complete"]);
  },
);

test("a day fetched before it was over is not whole, and no alert fires on it until it is fetched again", async () => {
  const rule = {
    name: "spend fell",
    metric: "spend",
    by: "account",
    window: "1d",
    below: 80,
    currency: "EUR",
  };
  const answers = await answersOf("partial-day");
  const { app, sync, days, mart, setNow } = await open(answers, "2026-10-10T10:00:00Z", { alerts: [rule] });
  await sync({ from: "2026-10-07", to: "2026-10-10" });
  expect((await mart()).at(-1)).toBe("2026-10-10 40 1 40.00");
  expect((await days()).map(({ state }) => state)).toEqual([
    "complete",
    "complete",
    "complete",
    "not_fetched",
  ]);
  const state = async (now: string) =>
    (await runAlerts({ db: app.database.db, config: app.config, now: new Date(now) })).states;
  expect(await state("2026-10-11T00:30:00Z")).toMatchObject({ no_data: 1, firing: 0 });

  setNow("2026-10-11T03:30:00Z");
  for (const key of ["ad", "campaign", "publisher_platform", "account"])
    answers[key] = (answers[key] ?? []).map((row) => ({ ...row, spend: "100" }));
  await sync();
  expect((await days()).at(-1)).toEqual({ date: "2026-10-10", state: "complete", cause: null });
  expect(await state("2026-10-11T03:40:00Z")).toMatchObject({ no_data: 0, firing: 0 });
});

test("keeps the names that rows alone carry, of the oldest slice as of the newest", async () => {
  const answers = await answersOf("huge-value");
  const renamed = (rows: Answers[string] = []) =>
    rows.slice(0, 1).flatMap(({ action_values: _values, ...row }): Readonly<Record<string, unknown>>[] =>
      ["2026-08-05", "2026-10-05"].map((date, index) => ({
        ...row,
        date_start: date,
        date_stop: date,
        campaign_id: `12021000000000009${String(index)}`,
        campaign_name: `Campaign of ${date}`,
        actions: [
          { action_type: `offsite_conversion.custom.90${String(index)}`, value: "1", "7d_click": "1" },
        ],
      })),
    );
  for (const key of ["ad", "campaign", "publisher_platform", "account"]) answers[key] = renamed(answers[key]);
  const { sync, query } = await open(answers, "2026-10-07T12:00:00Z");
  const { report } = await sync({ from: "2026-08-01", to: "2026-10-06" });
  expect(report.results.length).toBeGreaterThan(2);
  const names = `select (select string_agg(name, ', ' order by name) from warehouse.campaign) as campaigns,
    (select string_agg(distinct campaign_name, ', ') from marts.cost_per_conversion_daily) as in_marts,
    (select string_agg(conversion_action_id, ', ' order by conversion_action_id) from warehouse.conversion_action
     where conversion_action_id like '%.custom.%') as actions`;
  const both = "Campaign of 2026-08-05, Campaign of 2026-10-05";
  const expected = [
    {
      campaigns: both,
      in_marts: both,
      actions: "offsite_conversion.custom.900, offsite_conversion.custom.901",
    },
  ];
  expect(await query(names)).toEqual(expected);
  // What an earlier version lost comes back with the same sync.
  await query("delete from warehouse.campaign; delete from warehouse.conversion_action");
  await sync({ from: "2026-08-01", to: "2026-10-06" });
  expect(await query(names)).toEqual(expected);
});

test("an account whose currency changed goes on as a new series once it is accepted, and mixes nothing", async () => {
  const answers = await answersOf("partial-day");
  const rule = { name: "high", metric: "spend", by: "account", window: "2d", above: 1 };
  const { app, sync, query, days, setNow } = await open(answers, "2026-10-09T12:00:00Z", { alerts: [rule] });
  await sync({ from: "2026-10-07", to: "2026-10-08" });
  for (const key of Object.keys(answers))
    answers[key] = (answers[key] ?? []).map((row) => ({
      ...row,
      ...("currency" in row ? { currency: "USD" } : { account_currency: "USD", spend: "110" }),
    }));
  setNow("2026-10-10T12:00:00Z");
  const refused = await sync({ from: "2026-10-07", to: "2026-10-09" });
  expect(refused.lines).toEqual([
    expect.stringMatching(
      /currency changed from EUR to USD: .*`costper accounts accept meta 900100200300404`/,
    ),
  ]);
  const [status] = await accountStatus(app.database.db, [], new Date("2026-10-10T12:00:00Z"));
  expect(status?.remedy).toContain("costper accounts accept meta 900100200300404");

  const account = await firstAccount(app);
  const now = new Date("2026-10-10T12:00:00Z");
  expect(await acceptAccount(app.database.pool, account, { now })).toMatchObject({
    outcome: "accepted",
    series: { from: "2026-10-09", change: "currency changed from EUR to USD" },
  });
  expect(await acceptAccount(app.database.pool, account, { now })).toEqual({ outcome: "unchanged" });
  for (let time = 0; time < 2; time += 1)
    expect((await sync({ from: "2026-10-07", to: "2026-10-09" })).lines).toEqual([]);
  expect(
    await query(
      "select date, currency, spend::float8 from marts.cost_per_conversion_daily where account_id = '900100200300404' order by 1",
    ),
  ).toEqual([
    { date: "2026-10-07", currency: "EUR", spend: 100 },
    { date: "2026-10-08", currency: "EUR", spend: 100 },
    { date: "2026-10-09", currency: "USD", spend: 110 },
  ]);
  expect((await days()).map(({ state }) => state)).toEqual(["complete", "complete", "complete"]);
  // Two days that would add up euros and dollars are not judged.
  const judged = await runAlerts({ db: app.database.db, config: app.config, now });
  expect(judged.states).toMatchObject({ no_data: 1, firing: 0 });
  expect(
    await reconcileAccount({
      db: app.database.db,
      connector: await app.connector("meta"),
      account,
      range: { from: "2026-10-07", to: "2026-10-09" },
      signal: app.signal,
    }),
  ).toEqual([]);
});

test("an accepted series may begin on a day that was stored in the old currency: that day is fetched anew", async () => {
  const answers = await answersOf("partial-day");
  const { app, sync, query } = await open(answers, "2026-10-10T12:00:00Z");
  await sync({ from: "2026-10-07", to: "2026-10-09" });
  const account = await firstAccount(app);
  for (const key of Object.keys(answers))
    answers[key] = (answers[key] ?? []).map((row) => ({
      ...row,
      ...("timezone_name" in row ? { timezone_name: "Asia/Tokyo" } : { spend: "90" }),
    }));
  const moved = { ...account, timeZone: "Asia/Tokyo" };
  const now = new Date("2026-10-10T12:00:00Z");
  expect(await acceptAccount(app.database.pool, moved, { now, from: "2026-10-09" })).toMatchObject({
    series: { from: "2026-10-09", change: "time zone changed from UTC to Asia/Tokyo" },
  });
  expect((await sync({ from: "2026-10-07", to: "2026-10-09" })).lines).toEqual([]);
  expect(
    await query(
      `select m.date, a.time_zone, m.spend::float8 from marts.cost_per_conversion_daily m
       join warehouse.account a using (account_key) order by 1`,
    ),
  ).toEqual([
    { date: "2026-10-07", time_zone: "UTC", spend: 100 },
    { date: "2026-10-08", time_zone: "UTC", spend: 100 },
    { date: "2026-10-09", time_zone: "Asia/Tokyo", spend: 90 },
  ]);
});

test("costper accounts accept says what it did, and refuses where there is nothing to accept", async () => {
  const answers = await answersOf("partial-day");
  const { app, url, sync } = await open(answers, "2026-10-10T12:00:00Z");
  await sync({ from: "2026-10-07", to: "2026-10-09" });
  const config = { database: url, connectors: { meta: app.config.connectors.meta } };
  const accept = ["accounts", "accept", "meta", "act_900100200300404"];
  expect(await costper(config, ...accept)).toContain("there is nothing to accept");
  answers["adaccounts"] = (answers["adaccounts"] ?? []).map((row) => ({ ...row, currency: "USD" }));
  expect(await costper(config, ...accept)).toMatch(
    /currency changed from EUR to USD; a new series begins on 2026-10-10/,
  );
  expect(await costper(config, "accounts", "accept", "meta", "1")).toContain("do not reach meta 1");
  expect(await costper(config, "accounts", "accept", "myspace", "1")).toContain(
    "myspace is not in the config",
  );
});
