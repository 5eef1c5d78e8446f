import { expect, test } from "vitest";
import { toUnits } from "../../src/domain/decimal.ts";
import type { Morning, Side } from "../../src/metrics/morning/answer.ts";
import { freshDatabase } from "../support/database.ts";
import { ask, day, night, ripening, seedFigures, stage, weekBefore } from "./stage.ts";

const allOf = ({ groups }: Morning): Side => {
  const side = groups[0]?.all;
  if (side === undefined) throw new Error("no group");
  return side;
};

const two = [
  { id: "1", platform: "google" },
  { id: "2", platform: "meta" },
] as const;

const added = (amounts: readonly string[] = []): bigint =>
  amounts.reduce((sum, amount) => sum + toUnits(amount, 6), 0n);

test("yesterday is set against the same weekday as it was known at the same age, not as it ripened since", async () => {
  const database = await freshDatabase();
  const accounts = await stage(database, two);
  const before = [
    { account: "1", campaign: "a", date: weekBefore, spend: 60, conversions: 6, clicks: 60 },
    { account: "2", campaign: "b", date: weekBefore, spend: 40, conversions: 4, clicks: 40 },
  ];
  const now = [
    { account: "1", campaign: "a", date: day, spend: 60, conversions: 6, clicks: 60 },
    { account: "2", campaign: "b", date: day, spend: 40, conversions: 4, clicks: 40 },
  ];
  await night(database, accounts, "2026-03-08", before);
  const ripe = before.map((row) => ({ ...row, conversions: row.conversions * 2 }));
  await night(database, accounts, "2026-03-10", ripe);
  await night(database, accounts, "2026-03-15", now);
  await seedFigures(database, accounts, [...ripe, ...now]);
  const told = await ask(database);
  expect(told).toMatchObject({
    period: { from: day, to: day },
    is_yesterday: true,
    partial: false,
    against: { method: "same_age" },
  });
  expect(told.fresh.text).toBe("as of 03:41, 2 of 2 accounts");
  expect(allOf(told).compared).toMatchObject({
    now: { cost_per_conversion: "10.000000" },
    before: { cost_per_conversion: "10.000000" },
    change: "0.000000",
    drivers: [],
  });
  expect(allOf(told).words.change).toBe(
    "Unchanged: 10.00 EUR against 10.00 EUR on Saturday, 7 March 2026, as it was known at the same age",
  );
  const { rows } = await database.pool.query<{ cost: string }>(
    `select round(sum(spend) / sum(conversions), 6) as cost
     from marts.cost_per_conversion_as_of('2026-03-09 00:00 Europe/Copenhagen') where date = $1`,
    [weekBefore],
  );
  expect(rows[0]?.cost).toBe("10.000000");
});

test("where nobody looked at that age, both sides are what they are expected to become", async () => {
  const database = await freshDatabase();
  const accounts = await stage(database, two);
  await seedFigures(database, accounts, [
    { account: "1", campaign: "a", date: weekBefore, spend: 60, conversions: 10, clicks: 60 },
    { account: "2", campaign: "b", date: weekBefore, spend: 40, conversions: 0, clicks: 40 },
    { account: "1", campaign: "a", date: day, spend: 60, conversions: 4, clicks: 60 },
    { account: "2", campaign: "b", date: day, spend: 40, conversions: 1, clicks: 40 },
  ]);
  await ripening(database, { 1: 0.5, 8: 1 });
  const told = await ask(database);
  expect(told.against?.method).toBe("projection");
  expect(allOf(told)).toMatchObject({
    reported: { spend: "100.000000", conversions: "5.000000", cost_per_conversion: "20.000000" },
    expected: { conversions: "10.000000", cost_per_conversion: "10.000000" },
    compared: { change: "0.000000" },
  });
  expect(allOf(told).words.cost).toContain("20.00 EUR on Saturday, 14 March 2026");
  expect(allOf(told).words.cost).toContain("10.00 EUR are expected");
});

test("an observation by another choice of conversions is not set against today's", async () => {
  const database = await freshDatabase();
  const accounts = await stage(database, [two[0]]);
  const row = { account: "1", campaign: "a", spend: 60, conversions: 6, clicks: 60 };
  await night(database, accounts, "2026-03-08", [{ ...row, date: weekBefore }]);
  await night(database, accounts, "2026-03-15", [{ ...row, date: day }]);
  await seedFigures(database, accounts, [
    { ...row, date: weekBefore },
    { ...row, date: day },
  ]);
  expect((await ask(database)).against?.method).toBe("same_age");
  await database.pool.query(
    "insert into ops.counting_rule (account_key, measure, changed_at) values ($1, 'primary', '2026-03-12')",
    [accounts.get("1")?.key],
  );
  expect((await ask(database)).against?.method).toBe("projection");
  await ripening(database, {});
  const unlearned = await ask(database);
  expect(unlearned.against?.method).toBeNull();
  expect(allOf(unlearned).words.change).toContain(
    "Not compared with Saturday, 7 March 2026: google account 1 was not watched at that age",
  );
});

