import fc from "fast-check";
import type pg from "pg";
import { expect, test } from "vitest";
import { addDays, type DayRange, eachDay } from "../../src/domain/day.ts";
import { pointsOf } from "../../src/web/api/campaign-points.ts";
import { breakdown, breakdownQuery } from "../../src/web/api/breakdown.ts";
import { reading } from "../../src/web/api/read.ts";
import type { Database } from "../../src/warehouse/database.ts";
import { freshDatabase } from "../support/database.ts";
import { addUpSums } from "../support/sums.ts";

const runs = Number(process.env["PROPERTY_RUNS"] ?? 12);

const first = "2025-11-01";
const lastDay = "2026-06-30";
const campaigns = 4;

const day = fc.integer({ min: 0, max: 241 }).map((days) => addDays(first, days));
const range = fc.tuple(day, day).map(([a, b]) => (a < b ? { from: a, to: b } : { from: b, to: a }));
const campaign = fc.integer({ min: 1, max: campaigns }).map(String);
const account = fc.integer({ min: 1, max: 2 });

/** What may happen to the mart, in any order; the sums follow each change as the rollup sees to it. */
const step = fc.oneof(
  fc.record({ kind: fc.constant("write" as const), account, range, salt: fc.integer() }),
  fc.record({ kind: fc.constant("forget" as const), account, campaign, range }),
  fc.record({ kind: fc.constant("close" as const), account, campaign }),
  fc.record({ kind: fc.constant("empty" as const), account, range }),
  fc.record({ kind: fc.constant("unrate" as const), account, range }),
  fc.record({ kind: fc.constant("age" as const), today: day }),
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

// Each campaign has figures on some days only.
const write = `
  insert into figures.cost_per_conversion_daily
    (account_key, date, campaign_id, currency, spend, impressions, clicks, conversions, conversion_value,
     organic_conversions, reporting_currency, spend_reporting, conversion_value_reporting, refreshed_at)
  select a.account_key, d::date, c::text,
         a.currency, h % 977 / 100.0, h % 1000, h % 50,
         h % 7 * 0.25, h % 7 * 10, h % 3, 'EUR', h % 977 / 110.0, h % 7 * 9, now()
  from warehouse.account a, generate_series($2::date, $3::date, interval '1 day') d, generate_series(1, $5::int) c,
       lateral (select abs(hashtext(c || d::text || $4::text)::bigint) as h) x
  where a.account_key = $1 and h % 3 > 0
  on conflict (account_key, date, campaign_id) do update
  set spend = excluded.spend, conversions = excluded.conversions, conversion_value = excluded.conversion_value,
      spend_reporting = excluded.spend_reporting, conversion_value_reporting = excluded.conversion_value_reporting`;

const take = async (pool: pg.Pool, done: Step): Promise<void> => {
  const mart = "figures.cost_per_conversion_daily";
  const whole = { from: first, to: lastDay };
  const change = async (account: number, { from, to }: DayRange, query: string, more: unknown[] = []) => {
    await pool.query(query, [account, from, to, ...more]);
    await addUpSums(pool, account, eachDay({ from, to }));
  };
  const ofDays = "where account_key = $1 and date between $2 and $3";
  if (done.kind === "write") await change(done.account, done.range, write, [done.salt, campaigns]);
  else if (done.kind === "forget")
    await change(done.account, done.range, `delete from ${mart} ${ofDays} and campaign_id = $4`, [
      done.campaign,
    ]);
  else if (done.kind === "close")
    await change(done.account, whole, `delete from ${mart} ${ofDays} and campaign_id = $4`, [done.campaign]);
  else if (done.kind === "empty") await change(done.account, done.range, `delete from ${mart} ${ofDays}`);
  else if (done.kind === "unrate")
    await change(
      done.account,
      done.range,
      `update ${mart} set spend_reporting = null, conversion_value_reporting = null ${ofDays} and currency = 'USD'`,
    );
  else
    await pool.query(
      `insert into ops.rollup_day select account_key, $1 from warehouse.account
       on conflict (account_key) do update set today = excluded.today`,
      [done.today],
    );
};

const prepared = async (): Promise<Database> => {
  const database = await freshDatabase();
  const { pool } = database;
  await pool.query(
    `insert into warehouse.account (platform, account_id, name, currency, time_zone, status, is_active, restatement_days)
     select 'google', n::text, 'Account ' || n, case n when 1 then 'EUR' else 'USD' end, 'UTC', 'ENABLED', true, 30 from generate_series(1, 2) n`,
  );
  await pool.query("insert into ops.rollup_day select account_key, $1 from warehouse.account", [first]);
  await pool.query(
    `select warehouse.ensure_partition(('figures.cost_per_conversion_' || t)::regclass, m::date)
     from unnest(array['daily', 'by_network_daily', 'by_action_daily']) t,
          generate_series($1::date, $2::date, interval '1 month') m`,
    [first, lastDay],
  );
  return database;
};

interface Told {
  readonly account_id: string | null;
  readonly campaign_id: string | null;
  readonly currency: string | null;
}

const order = (rows: readonly Told[]): readonly Told[] =>
  rows.toSorted((a, b) =>
    [a.account_id, a.campaign_id, a.currency]
      .join()
      .localeCompare([b.account_id, b.campaign_id, b.currency].join()),
  );

const columns = [
  "spend",
  "impressions",
  "clicks",
  "conversions",
  "conversion_value",
  "organic_conversions",
  "cost_per_conversion",
] as const;

/** What the page shows by campaign, and what SQL on the mart says. */
const both = async ({ db, pool }: Database, asked: { from: string; to: string }, currency: string) => {
  const query = breakdownQuery.parse({ ...asked, by: "campaign", size: 100, currency });
  const { rows } = await reading(db, (read) => breakdown(read, query));
  const shown = rows.map((row) => ({
    account_id: row.account_id,
    campaign_id: row.campaign_id,
    currency: row.currency,
    is_final: row.is_final,
    ...Object.fromEntries(columns.map((name) => [name, row[name]])),
  }));
  const [suffix, own] = currency === "EUR" ? ["_reporting", ""] : ["", `and currency = '${currency}'`];
  const whole = (column: string): string =>
    `case when count(*) = count(${column}${suffix}) then sum(${column}${suffix}) end`;
  const { rows: told } = await pool.query<Told>(
    `select account_id, campaign_id, '${currency}' as currency, bool_and(is_final) as is_final,
            ${whole("spend")} as spend, sum(impressions) as impressions, sum(clicks) as clicks,
            sum(conversions) as conversions, ${whole("conversion_value")} as conversion_value,
            sum(organic_conversions) as organic_conversions, ${whole("spend")} / nullif(sum(conversions), 0) as cost_per_conversion
     from marts.cost_per_conversion_daily where date between $1 and $2 ${own} group by 1, 2`,
    [asked.from, asked.to],
  );
  return { shown: order(shown), told: order(told) };
};

test("campaigns over any range are what the mart says, whatever was restated, deleted or unrated before", async () => {
  const database = await prepared();
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 10 }),
      fc.array(range, { minLength: 3, maxLength: 5 }),
      async (steps, ranges) => {
        await database.pool.query(
          "truncate figures.cost_per_conversion_daily, figures.cost_per_conversion_by_account_daily, figures.campaign_year_to_date",
        );
        await take(database.pool, {
          kind: "write",
          account: 1,
          range: { from: "2026-01-20", to: "2026-05-10" },
          salt: 0,
        });
        for (const done of steps) await take(database.pool, done);
        for (const asked of ranges) {
          const reporting = await both(database, asked, "EUR");
          expect(reporting.shown).toEqual(reporting.told);
        }
        const own = await both(database, { from: first, to: lastDay }, "USD");
        expect(own.shown).toEqual(own.told);
      },
    ),
    { numRuns: runs, endOnFailure: process.env["PROPERTY_SHRINK"] === undefined },
  );
}, 120_000);

