import { expect, test } from "vitest";
import { evaluateAlerts } from "../../src/alerts/evaluate.ts";
import { alertSettings } from "../../src/alerts/rule/settings.ts";
import { addDays } from "../../src/domain/day.ts";
import type { Alerts } from "../../src/web/api/health-answers.ts";
import { seedAccounts, seedFigures, seedGoodDays } from "../alerts/seed.ts";
import { addUpSums } from "../support/sums.ts";
import { startWeb } from "../support/web.ts";

const last = "2026-11-20";
const day = (age: number): string => addDays(last, -age);
const ages = Array.from({ length: 10 }, (_, age) => age);

/** A page over two accounts whose figures are other ones every day, and a way to evaluate its rule. */
const watched = async (
  rule: Readonly<Record<string, unknown>>,
  { zones, currencies = ["EUR", "EUR"] }: { zones: readonly string[]; currencies?: readonly string[] },
  conversions: (age: number) => number = (age) => age + 1,
) => {
  const alerts = alertSettings().parse([{ name: "watched", window: "2d", ...rule }]);
  const { url, database } = await startWeb({ alerts });
  const accounts = await seedAccounts(
    database,
    zones.map((zone, index) => ({ id: String(index + 1), zone, currency: currencies[index] ?? "EUR" })),
  );
  await seedGoodDays(database, accounts, day(30), last);
  await seedFigures(
    database,
    accounts,
    zones.flatMap((_, index) =>
      ages.map((age) => ({
        account: String(index + 1),
        campaign: `c${String(index)}`,
        date: day(age),
        spend: 100 + age * (index === 0 ? 7 : 31),
        clicks: 10,
        conversions: conversions(age),
      })),
    ),
  );
  for (const { key } of accounts.values()) await addUpSums(database.pool, key, ages.map(day));
  return async (when: { readonly now: Date; readonly asOf?: string }) => {
    await evaluateAlerts({ db: database.db, rules: alerts, notifiers: {}, ...when });
    const answer = (await (await fetch(`${url}/api/alerts`)).json()) as Alerts;
    const [alert] = answer.alerts;
    return { state: alert?.state, value: alert?.value, drawn: alert?.daily?.values.slice(-3) };
  };
};

test("the chart of an alert over several time zones ends with the alert's own figure", async () => {
  const rule = { metric: "spend", above: 1 };
  const evaluate = await watched(rule, { zones: ["America/Los_Angeles", "Asia/Tokyo"] });
  // In Los Angeles the last whole day is the one before: 107 + 114, and 100 + 131 in Tokyo.
  const apart = await evaluate({ now: new Date(`${addDays(last, 1)}T02:00:00Z`) });
  expect(apart).toMatchObject({ state: "firing", value: "452" });
  expect(Number(apart.drawn?.at(-1))).toBe(452);
  // As of the end of a day every account is on that day: 100 + 107, and 100 + 131.
  const together = await evaluate({ now: new Date(`${addDays(last, 1)}T02:00:00Z`), asOf: last });
  expect(together).toMatchObject({ state: "firing", value: "438" });
  expect(Number(together.drawn?.at(-1))).toBe(438);
});

test("the chart of an alert about counts needs no exchange rate, as the alert needs none", async () => {
  const evaluate = await watched(
    { metric: "conversions", above: 1 },
    { zones: ["Europe/Berlin", "Europe/Berlin"], currencies: ["EUR", "DKK"] },
  );
  const { state, value, drawn } = await evaluate({ now: new Date(`${addDays(last, 1)}T12:00:00Z`) });
  expect({ state, value }).toEqual({ state: "firing", value: "6" });
  expect(drawn?.map(Number)).toEqual([14, 10, 6]);
});

test("the chart of an alert has no point where more conversions were taken back than came in", async () => {
  const evaluate = await watched(
    { metric: "cost_per_conversion", above: 1 },
    { zones: ["Europe/Berlin"] },
    (age) => (age === 2 ? -10 : 4),
  );
  const { state, drawn } = await evaluate({ now: new Date(`${addDays(last, 1)}T12:00:00Z`) });
  expect(state).toBe("firing");
  expect(drawn?.map((cost) => cost !== null)).toEqual([false, false, true]);
});