test("an account whose day was not fetched whole is left out on both sides, and that is said", async () => {
  const database = await freshDatabase();
  const accounts = await stage(database, two);
  await seedFigures(database, accounts, [
    { account: "1", campaign: "a", date: weekBefore, spend: 60, conversions: 6, clicks: 60 },
    { account: "2", campaign: "b", date: weekBefore, spend: 1, conversions: 1, clicks: 1 },
    { account: "1", campaign: "a", date: day, spend: 90, conversions: 6, clicks: 60 },
    { account: "2", campaign: "b", date: day, spend: 40, conversions: 4, clicks: 40 },
  ]);
  await ripening(database, { 1: 1, 8: 1 });
  await database.pool.query(
    "update ops.account_day set state = 'failed', cause = 'quota' where account_id = '2' and date = $1",
    [weekBefore],
  );
  const told = await ask(database);
  expect(told.partial).toBe(false);
  expect(told.against?.left_out).toEqual([
    {
      platform: "meta",
      account_id: "2",
      account_name: "account 2",
      reason: `was not fetched whole on ${weekBefore}`,
    },
  ]);
  const all = allOf(told);
  expect(all.reported).toMatchObject({ spend: "130.000000", conversions: "10.000000" });
  expect(all.compared).toMatchObject({
    now: { spend: "90.000000" },
    before: { spend: "60.000000" },
    change: "5.000000",
    drivers: [{ driver: "click_price", amount: "5.000000", text: "clicks cost more: +5.00 EUR" }],
  });
  expect(all.words.change).toContain("without meta account 2, which was not fetched whole on 2026-03-07");
  expect(told.groups[0]?.platforms.find(({ platform }) => platform === "meta")).toMatchObject({
    compared: null,
    words: { change: expect.stringContaining("Not compared"), why: "" },
  });
});

test("a platform without a history is told of and not compared", async () => {
  const database = await freshDatabase();
  const accounts = await stage(database, two);
  await seedFigures(database, accounts, [
    { account: "1", campaign: "a", date: weekBefore, spend: 60, conversions: 6, clicks: 60 },
    { account: "1", campaign: "a", date: day, spend: 60, conversions: 6, clicks: 60 },
    { account: "2", campaign: "b", date: day, spend: 40, conversions: 1, clicks: 40 },
  ]);
  await ripening(database, { 1: 1, 8: 1 });
  await database.pool.query("delete from ops.account_day where account_id = '2' and date < '2026-03-10'");
  const told = await ask(database);
  expect(told.against?.left_out).toMatchObject([{ reason: "has no history: its first day is 2026-03-10" }]);
  expect(allOf(told).compared).toMatchObject({ change: "0.000000" });
  expect(allOf(told).reported.spend).toBe("100.000000");
});

test("an account that failed last night takes the morning back a day, and one that fails for days makes it partial", async () => {
  const database = await freshDatabase();
  const accounts = await stage(database, two);
  await seedFigures(database, accounts, [
    { account: "1", campaign: "a", date: day, spend: 60, conversions: 6, clicks: 60 },
  ]);
  const fail = (since: string) =>
    database.pool.query(
      "update ops.account_day set state = 'failed', cause = 'token ended' where account_id = '2' and date >= $1",
      [since],
    );
  await fail(day);
  expect(await ask(database)).toMatchObject({ period: { to: "2026-03-13" }, partial: false });
  await fail("2026-03-05");
  const told = await ask(database);
  expect(told).toMatchObject({
    period: { to: day },
    partial: true,
    fresh: {
      text: "as of 03:41, 1 of 2 accounts",
      behind: [{ platform: "meta", account_id: "2", last_good_date: "2026-03-04", cause: "token ended" }],
    },
  });
  expect(allOf(told).reported.spend).toBe("60.000000");
  const google = [{ platform: "google" }];
  expect(await ask(database, { configured: google })).toMatchObject({
    partial: false,
    fresh: { accounts: 1 },
  });
});

