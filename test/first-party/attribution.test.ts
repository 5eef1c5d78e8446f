import { expect, test } from "vitest";
import type { Database } from "../../src/warehouse/database.ts";
import { storeEntities } from "../../src/warehouse/dimensions.ts";
import { inTransaction } from "../../src/warehouse/transaction.ts";
import { freshDatabase } from "../support/database.ts";
import { rowsOf } from "../imports/support.ts";
import { load, rollUp, seedCampaign, seedSpend } from "./support.ts";

const at = "2026-11-01T10:00:00+01:00";

const seedClick = (database: Database, id: string, campaign: string, network: string, date = "2026-10-30") =>
  database.pool.query(
    "insert into warehouse.click (platform, click_id, date, account_id, campaign_id, network) values ('google', $1, $2, '1', $3, $4)",
    [id, date, campaign, network],
  );

const settled = (database: Database) =>
  rowsOf(
    database,
    `select conversion_id as id, channel, traffic, platform, evidence, account_id, joined_campaign_id as campaign, joined_by
     from warehouse.first_party_conversion order by conversion_id`,
  );

const header = "conversion_id,conversion_name,converted_at";

test("a click id that Google's report explains joins its campaign, and its network names the channel", async () => {
  const database = await freshDatabase();
  await seedCampaign(database, { platform: "google", account: "1", id: "100", type: "PERFORMANCE_MAX" });
  await seedCampaign(database, { platform: "google", account: "1", id: "200", type: "SEARCH" });
  await seedClick(database, "click-a", "100", "SEARCH");
  await seedClick(database, "click-b", "200", "YOUTUBE");
  await load(
    database,
    "conversions",
    `${header},gclid,medium`,
    `A,p,${at},click-a,email`,
    `B,p,${at},click-b,`,
    `C,p,${at},click-unknown,`,
  );
  await rollUp(database);
  const joined = { traffic: "paid", platform: "google", account_id: "1" };
  expect(await settled(database)).toEqual([
    {
      id: "A",
      channel: "Cross-network",
      evidence: "click_join",
      campaign: "100",
      joined_by: "click",
      ...joined,
    },
    {
      id: "B",
      channel: "Paid Video",
      evidence: "click_join",
      campaign: "200",
      joined_by: "click",
      ...joined,
    },
    {
      ...joined,
      id: "C",
      channel: "Paid Search",
      evidence: "click_id",
      account_id: "",
      campaign: "",
      joined_by: null,
    },
  ]);
});

test("a click of more than ninety days ago explains nothing", async () => {
  const database = await freshDatabase();
  await seedClick(database, "old", "100", "SEARCH", "2026-08-02");
  await seedClick(database, "just", "100", "SEARCH", "2026-08-03");
  await load(database, "conversions", `${header},gclid`, `A,p,${at},old`, `B,p,${at},just`);
  await rollUp(database);
  expect(await settled(database)).toMatchObject([
    { channel: "Unassigned", traffic: "other", platform: null, evidence: "expired_click", campaign: "" },
    { traffic: "paid", evidence: "click_join", campaign: "100" },
  ]);
  expect(
    await rowsOf(database, "select conversion_id, rule from marts.excluded_conversions order by 1"),
  ).toEqual([
    { conversion_id: "A", rule: "expired_click" },
    { conversion_id: "B", rule: "uncosted" },
  ]);
});

test("a campaign, ad set or ad id that becomes known turns a social visit into a paid one", async () => {
  const database = await freshDatabase();
  await load(
    database,
    "conversions",
    `${header},source,medium,campaign,campaign_id,fbclid`,
    `A,p,${at},facebook,social,,120001,IwAR`,
    `B,p,${at},facebook,social,120002,,IwAR`,
    `C,p,${at},facebook,social,Spring,,IwAR`,
  );
  await rollUp(database);
  expect(await settled(database)).toMatchObject([
    { channel: "Organic Social", traffic: "organic" },
    { traffic: "organic" },
    { traffic: "organic" },
  ]);
  await seedCampaign(database, { platform: "meta", account: "2", id: "120001", name: "Spring" });
  const { rows } = await database.pool.query<{ key: number }>(
    "select account_key as key from warehouse.account",
  );
  await inTransaction(database.pool, (client) =>
    storeEntities(client, rows[0]?.key ?? 0, [
      { kind: "ad_group", id: "120002", campaignId: "120001", name: "set", status: "" },
    ]),
  );
  await rollUp(database);
  const paid = {
    channel: "Paid Social",
    traffic: "paid",
    platform: "meta",
    evidence: "campaign_id",
    account_id: "2",
  };
  expect(await settled(database)).toMatchObject([
    { ...paid, campaign: "120001", joined_by: "campaign_id" },
    { ...paid, campaign: "120001", joined_by: "campaign_id" },
    { traffic: "organic", campaign: "", joined_by: null },
  ]);
});

test("an id that two platforms know joins neither without a source that tells them apart", async () => {
  const database = await freshDatabase();
  await seedCampaign(database, { platform: "meta", account: "2", id: "77" });
  await seedCampaign(database, { platform: "linkedin", account: "3", id: "77" });
  await load(
    database,
    "conversions",
    `${header},source,medium,campaign_id`,
    `A,p,${at},partner,social,77`,
    `B,p,${at},linkedin,social,77`,
  );
  await rollUp(database);
  expect(await settled(database)).toMatchObject([
    { traffic: "organic", campaign: "" },
    { traffic: "paid", platform: "linkedin", account_id: "3", campaign: "77" },
  ]);
});