test("an account that pauses for months, or starts anew after a year, adds up over the gap", async () => {
  const database = await prepared();
  for (const [from, to] of [
    ["2025-11-03", "2025-11-05"],
    ["2026-02-27", "2026-03-01"],
    ["2026-06-29", "2026-06-30"],
  ] as const) {
    await take(database.pool, { kind: "write", account: 1, range: { from, to }, salt: 3 });
    for (const asked of [
      { from: first, to: lastDay },
      { from: "2025-11-10", to: "2026-03-20" },
      { from: "2026-01-01", to: "2026-06-29" },
    ]) {
      const { shown, told } = await both(database, asked, "EUR");
      expect(shown).toEqual(told);
    }
  }
  // Deleted again, so that the account ends in March.
  await take(database.pool, { kind: "empty", account: 1, range: { from: "2026-06-01", to: lastDay } });
  const { shown, told } = await both(database, { from: "2025-11-04", to: lastDay }, "EUR");
  expect(shown).toEqual(told);
  const { rows } = await database.pool.query(
    "select max(date)::text as last from figures.campaign_year_to_date",
  );
  expect(rows).toEqual([{ last: "2026-03-08" }]);
});

test("a sum that no bigint holds is unknown, and those of other campaigns are as before", async () => {
  const database = await prepared();
  const { pool } = database;
  const range = { from: "2026-02-01", to: "2026-03-20" };
  await take(pool, { kind: "write", account: 1, range, salt: 1 });
  await pool.query(
    "update figures.cost_per_conversion_daily set conversion_value_reporting = 900000000000 where campaign_id = '1'",
  );
  await addUpSums(pool, 1, eachDay(range));
  await take(pool, { kind: "write", account: 1, range: { from: "2026-03-21", to: "2026-04-30" }, salt: 1 });
  const { shown, told } = await both(database, { from: first, to: lastDay }, "EUR");
  const unknown = order(told).map((row) =>
    row.campaign_id === "1" ? { ...row, conversion_value: null } : row,
  );
  expect(shown).toEqual(unknown);
});

