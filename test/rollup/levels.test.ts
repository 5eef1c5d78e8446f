import type pg from "pg";
import { expect, test } from "vitest";
import { compareRollups } from "../../src/metrics/rollup/compare.ts";
import { rebuild, rollUpTouched } from "../../src/metrics/rollup/rollup.ts";
import { report } from "../../src/metrics/report.ts";
import { freshDatabase } from "../support/database.ts";
import { load, prepareAccount, scriptedAccount, scriptedConnector } from "../support/scripted.ts";

const day = "2026-03-01";
const paid = [{ action: "purchase", traffic: "paid" as const, hundredths: 150, valueCents: 900 }];
const organic = [{ action: "purchase", traffic: "organic" as const, hundredths: 100, valueCents: 0 }];

/** Two ads, one of them with conversions; the platform's total has 50 cents that belong to none. */
const loaded = async () => {
  const database = await freshDatabase();
  const { pool } = database;
  const account = scriptedAccount();
  const connector = scriptedConnector({
    account,
    days: () => ({
      [day]: {
        ads: [
          {
            campaign: "c1",
            ad: "a1",
            cents: 1000,
            impressions: 10,
            clicks: 4,
            conversions: [...paid, ...organic],
          },
          { campaign: "c1", ad: "a2", cents: 200, impressions: 5, clicks: 1, conversions: [] },
        ],
        accountExtra: 50,
      },
    }),
  });
  const accountKey = await prepareAccount(pool, connector, account);
  await load(pool, connector, { account, accountKey, from: day, to: day });
  const written = await rollUpTouched({ pool, reportingCurrency: null });
  return { ...database, written };
};

const sumsOf = async (pool: pg.Pool, level: string) =>
  (
    await pool.query(
      `select sum(spend) as spend, sum(impressions) as impressions, sum(clicks) as clicks, sum(conversions) as conversions,
              sum(conversion_value) as value, sum(organic_conversions) as organic
       from marts.cost_per_conversion_${level} group by date, currency`,
    )
  ).rows;

test("every level adds up to the day, what belongs to no ad in a row without ids", async () => {
  const { pool } = await loaded();
  const [whole] = await sumsOf(pool, "daily");
  expect(whole).toMatchObject({
    spend: "12.500000",
    clicks: "5",
    conversions: "1.500000",
    organic: "1.000000",
  });
  for (const level of ["by_ad_group_daily", "by_ad_daily"])
    expect(await sumsOf(pool, level)).toEqual([whole]);
  const { rows } = await pool.query(
    "select ad_id, spend, cost_per_conversion from marts.cost_per_conversion_by_ad_daily order by ad_id",
  );
  expect(rows).toEqual([
    { ad_id: "", spend: "0.500000", cost_per_conversion: null },
    { ad_id: "a1", spend: "10.000000", cost_per_conversion: "6.666667" },
    { ad_id: "a2", spend: "2.000000", cost_per_conversion: null },
  ]);
});

test.each(["by_ad_group_daily", "daily", "by_network_daily", "by_action_daily"])(
  "a figure of %s that is not what the facts say is found",
  async (level) => {
    const { pool } = await loaded();
    const options = { pool, reportingCurrency: null };
    expect(await compareRollups(options, { from: null, to: null })).toEqual([]);
    await pool.query(`update figures.cost_per_conversion_${level} set conversions = conversions + 1`);
    const found = await compareRollups(options, { from: null, to: null });
    expect(found.map(({ mart }) => mart)).toContain(`cost_per_conversion_${level}`);
  },
);

test("a report by ad has each ad with its campaign, and adds up to the report by platform", async () => {
  const { db } = await loaded();
  const options = {
    platforms: ["meta", "google", "linkedin"],
    from: day,
    to: day,
    inReportingCurrency: false,
  };
  const ads = await report(db, { ...options, by: ["ad"] });
  expect(ads.map(({ campaign_id, ad_id, spend }) => [campaign_id, ad_id, spend])).toEqual([
    ["", "", "0.500000"],
    ["c1", "a1", "10.000000"],
    ["c1", "a2", "2.000000"],
  ]);
  const [whole] = await report(db, { ...options, by: ["platform"] });
  expect(whole?.["spend"]).toBe("12.500000");
});

const ofSums = [
  ["cost_per_conversion_by_account_daily", "clicks"],
  ["part_daily", "conversions"],
  ["campaign_year_to_date", "spend"],
] as const;

test.each(ofSums)(
  "a sum of %s that is not that of the marts is found and made right again",
  async (table, figure) => {
    const { pool } = await loaded();
    const options = { pool, reportingCurrency: null };
    const whole = { from: null, to: null };
    await pool.query(`update figures.${table} set ${figure} = ${figure} + 1`);
    const found = await compareRollups(options, whole);
    expect(found.map(({ mart }) => mart)).toEqual([table]);
    await rebuild(options, whole);
    expect(await compareRollups(options, whole)).toEqual([]);
  },
);

test("organic conversions are added up by action", async () => {
  const { pool } = await loaded();
  const { rows } = await pool.query(
    "select part_kind, part_id, conversions, organic_conversions from figures.part_daily where part_kind <> 'network' order by 1",
  );
  expect(rows).toEqual([
    { part_kind: "action", part_id: "purchase", conversions: "1.500000", organic_conversions: null },
    { part_kind: "organic_action", part_id: "purchase", conversions: "0", organic_conversions: "1.000000" },
  ]);
});

test("a rollup that breaks at its sums leaves marts and sums as they were, and its marks", async () => {
  const { pool } = await loaded();
  const all = async () => {
    const tables = ["cost_per_conversion_daily", ...ofSums.map(([table]) => table)];
    const read = tables.map(
      async (table) =>
        (await pool.query(`select * from figures.${table} order by 1, 2, 3`)).rows as unknown[],
    );
    return [...(await Promise.all(read)), (await pool.query("select * from ops.touched_days")).rows];
  };
  await pool.query("update warehouse.ad_daily set clicks = clicks + 7");
  await pool.query(
    "insert into ops.touched_days (account_key, from_date, to_date) select account_key, $1, $1 from warehouse.account",
    [day],
  );
  const before = await all();
  await pool.query("alter table figures.campaign_year_to_date add constraint broken check (clicks < 10)");
  await expect(rollUpTouched({ pool, reportingCurrency: null })).rejects.toThrow("broken");
  expect(await all()).toEqual(before);
  await pool.query("alter table figures.campaign_year_to_date drop constraint broken");
  expect(await rollUpTouched({ pool, reportingCurrency: null })).toBeGreaterThan(0);
  expect(await compareRollups({ pool, reportingCurrency: null }, { from: null, to: null })).toEqual([]);
});
