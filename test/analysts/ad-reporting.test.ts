import { expect, test } from "vitest";
import { rebuild } from "../../src/metrics/rollup/rollup.ts";
import type { Database } from "../../src/warehouse/database.ts";
import { seedWarehouse } from "../../scripts/warehouse-docs/render.ts";
import { freshDatabase } from "../support/database.ts";

const names = async (database: Database, view: string): Promise<string[]> =>
  (await database.pool.query(`select * from ad_reporting.${view} limit 0`)).fields.map(({ name }) => name);

const head = ["source_relation", "date_day", "platform", "account_id", "account_name"];
const figures = ["clicks", "impressions", "spend", "conversions", "conversions_value"];
/** Not in the models: what an amount is in, and amounts that add up over currencies. */
const ours = ["currency", "reporting_currency", "spend_reporting", "conversions_value_reporting"];
const campaign = ["campaign_id", "campaign_name"];
const adGroup = ["ad_group_id", "ad_group_name"];

test.each([
  ["ad_reporting__account_report", [...head, ...figures, ...ours]],
  ["ad_reporting__campaign_report", [...head, ...campaign, ...figures, ...ours]],
  ["ad_reporting__ad_group_report", [...head, ...campaign, ...adGroup, ...figures, ...ours]],
  ["ad_reporting__ad_report", [...head, ...campaign, ...adGroup, "ad_id", "ad_name", ...figures, ...ours]],
])(
  "%s has the columns of the model of that name, and after them those that currencies need",
  async (view, columns) => {
    expect(await names(await freshDatabase(), view)).toEqual(columns);
  },
);

test("platforms have the names that those models give them", async () => {
  const database = await freshDatabase();
  await seedWarehouse(database);
  const { rows } = await database.pool.query(
    "select distinct platform from ad_reporting.ad_reporting__ad_report order by 1",
  );
  expect(rows).toEqual([
    { platform: "facebook_ads" },
    { platform: "google_ads" },
    { platform: "linkedin_ads" },
  ]);
});

test("below the campaign only counted actions count, by the figure that is counted, without organic ones", async () => {
  const database = await freshDatabase();
  await database.pool.query(`
    insert into warehouse.account (platform, account_id, name, currency, time_zone, status, is_active, restatement_days)
    select 'google', id, id, 'EUR', 'UTC', 'ENABLED', true, 33 from unnest(array['1', '2', '3']) id;
    select warehouse.ensure_partition('warehouse.conversion_daily', '2026-10-01');
    insert into warehouse.conversion_daily
    select account_key, '2026-10-05', '10', '20', '30', action, '', traffic, 5, 50, 3, 30, 7, 70
    from warehouse.account, unnest(array['counted', 'uncounted']) action, unnest(array['paid', 'organic']) traffic;
    insert into ops.counting_rule (account_key, measure, actions)
    select account_key, measure, array['counted']
    from warehouse.account join (values ('1', 'conversions'), ('2', 'primary'), ('3', 'all')) c (account_id, measure)
      using (account_id)`);
  await rebuild({ pool: database.pool, reportingCurrency: null }, { from: null, to: null });
  const { rows } = await database.pool.query(`
    select account_id, ad_id, spend::text, conversions::text, conversions_value::text
    from ad_reporting.ad_reporting__ad_report order by account_id`);
  expect(rows).toEqual([
    {
      account_id: "1",
      ad_id: "30",
      spend: "0.000000",
      conversions: "5.000000",
      conversions_value: "50.000000",
    },
    {
      account_id: "2",
      ad_id: "30",
      spend: "0.000000",
      conversions: "3.000000",
      conversions_value: "30.000000",
    },
    {
      account_id: "3",
      ad_id: "30",
      spend: "0.000000",
      conversions: "7.000000",
      conversions_value: "70.000000",
    },
  ]);
});

test("what belongs to no ad keeps its figures in a row without one, and LinkedIn's ad group is its campaign", async () => {
  const database = await freshDatabase();
  await seedWarehouse(database);
  const { rows } = await database.pool.query(`
    select platform, campaign_id, ad_group_id, ad_group_name, ad_id is null as without_ad, count(*)::integer as days
    from ad_reporting.ad_reporting__ad_report
    where campaign_id in ('102', '401') and date_day = '2026-10-05' and (ad_id is null or ad_id like '%a')
    group by 1, 2, 3, 4, 5 order by 1, 2`);
  expect(rows).toEqual([
    {
      platform: "google_ads",
      campaign_id: "102",
      ad_group_id: null,
      ad_group_name: null,
      without_ad: true,
      days: 1,
    },
    {
      platform: "linkedin_ads",
      campaign_id: "401",
      ad_group_id: "401",
      ad_group_name: "CTO Whitepaper",
      without_ad: false,
      days: 1,
    },
  ]);
});

test("accounts of two currencies add up in the reporting currency, and say what their own amounts are in", async () => {
  const database = await freshDatabase();
  await seedWarehouse(database);
  const { rows } = await database.pool.query(`
    select currency, sum(spend) > 0 as spent, sum(spend_reporting) = (
             select sum(m.spend_reporting) from marts.cost_per_conversion_daily m where m.currency = r.currency) as same
    from ad_reporting.ad_reporting__account_report r group by currency order by 1`);
  expect(rows).toEqual(["DKK", "EUR", "USD"].map((currency) => ({ currency, spent: true, same: true })));
});