const known = { account_key: 7, currency: "EUR", open_from: "2026-10-21" };

test("a range of three years takes a sum a year and account, and the days between them and its edges", () => {
  const last_days = ["2023-12-31", "2024-12-31", "2025-12-31", "2026-11-27"];
  const { points, edges } = pointsOf({ from: "2023-11-22", to: "2026-11-20" }, [{ ...known, last_days }]);
  expect(points).toEqual([
    { account_key: 7, date: "2023-12-31", sign: 1 },
    { account_key: 7, date: "2023-11-24", sign: -1 },
    { account_key: 7, date: "2024-12-31", sign: 1 },
    { account_key: 7, date: "2025-12-31", sign: 1 },
    { account_key: 7, date: "2026-11-16", sign: 1 },
  ]);
  expect(edges).toEqual([
    { account_keys: [7], from: "2023-11-22", to: "2023-11-24", sign: 1 },
    { account_keys: [7], from: "2026-11-17", to: "2026-11-20", sign: 1 },
  ]);
});

test("a range up to the youngest day has no edge there, and a week is read from the mart alone", () => {
  const account = { ...known, last_days: ["2026-01-20"] };
  expect(pointsOf({ from: "2026-02-01", to: "2026-03-10" }, [account])).toEqual({ points: [], edges: [] });
  for (const to of ["2026-01-20", "2026-03-31"])
    expect(pointsOf({ from: "2026-01-01", to }, [account])).toEqual({
      points: [{ account_key: 7, date: "2026-01-24", sign: 1 }],
      edges: [],
    });
  expect(pointsOf({ from: "2026-01-03", to: "2026-01-10" }, [account])).toEqual({
    points: [],
    edges: [{ account_keys: [7], from: "2026-01-03", to: "2026-01-10", sign: 1 }],
  });
});
