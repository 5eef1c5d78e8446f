import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { kpis } from "../../src/metrics/kpi/catalogue.ts";
import { kpiDocs } from "../../src/metrics/kpi/docs.ts";
import { measureSql } from "../../src/metrics/kpi/measure-sql.ts";
import { importedMeasures } from "../../src/metrics/kpi/measures.ts";
import { readKpis } from "../../src/metrics/kpi/read.ts";
import { freshDatabase } from "../support/database.ts";
import { load, rollUp, rollUpWhole, seedSpend } from "./support.ts";

test("docs/kpis.md is what the catalogue says today", async () => {
  expect(await readFile(join(import.meta.dirname, "..", "..", "docs", "kpis.md"), "utf8")).toBe(kpiDocs());
});

test("no KPI claims the letters cpc, and no two the same id and count", () => {
  expect(kpis.filter(({ id }) => id === "cpc")).toEqual([]);
  const names = kpis.map(({ id, conversionSource }) => `${id} ${conversionSource ?? ""}`);
  expect(new Set(names).size).toBe(names.length);
});

test("every measure of the catalogue is computed or imported", () => {
  const used = kpis.flatMap(({ numerator, denominator }) => [...numerator, ...denominator]);
  const unknown = used.filter(
    ({ measure }) =>
      importedMeasures[measure] === undefined && !measureSql.includes(`'${measure}' as measure`),
  );
  expect(unknown).toEqual([]);
});

test("organic activity is in no figure but its own", () => {
  const holding = kpis.filter(({ numerator, denominator }) =>
    [...numerator, ...denominator].some(({ measure }) => measure === "organic_activity_cost"),
  );
  expect(holding.map(({ id }) => id)).toEqual(["left_out_organic_activity_cost"]);
});

test("over days sums are divided, ratios are never averaged", async () => {
  const database = await freshDatabase();
  const spend = { platform: "google", account: "1", campaign: "g", spend: "100" };
  await seedSpend(database, { ...spend, date: "2026-11-01", conversions: "1" });
  await seedSpend(database, { ...spend, date: "2026-11-02", conversions: "9" });
  await rollUp(database);
  const rows = await readKpis(database.db, {
    ids: ["cost_per_conversion"],
    by: ["month"],
    from: "2026-11-01",
    to: "2026-11-30",
  });
  expect(rows.filter((row) => row.of === "platform")).toMatchObject([
    { period: "2026-11-01", value: expect.stringMatching(/^20\.0+$/), unit: "EUR", coverage: "1.0000" },
  ]);
});

test("an organic conversion and the cost of organic activity move nothing but the blended figure", async () => {
  const database = await freshDatabase();
  const at = "2026-11-01T10:00:00Z";
  await seedSpend(database, {
    platform: "google",
    account: "1",
    campaign: "g",
    date: "2026-11-01",
    spend: "100",
  });
  await load(database, "conversions", "conversion_id,conversion_name,converted_at,gclid", `A,p,${at},x`);
  const figures = async () => {
    await rollUp(database);
    const { rows } = await database.pool.query<{ kpi: string; value: string | null }>(
      "select kpi || dimensions::text as kpi, value from marts.kpi_daily where date = '2026-11-01' order by 1",
    );
    return new Map(rows.map(({ kpi, value }) => [kpi, value]));
  };
  const before = await figures();
  await load(
    database,
    "conversions",
    "conversion_id,conversion_name,converted_at,source,medium",
    `B,p,${at},google,organic`,
  );
  await load(
    database,
    "costs",
    "period_start,period_end,cost_class,amount,currency",
    "2026-11-01,2026-11-30,organic_activity,3000,EUR",
  );
  const after = await figures();
  const moved = [...after].filter(([kpi, value]) => before.get(kpi) !== value).map(([kpi]) => kpi);
  expect(moved).toEqual([
    'blended_cost_per_conversion{"conversion_source": "first_party"}',
    "left_out_organic_activity_cost{}",
  ]);
});

test("cost per conversion times conversions is the spend, for any days", async () => {
  const database = await freshDatabase();
  const day = fc.record({
    spend: fc.integer({ min: 0, max: 99_999 }),
    conversions: fc.integer({ min: 0, max: 50 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(day, { minLength: 1, maxLength: 8 }), async (days) => {
      for (const table of ["cost_per_conversion_daily", "cost_per_conversion_by_account_daily"])
        await database.pool.query(`delete from figures.${table}`);
      for (const [index, { spend, conversions }] of days.entries())
        await seedSpend(database, {
          platform: "google",
          account: "1",
          campaign: "g",
          date: `2026-11-0${String(index + 1)}`,
          spend: `${String(spend)}.37`,
          conversions: String(conversions),
        });
      await rollUpWhole(database);
      const [row] = await readKpis(database.db, {
        ids: ["cost_per_conversion"],
        by: [],
        from: "2026-11-01",
        to: "2026-11-30",
      }).then((rows) => rows.filter(({ of }) => of === "platform"));
      const spend = days.reduce((sum, { spend }) => sum + spend + 0.37, 0);
      const conversions = days.reduce((sum, { conversions }) => sum + conversions, 0);
      if (conversions === 0) expect(row?.value).toBeNull();
      else expect(Number(row?.value) * conversions).toBeCloseTo(spend, 4);
    }),
    { numRuns: 5 },
  );
});

test("values that together fit no column are unknown, and every other figure is there", async () => {
  const database = await freshDatabase();
  await seedSpend(database, {
    platform: "google",
    account: "1",
    campaign: "g",
    date: "2026-11-01",
    spend: "100",
  });
  const lines = ["A", "B"].map((id) => `${id},p,2026-11-01T10:00:00Z,x,google,1,g,600000000000,EUR`);
  await load(
    database,
    "conversions",
    "conversion_id,conversion_name,converted_at,gclid,platform,account_id,campaign_id,value,currency",
    lines.join("\n"),
  );
  await load(
    database,
    "costs",
    "period_start,period_end,cost_class,amount,currency",
    Array(2).fill("2026-11-01,2026-11-01,tool,600000000000,EUR").join("\n"),
  );
  await rollUp(database, { reportingCurrency: "EUR" });
  const read = async (query: string) =>
    (await database.pool.query<Record<string, string | null>>(query)).rows;
  expect(
    await read(
      "select conversions::integer, conversion_value from marts.channel_daily where conversions > 0",
    ),
  ).toEqual([{ conversions: 2, conversion_value: null }]);
  expect(
    await read(
      "select conversions::integer, conversion_value from figures.paid_cost_per_conversion_first_party_daily where conversions > 0",
    ),
  ).toEqual([{ conversions: 2, conversion_value: null }]);
  const kpi = (id: string) =>
    read(`select numerator, value from marts.kpi_daily
          where kpi = '${id}' and dimensions = '{"conversion_source": "first_party"}'`);
  expect(await kpi("cost_per_conversion")).toEqual([{ numerator: "100.000000", value: "50.000000" }]);
  // The costs fit no column; a conversion's share of them does.
  expect(await kpi("fully_loaded_cost_per_conversion")).toEqual([
    { numerator: null, value: "600000000050.000000" },
  ]);
});
