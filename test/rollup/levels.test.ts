import type pg from "pg";
import { expect, test } from "vitest";
import { compareRollups, rollUpTouched } from "../../src/metrics/rollup/rollup.ts";
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