test("days without conversions have no cost, and that is said in words", async () => {
  const database = await freshDatabase();
  const accounts = await stage(database, [two[0]]);
  await seedFigures(database, accounts, [
    { account: "1", campaign: "a", date: weekBefore, spend: 60, conversions: 6, clicks: 60 },
    { account: "1", campaign: "a", date: day, spend: 60, conversions: 0, clicks: 60 },
  ]);
  await ripening(database, { 1: 0.5, 8: 1 });
  const all = allOf(await ask(database));
  expect(all.reported.cost_per_conversion).toBeNull();
  expect(all.compared).toMatchObject({ change: null, drivers: [] });
  expect(all.words).toEqual({
    cost: "No paid conversion is known on Saturday, 14 March 2026: 60.00 EUR were spent",
    change: "Not compared with Saturday, 7 March 2026: no conversion is known yet",
    why: "",
  });
});

test("without any day there is a morning that says so", async () => {
  const database = await freshDatabase();
  expect(await ask(database)).toMatchObject({
    period: null,
    groups: [],
    fresh: { text: "no account is known yet" },
  });
});

test("currencies are told apart, and an amount without a rate is unknown", async () => {
  const database = await freshDatabase();
  const accounts = await stage(database, [two[0], { ...two[1], currency: "USD" }]);
  const rows = [weekBefore, day].flatMap((date) => [
    { account: "1", campaign: "a", date, spend: 60, conversions: 6, clicks: 60 },
    { account: "2", campaign: "b", date, spend: 40, conversions: 4, clicks: 40 },
  ]);
  await seedFigures(database, accounts, rows);
  await ripening(database, { 1: 1, 8: 1 });
  expect((await ask(database)).groups.map(({ currency, all }) => [currency, all.reported.spend])).toEqual([
    ["EUR", "60.000000"],
    ["USD", "40.000000"],
  ]);
  const converted = await ask(database, { money: { reporting: "EUR" } });
  expect(converted.groups).toMatchObject([
    {
      currency: "EUR",
      all: { reported: { spend: null, cost_per_conversion: null }, compared: { change: null } },
    },
  ]);
  expect(allOf(converted).words.cost).toContain("an exchange rate is missing");
});

test("campaigns that come, go or are never clicked are part of the change, and all parts add up to it", async () => {
  const database = await freshDatabase();
  const accounts = await stage(database, two);
  await seedFigures(database, accounts, [
    { account: "1", campaign: "stays", date: weekBefore, spend: "61.37", conversions: "6.5", clicks: 61 },
    { account: "1", campaign: "ends", date: weekBefore, spend: "20.01", conversions: 1, clicks: 13 },
    { account: "2", campaign: "unclicked", date: weekBefore, spend: 7, conversions: 1 },
    { account: "1", campaign: "stays", date: day, spend: "71.73", conversions: "5.25", clicks: 57 },
    { account: "2", campaign: "new", date: day, spend: "33.33", conversions: 7, clicks: 111 },
    { account: "2", campaign: "unclicked", date: day, spend: "9.99", conversions: 1 },
  ]);
  await ripening(database, { 1: 1, 8: 1 });
  const told = await ask(database);
  const { compared } = allOf(told);
  const change = toUnits(compared?.change ?? "", 6);
  expect(change).not.toBe(0n);
  expect(added(compared?.drivers.map(({ amount }) => amount))).toBe(change);
  expect(new Set(compared?.drivers.map(({ driver }) => driver))).toEqual(
    new Set(["click_price", "conversion_rate", "platform_mix", "campaign_mix", "no_clicks"]),
  );
  const movers = told.groups[0]?.movers ?? [];
  expect(movers.map(({ campaign_id }) => campaign_id).toSorted()).toEqual([
    "ends",
    "new",
    "stays",
    "unclicked",
  ]);
  const off = added(movers.map(({ contribution }) => contribution)) - change;
  expect(off >= -3n && off <= 3n).toBe(true);
});

test("a week is set against the week before it, day by day at the same age", async () => {
  const database = await freshDatabase();
  const accounts = await stage(database, [two[0]]);
  const rows = Array.from({ length: 14 }, (_, index) => ({
    account: "1",
    campaign: "a",
    date: `2026-03-${String(index + 1).padStart(2, "0")}`,
    spend: 10 + index,
    conversions: 2,
    clicks: 20,
  }));
  await seedFigures(database, accounts, rows);
  for (const [index, row] of rows.entries())
    await night(database, accounts, `2026-03-${String(index + 2).padStart(2, "0")}`, [row]);
  await database.pool.query("update ops.account_day set fetched_at = '2026-03-15 03:41 Europe/Copenhagen'");
  const told = await ask(database, { days: 7 });
  expect(told).toMatchObject({
    period: { from: "2026-03-08", to: day },
    against: { period: { from: "2026-03-01", to: weekBefore }, method: "same_age" },
  });
  expect(allOf(told).compared).toMatchObject({
    now: { spend: "140.000000" },
    before: { spend: "91.000000" },
    change: "3.500000",
  });
});
