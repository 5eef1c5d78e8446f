import { expect, test } from "vitest";
import { addDays, type DayRange } from "../../src/domain/day.ts";
import { exact, toText } from "../../src/domain/decimal.ts";
import { evaluateAlerts } from "../../src/alerts/evaluate.ts";
import { evidenceOf } from "../../src/alerts/figures/evidence.ts";
import type { Sums } from "../../src/alerts/figures/sums.ts";
import { unknown } from "../../src/alerts/figures/observation.ts";
import { ruleOf } from "../../src/alerts/rule/rule.ts";
import { freshDatabase } from "../support/database.ts";
import { storeRate } from "../support/rates.ts";
import { ruleFrom, seedAccounts, seedFigures, seedGoodDays } from "./seed.ts";

const last = "2026-03-14";
const day = (age: number): string => addDays(last, -age);

const opened = async (written: Record<string, unknown>, labels: Record<string, string> = {}) => {
  const database = await freshDatabase();
  const accounts = await seedAccounts(database, [{ platform: "meta", id: "1", currency: "EUR" }]);
  const spent = (campaign: string, age: number, spend: number, clicks: number, conversions: number) => ({
    account: "1",
    date: day(age),
    campaign,
    spend,
    clicks,
    conversions,
  });
  await seedFigures(database, accounts, [
    spent("a", 0, 30, 3, 1),
    spent("a", 1, 30, 3, 1),
    spent("b", 1, 50, 5, 0),
    spent("cheap", 0, 4, 2, 2),
    spent("a", 2, 12, 4, 3),
    spent("b", 20, 21, 1, 7),
    spent("a", 21, 1_000, 1, 1),
  ]);
  await database.pool.query("update ops.rollup_day set today = $1::date + 28", [day(0)]);
  const rule = ruleOf(
    ruleFrom({ name: "dear", metric: "cost_per_conversion", window: "2d", above: 10, ...written }),
  );
  const evidence = await evidenceOf({
    db: database.db,
    rule,
    observation: { ...unknown(rule, last, "", labels, ""), threshold: "10" },
    window: { from: day(1), to: day(0) },
  });
  if (evidence === undefined) throw new Error("no evidence");
  return evidence;
};

const told = ({ spend, clicks, conversions }: Sums) =>
  [spend, clicks, conversions].map((sum) => toText(sum)).join(" ");

test("evidence adds up the window, the one before and each day of three weeks, and names who costs too much", async () => {
  const { now, before, daily, days, openDays, campaigns } = await opened({});
  expect(told(now)).toBe("114 13 4");
  expect(told(before)).toBe("12 4 3");
  expect([openDays, days]).toEqual([1, 2]);
  // The day before the three weeks is left out; one without conversions has no cost.
  expect(daily).toHaveLength(21);
  expect(daily[0]).toBe(exact("3"));
  expect(daily.slice(-3).map((cost) => cost && toText(cost, 2))).toEqual(["4", "80", "11.33"]);
  expect(campaigns.map(({ name, spend }) => `${name} ${toText(spend)}`)).toEqual([
    "Campaign b 50",
    "Campaign a 60",
  ]);
});

test("evidence of one campaign's series is of that campaign alone", async () => {
  const { now, campaigns } = await opened(
    { by: ["campaign"] },
    { platform: "meta", account_id: "1", campaign_id: "a" },
  );
  expect(told(now)).toBe("60 6 2");
  expect(campaigns.map(({ name }) => name)).toEqual(["Campaign a"]);
});

test("evidence of a rule in another currency is told in it: who is below its threshold there carries nothing", async () => {
  const database = await freshDatabase();
  const accounts = await seedAccounts(database, [{ platform: "meta", id: "1", currency: "DKK" }]);
  const spent = (campaign: string, age: number, spend: number) => ({
    account: "1",
    date: day(age),
    campaign,
    spend,
    conversions: 1,
  });
  await seedFigures(database, accounts, [
    spent("dear", 0, 750),
    spent("fair", 0, 150),
    spent("dear", 1, 300),
    spent("dear", 2, 300),
  ]);
  await storeRate(database.pool, day(0), "DKK", "7.5");
  await storeRate(database.pool, day(1), "DKK", "7.5");
  const rule = ruleOf(ruleFrom({ metric: "cost_per_conversion", window: "1d", above: 40, currency: "EUR" }));
  const evidence = async (window: DayRange) =>
    evidenceOf({
      db: database.db,
      rule,
      observation: { ...unknown(rule, last, "", {}, ""), threshold: "40", currency: "EUR" },
      window,
    });
  const found = await evidence({ from: day(0), to: day(0) });
  expect(found && [told(found.now), told(found.before)]).toEqual(["120 0 2", "40 0 1"]);
  expect(found?.campaigns.map(({ name, spend }) => `${name} ${toText(spend)}`)).toEqual([
    "Campaign dear 100",
  ]);
  expect(found?.daily.slice(-3).map((cost) => cost && toText(cost, 2))).toEqual([null, "40", "60"]);
  // Nothing is said of a window before that lacks a rate.
  const older = await evidence({ from: day(1), to: day(1) });
  expect(older && [told(older.now), told(older.before)]).toEqual(["40 0 1", "0 0 0"]);
});

test("evidence of accounts in several time zones is of each one's own window, as the alert's figures are", async () => {
  const database = await freshDatabase();
  const accounts = await seedAccounts(database, [
    { platform: "meta", id: "1", zone: "America/Los_Angeles" },
    { platform: "meta", id: "2", zone: "Asia/Tokyo" },
  ]);
  await seedGoodDays(database, accounts, addDays(last, -30), last);
  const days = Array.from({ length: 8 }, (_, age) => age);
  // The same every day: nothing has moved. In Los Angeles the last whole day is the one before.
  await seedFigures(database, accounts, [
    ...days
      .slice(1)
      .map((age) => ({ account: "1", date: day(age), campaign: "a", spend: 100, conversions: 1 })),
    ...days.map((age) => ({ account: "2", date: day(age), campaign: "b", spend: 50, conversions: 1 })),
  ]);
  await evaluateAlerts({
    db: database.db,
    rules: [ruleFrom({ metric: "cost_per_conversion", window: "2d", above: 60 })],
    notifiers: { ops: { type: "webhook", url: "https://example.com", allowPrivate: false } },
    now: new Date(`${addDays(last, 1)}T02:00:00Z`),
  });
  const { rows } = await database.pool.query<{ spend: string; explanation: string }>(
    "select body->'alerts'->0->>'spend' as spend, body->'alerts'->0->>'explanation' as explanation from ops.notice",
  );
  expect(rows).toMatchObject([{ spend: "300" }]);
  expect(rows[0]?.explanation).toContain("against the window before: spend +0%");
  expect(rows[0]?.explanation).toContain("carried by Campaign a (200 for 2)");
});
