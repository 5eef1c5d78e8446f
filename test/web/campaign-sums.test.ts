import fc from "fast-check";
import type pg from "pg";
import { expect, test } from "vitest";
import { addDays } from "../../src/domain/day.ts";
import { pointsOf } from "../../src/web/api/campaign-points.ts";
import { breakdown, breakdownQuery } from "../../src/web/api/breakdown.ts";
import { reading } from "../../src/web/api/read.ts";
import { refreshSums } from "../../src/metrics/rollup/refresh-sums.ts";
import type { Database } from "../../src/warehouse/database.ts";
import { freshDatabase } from "../support/database.ts";

const runs = Number(process.env["PROPERTY_RUNS"] ?? 12);

const first = "2025-11-01";
const lastDay = "2026-06-30";
const campaigns = 4;

const day = fc.integer({ min: 0, max: 241 }).map((days) => addDays(first, days));
const range = fc.tuple(day, day).map(([a, b]) => (a < b ? { from: a, to: b } : { from: b, to: a }));
const campaign = fc.integer({ min: 1, max: campaigns }).map(String);
const account = fc.integer({ min: 1, max: 2 });

/** What may happen to the mart, and to the sums of it, in any order. */
const step = fc.oneof(
  fc.record({ kind: fc.constant("write" as const), account, range, salt: fc.integer() }),
  fc.record({ kind: fc.constant("forget" as const), account, campaign, range }),
  fc.record({ kind: fc.constant("close" as const), account, campaign }),
  fc.record({ kind: fc.constant("unrate" as const), account, range }),
  fc.record({ kind: fc.constant("age" as const), today: day }),
  fc.record({ kind: fc.constant("refresh" as const), months: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constant("refresh" as const), months: fc.constant(100) }),
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

// Each campaign has figures on some days only, and one changes its currency in the middle.
const write = `
  insert into figures.cost_per_conversion_daily
    (account_key, date, campaign_id, currency, spend, impressions, clicks, conversions, conversion_value,
     organic_conversions, reporting_currency, spend_reporting, conversion_value_reporting, refreshed_at)
  select a.account_key, d::date, c::text,
         case when a.account_key = 2 or (c = 2 and d < '2026-03-15') then 'USD' else 'EUR' end, h % 977 / 100.0, h % 1000, h % 50,
         h % 7 * 0.25, h % 7 * 10, h % 3, 'EUR', h % 977 / 110.0, h % 7 * 9, now()
  from warehouse.account a, generate_series($2::date, $3::date, interval '1 day') d, generate_series(1, $5::int) c,
       lateral (select abs(hashtext(c || d::text || $4::text)::bigint) as h) x
  where a.account_key = $1 and h % 3 > 0
  on conflict (account_key, date, campaign_id) do update
  set spend = excluded.spend, conversions = excluded.conversions, conversion_value = excluded.conversion_value,
      spend_reporting = excluded.spend_reporting, conversion_value_reporting = excluded.conversion_value_reporting`;

const take = async (pool: pg.Pool, done: Step): Promise<void> => {
  const mart = "figures.cost_per_conversion_daily";
  if (done.kind === "write")
    await pool.query(write, [done.account, done.range.from, done.range.to, done.salt, campaigns]);
  else if (done.kind === "forget")
    await pool.query(
      `delete from ${mart} where account_key = $1 and campaign_id = $2 and date between $3 and $4`,
      [done.account, done.campaign, done.range.from, done.range.to],
    );
  else if (done.kind === "close")
    await pool.query(`delete from ${mart} where account_key = $1 and campaign_id = $2`, [
      done.account,
      done.campaign,
    ]);
  else if (done.kind === "unrate")
    await pool.query(
      `update ${mart} set spend_reporting = null, conversion_value_reporting = null
       where account_key = $1 and date between $2 and $3 and currency = 'USD'`,
      [done.account, done.range.from, done.range.to],
    );
  else if (done.kind === "age")
    await pool.query(
      `insert into ops.rollup_day select account_key, $1 from warehouse.account
       on conflict (account_key) do update set today = excluded.today`,
      [done.today],
    );
  else await pool.query("select marts.refresh_campaign_months($1)", [done.months]);
};

const prepared = async (): Promise<Database> => {
  const database = await freshDatabase();
  const { pool } = database;
  await pool.query(
    `insert into warehouse.account (platform, account_id, name, currency, time_zone, status, is_active, restatement_days)
     select 'google', n::text, 'Account ' || n, case n when 1 then 'EUR' else 'USD' end, 'UTC', 'ENABLED', true, 30 from generate_series(1, 2) n`,
  );
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

test("campaigns over any range are what the mart says, whatever was restated, deleted, unrated or summed up in between", async () => {
  const database = await prepared();
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 10 }),
      fc.array(range, { minLength: 3, maxLength: 5 }),
      async (steps, ranges) => {
        await database.pool.query("truncate figures.cost_per_conversion_daily");
        await take(database.pool, {
          kind: "write",
          account: 1,
          range: { from: "2026-01-20", to: "2026-05-10" },
          salt: 0,
        });
        await take(database.pool, { kind: "refresh", months: 100 });
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

test("whoever writes and several who sum up at once leave sums that are the mart's", async () => {
  const database = await prepared();
  const { pool } = database;
  const whole = { from: first, to: lastDay };
  const written = new AbortController();
  const writer = async (account: number): Promise<void> => {
    for (let salt = 0; salt < 12; salt += 1)
      await take(pool, {
        kind: "write",
        account,
        range: { from: addDays(first, salt * 9), to: addDays(first, 60 + salt * 15) },
        salt,
      });
  };
  const summer = async (): Promise<void> => {
    while (!written.signal.aborted) await pool.query("select marts.refresh_campaign_months(2)");
  };
  const summers = [summer(), summer()];
  await Promise.all([writer(1), writer(2)]);
  written.abort();
  await Promise.all(summers);
  const before = await both(database, whole, "EUR");
  expect(before.shown).toEqual(before.told);
  await refreshSums(database.db, new AbortController().signal);
  const { rows } = await pool.query("select from ops.stale_campaign_month");
  expect(rows).toHaveLength(0);
  const after = await both(database, whole, "EUR");
  expect(after.shown).toEqual(after.told);
});

test("a range of three years takes six sums of an account, and only its stale months are asked of the mart", () => {
  const range = { from: "2023-11-22", to: "2026-11-20" };
  const account = { account_key: 7, last_month: "2026-11-01", first_open: "2026-10-21" };
  const fresh = pointsOf(range, [{ ...account, stale: [] }]);
  expect(fresh).toEqual({
    months: [
      { account_key: 7, date: "2026-10-01", sign: 1, open: 1 },
      { account_key: 7, date: "2023-10-01", sign: -1, open: 0 },
      { account_key: 7, date: "2026-09-01", sign: 0, open: -1 },
    ],
    days: [
      { account_key: 7, date: "2026-11-20", sign: 1, open: 1 },
      { account_key: 7, date: "2023-11-21", sign: -1, open: 0 },
      { account_key: 7, date: "2026-10-20", sign: 0, open: -1 },
    ],
    unsummed: [],
  });
  const stale = pointsOf(range, [{ ...account, stale: ["2026-11-01"] }]);
  expect(stale.unsummed).toEqual([{ account_key: 7, from: "2026-11-01", to: "2026-11-20" }]);
  expect(stale.months).toEqual([
    { account_key: 7, date: "2026-10-01", sign: 1, open: 1 },
    { account_key: 7, date: "2023-10-01", sign: -1, open: 0 },
    { account_key: 7, date: "2026-09-01", sign: 0, open: -1 },
  ]);
});

test("days after the last month that was summed up add nothing", () => {
  const account = { account_key: 1, last_month: "2026-01-01", first_open: null };
  expect(pointsOf({ from: "2026-02-01", to: "2026-03-10" }, [{ ...account, stale: [] }])).toEqual({
    months: [],
    days: [],
    unsummed: [],
  });
  expect(pointsOf({ from: "2026-01-01", to: "2026-03-31" }, [{ ...account, stale: ["2026-03-01"] }])).toEqual(
    {
      months: [
        { account_key: 1, date: "2026-01-01", sign: 1, open: 1 },
        { account_key: 1, date: "2025-12-01", sign: -1, open: -1 },
      ],
      days: [],
      unsummed: [{ account_key: 1, from: "2026-03-01", to: "2026-03-31" }],
    },
  );
});
