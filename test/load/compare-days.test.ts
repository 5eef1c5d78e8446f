import type pg from "pg";
import { expect, test } from "vitest";
import { freshDatabase } from "../support/database.ts";
import type { ScriptedDay, ScriptedDays } from "../support/scripted.ts";
import { adOf, changes, provesLargeDays, range, truth } from "./large-days.ts";
import { emptied, subjectOf, warehouseOf } from "./subject.ts";

/** Bytes of the rows that were staged since the tables were emptied. */
const stagedBytes = async (pool: pg.Pool, table: string): Promise<number> => {
  const { rows } = await pool.query<{ bytes: string }>("select pg_relation_size($1::regclass) as bytes", [
    `staging.${table}`,
  ]);
  return Number(rows[0]?.bytes);
};

test.each(["exact", "estimate"] as const)(
  "split %s: however a large day changes, it ends as one load of it does, and a change back brings back what was",
  async (split) => {
    const { pool } = await freshDatabase();
    await provesLargeDays(pool, split, 25);
  },
  240_000,
);

test("of a large day only the rows that differ are staged and written", async () => {
  const { pool } = await freshDatabase();
  const large: ScriptedDay = { ads: Array.from({ length: 3_000 }, (_, index) => adOf(index + 10)) };
  const days = (day: ScriptedDay): ScriptedDays => ({ [range.from]: day, [range.to]: truth });
  const it = await subjectOf({ pool, split: "exact", range, days: days(large) });
  let day = large;
  for (const [name, at] of [
    ["spend", 100],
    ["gone", 200],
    ["added", 300],
    ["conversions", 401],
  ] as const)
    day = changes[name]?.(day, at) ?? day;
  it.say(days(day));
  await emptied(pool);
  expect((await it.pull()).rowsWritten).toBeLessThan(20);
  // The first few rows of a COPY take eight pages of 8 KiB; those of the whole day would take forty.
  for (const table of ["ad_daily", "conversion_daily", "ad_daily_replaced", "conversion_daily_replaced"])
    expect(await stagedBytes(pool, table)).toBeLessThanOrEqual(65_536);
});

test("a published row of a large day that somebody changed by hand is put right", async () => {
  const { pool } = await freshDatabase();
  const it = await subjectOf({
    pool,
    split: "exact",
    range,
    days: { [range.from]: truth, [range.to]: truth },
  });
  const before = await warehouseOf(pool, it.accountKey);
  await pool.query("update warehouse.ad_daily set clicks = clicks + 1 where ad_id in ('ad 90', 'ad 91')");
  await pool.query("update warehouse.ad_daily set ad_id = 'not an ad' where ad_id = 'ad 92'");
  await it.pull();
  expect(await warehouseOf(pool, it.accountKey)).toBe(before);
});