test("a name joins as a last resort: paid, within its platform, and only where it is unique", async () => {
  const database = await freshDatabase();
  await seedCampaign(database, { platform: "meta", account: "2", id: "1", name: "Brand DK" });
  await seedCampaign(database, { platform: "meta", account: "2", id: "2", name: "Twice" });
  await seedCampaign(database, { platform: "meta", account: "2", id: "3", name: "twice" });
  await seedSpend(database, {
    platform: "meta",
    account: "2",
    campaign: "1",
    date: "2026-11-01",
    spend: "90",
  });
  await load(
    database,
    "conversions",
    `${header},source,medium,campaign`,
    `A,p,${at},facebook,cpc,brand dk`,
    `B,p,${at},facebook,cpc,twice`,
    `C,p,${at},google,cpc,brand dk`,
  );
  await rollUp(database);
  expect(await settled(database)).toMatchObject([
    { platform: "meta", campaign: "1", joined_by: "name" },
    { platform: "meta", campaign: "", joined_by: null },
    { platform: "google", campaign: "", joined_by: null },
  ]);
  expect(
    await rowsOf(
      database,
      `select platform, account_id, campaign_id, campaign_name, spend, conversions::int, conversions_joined_by_name::int as by_name,
              cost_per_conversion::float8 as cost from marts.paid_cost_per_conversion_first_party_daily order by campaign_id`,
    ),
  ).toEqual([
    {
      platform: "meta",
      account_id: "",
      campaign_id: "",
      campaign_name: null,
      spend: null,
      conversions: 1,
      by_name: 0,
      cost: null,
    },
    {
      platform: "meta",
      account_id: "2",
      campaign_id: "1",
      campaign_name: "Brand DK",
      spend: "90.000000",
      conversions: 1,
      by_name: 1,
      cost: 90,
    },
  ]);
});

test("a later stage inherits the visit that brought the lead, whatever brought the person back", async () => {
  const database = await freshDatabase();
  await load(database, "leads", "lead_id,created_at,source,medium", `L1,${at},linkedin,cpc`, `L2,${at},,`);
  await load(
    database,
    "conversions",
    `${header},lead_id,gclid`,
    `A,customer,${at},L1,`,
    `B,customer,${at},L2,x`,
    `C,customer,${at},L3,x`,
  );
  await rollUp(database);
  expect(await settled(database)).toMatchObject([
    { channel: "Paid Social", platform: "linkedin", evidence: "lead" },
    { channel: "Direct", platform: null, evidence: "lead" },
    { channel: "Paid Search", platform: "google", evidence: "click_id" },
  ]);
});

test("an order counts once within its conversion name, the earliest first; another name is another conversion", async () => {
  const database = await freshDatabase();
  await load(
    database,
    "conversions",
    `${header},order_id,gclid,value,currency`,
    `A,purchase,2026-11-01T12:00:00Z,O1,x,10,EUR`,
    `B,purchase,2026-11-01T11:00:00Z,O1,x,10,EUR`,
    `C,refund,2026-11-01T13:00:00Z,O1,x,10,EUR`,
    `D,purchase,2026-11-01T13:00:00Z,,x,10,EUR`,
    `E,purchase,2026-11-01T13:00:00Z,,x,10,EUR`,
  );
  await seedSpend(database, {
    platform: "google",
    account: "1",
    campaign: "",
    date: "2026-11-01",
    spend: "8",
  });
  await rollUp(database);
  expect(
    await rowsOf(database, "select conversion_id, rule, detail from marts.excluded_conversions"),
  ).toEqual([
    { conversion_id: "A", rule: "duplicate_order", detail: "order O1 is counted already as conversion B" },
  ]);
  expect(
    await rowsOf(
      database,
      "select conversions::int, conversion_value::int as value from marts.channel_daily",
    ),
  ).toEqual([{ conversions: 4, value: 40 }]);
});

test("a conversion is booked on its day in the configured zone", async () => {
  const database = await freshDatabase();
  await load(database, "conversions", header, "A,p,2026-11-01T23:30:00Z");
  await rollUp(database);
  expect(await rowsOf(database, "select date from marts.channel_daily")).toEqual([{ date: "2026-11-02" }]);
  await rollUp(database, { timeZone: "America/New_York" });
  expect(await rowsOf(database, "select date from marts.channel_daily")).toEqual([{ date: "2026-11-01" }]);
});

test("a second rollup of the same data writes nothing, and splitting a file changes no figure", async () => {
  const database = await freshDatabase();
  await seedSpend(database, {
    platform: "google",
    account: "1",
    campaign: "g",
    date: "2026-11-01",
    spend: "600",
  });
  await load(database, "conversions", `${header},gclid`, `A,p,${at},x`, `B,p,${at},`);
  await rollUp(database);
  const stamps = `select min(refreshed_at)::text as at, count(*) from (
    select refreshed_at from marts.kpi_daily union all select refreshed_at from marts.channel_daily
    union all select refreshed_at from marts.excluded_conversions
    union all select refreshed_at from marts.paid_cost_per_conversion_first_party_daily) all_marts`;
  const before = await rowsOf(database, stamps);
  await rollUp(database);
  expect(await rowsOf(database, stamps.replace("min", "max"))).toEqual(before);
});
