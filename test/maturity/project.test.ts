import type pg from "pg";
import { expect, test } from "vitest";
import { addDays } from "../../src/domain/day.ts";
import { learnMaturity } from "../../src/metrics/maturity/learn.ts";
import { compareRollups } from "../../src/metrics/rollup/compare.ts";
import { rebuild, rollUpTouched } from "../../src/metrics/rollup/rollup.ts";
import { freshDatabase } from "../support/database.ts";
import { load, prepareAccount, scriptedAccount, scriptedConnector } from "../support/scripted.ts";

const first = "2026-03-01";
const range = { from: first, to: addDays(first, 9) };

/** Ten days with 100 spent each, four conversions on the odd ones; final after five days. */
const opened = async () => {
  const { pool } = await freshDatabase();
  const account = scriptedAccount();
  const connector = scriptedConnector({
    account,
    days: () =>
      Object.fromEntries(
        Array.from({ length: 10 }, (_, index) => {
          const conversions = [
            { action: "purchase", traffic: "paid" as const, hundredths: 400, valueCents: 100 },
          ];
          const ad = { campaign: "c1", ad: "a1", cents: 10_000, impressions: 1, clicks: 1 };
          return [
            addDays(first, index),
            { ads: [{ ...ad, conversions: index % 2 === 0 ? conversions : [] }] },
          ];
        }),
      ),
  });
  const accountKey = await prepareAccount(pool, connector, account);
  await load(pool, connector, { account, accountKey, ...range });
  /** The night after the day: rolls up, learns, rolls up; the rows that the marts were written. */
  const night = async (day: string) => {
    const now = new Date(`${addDays(day, 1)}T04:00:00Z`);
    const clock = () => now;
    const before = await rollUpTouched({ pool, reportingCurrency: null, clock });
    await learnMaturity({ pool, now });
    return before + (await rollUpTouched({ pool, reportingCurrency: null, clock }));
  };
  return { pool, night };
};

const told = async (pool: pg.Pool) =>
  (
    await pool.query<{
      date: string;
      is_final: boolean;
      share: string | null;
      conversions: number;
      projected: number | null;
      cost: number | null;
      refreshed_at: Date;
    }>(
      `select m.date, m.is_final, m.conversions::float8 as conversions, m.projected_conversions::float8 as projected,
              m.projected_cost_per_conversion::float8 as cost, m.refreshed_at
       from marts.cost_per_conversion_daily m order by m.date`,
    )
  ).rows;

const shareAt = async (pool: pg.Pool, age: number) =>
  Number(
    (
      await pool.query<{ share: string }>("select share from marts.conversion_maturity where age_days = $1", [
        age,
      ])
    ).rows[0]?.share,
  );

test("days that may still move are projected by the share known at their age; final days are not", async () => {
  const { pool, night } = await opened();
  await night(range.to);
  const days = await told(pool);
  expect(days.filter(({ is_final }) => is_final)).toHaveLength(5);
  for (const { date, is_final, conversions, projected, cost } of days) {
    if (is_final) {
      expect([projected, cost]).toEqual([null, null]);
      continue;
    }
    const age = (Date.parse("2026-03-11") - Date.parse(date)) / 86_400_000;
    const expected = conversions / (await shareAt(pool, age));
    expect(projected).toBeCloseTo(expected, 5);
    if (conversions === 0) expect(cost).toBeNull();
    else expect(cost).toBeCloseTo(100 / expected, 4);
  }
  expect(days.filter(({ projected }) => projected !== null && projected > 4).length).toBeGreaterThan(0);
});

test("a night on which nothing changed makes days final and projections move, and writes no row for it", async () => {
  const { pool, night } = await opened();
  await night(range.to);
  const before = await told(pool);
  expect(await night(range.to)).toBe(0);
  const history = async () => (await pool.query("select from marts.cost_per_conversion_history")).rowCount;
  const changes = await history();
  const written = await night(addDays(range.to, 1));
  const after = await told(pool);
  const moved = after.filter(
    (day, index) => day.projected !== before[index]?.projected || day.is_final !== before[index]?.is_final,
  );
  expect(moved.length).toBeGreaterThan(0);
  expect(moved.length).toBeLessThan(after.length);
  expect(moved.some(({ is_final }) => is_final)).toBe(true);
  expect(written).toBe(0);
  expect(after.map(({ refreshed_at }) => refreshed_at)).toEqual(
    before.map(({ refreshed_at }) => refreshed_at),
  );
  expect(await history()).toBe(changes);
});

test("a restatement window that becomes deeper takes finality back", async () => {
  const { pool, night } = await opened();
  await night(range.to);
  await pool.query("update warehouse.account set restatement_days = 8");
  await night(range.to);
  expect((await told(pool)).filter(({ is_final }) => is_final)).toHaveLength(2);
});

test("aging by the calendar comes to what a rebuild from the facts comes to, and is no difference before the next night", async () => {
  const { pool, night } = await opened();
  await night(range.to);
  await night(addDays(range.to, 2));
  const at = (day: string, hour: string) => ({
    pool,
    reportingCurrency: null,
    clock: () => new Date(`${day}T${hour}:00:00Z`),
  });
  const all = { from: null, to: null };
  expect(await rebuild(at(addDays(range.to, 3), "05"), all)).toBe(0);
  expect(await compareRollups(at(addDays(range.to, 4), "01"), all)).toEqual([]);
});
