import { expect, test } from "vitest";
import { freshDatabase } from "../support/database.ts";
import { rowsOf } from "../imports/support.ts";
import { kpiOf, load, rollUp, seedCampaign, seedSpend } from "./support.ts";

const costHeader = "period_start,period_end,cost_class,amount,currency";
const day = "2026-11-01";
const at = `${day}T10:00:00+01:00`;
const first = { conversion_source: "first_party" };
const platform = { conversion_source: "platform" };

test("(10,000 + 2,000 + 5,000) / 100 qualified leads is 170 DKK, and SEO is shown beside, never in it", async () => {
  const database = await freshDatabase();
  await load(
    database,
    "costs",
    costHeader,
    `${day},${day},ad_spend,10000,DKK`,
    `${day},${day},tool,2000,DKK`,
    `${day},${day},labour,5000,DKK`,
    `${day},${day},organic_activity,7777,DKK`,
    `${day},${day},contact_centre,3333,DKK`,
  );
  await load(
    database,
    "leads",
    "lead_id,created_at,qualified_at",
    ...Array.from({ length: 120 }, (_, index) => `L${String(index)},${at},${index < 100 ? at : ""}`),
  );
  await rollUp(database);
  expect(await kpiOf(database, "cost_per_qualified_lead")).toEqual({
    numerator: 17_000,
    denominator: 100,
    value: 170,
    unit: "DKK",
  });
  expect(await kpiOf(database, "left_out_organic_activity_cost")).toMatchObject({ value: 7777, unit: "DKK" });
  expect(await kpiOf(database, "qualification_rate")).toMatchObject({ value: 0.833333, unit: "ratio" });
});

test("the day of four platforms comes out as worked by hand", async () => {
  const database = await freshDatabase();
  await seedSpend(database, {
    platform: "google",
    account: "1",
    campaign: "g",
    date: day,
    spend: "600",
    conversions: "30",
  });
  await seedSpend(database, {
    platform: "meta",
    account: "2",
    campaign: "m",
    date: day,
    spend: "300",
    conversions: "20",
  });
  await seedSpend(database, {
    platform: "linkedin",
    account: "3",
    campaign: "l",
    date: day,
    spend: "100",
    organic: "4",
  });
  await load(
    database,
    "costs",
    costHeader,
    `${day},${day},tool,100,EUR`,
    `${day},${day},labour,400,EUR`,
    `${day},${day},organic_activity,1000,EUR`,
  );
  const visits = [
    ...Array<string>(30).fill("google,cpc"),
    ...Array<string>(8).fill("facebook,paid"),
    ...Array<string>(2).fill("tiktok,cpc"),
    ...Array<string>(25).fill("google,organic"),
    ...Array<string>(10).fill(","),
    ...Array<string>(5).fill("news,email"),
  ];
  await load(
    database,
    "conversions",
    "conversion_id,conversion_name,converted_at,source,medium",
    ...visits.map((visit, index) => `C${String(index)},purchase,${at},${visit}`),
  );
  await load(
    database,
    "leads",
    "lead_id,created_at,stage,stage_at",
    ...Array.from({ length: 20 }, (_, index) => `L${String(index)},${at},sql,${at}`),
  );
  await rollUp(database);

  const value = async (kpi: string, dimensions: Record<string, string>) =>
    (await kpiOf(database, kpi, dimensions))?.value;
  expect(await value("cost_per_conversion", { ...platform, platform: "google" })).toBe(20);
  expect(await value("cost_per_conversion", { ...platform, platform: "meta" })).toBe(15);
  expect(await value("cost_per_conversion", { ...platform, platform: "linkedin" })).toBeNull();
  expect(await value("cost_per_conversion", platform)).toBe(20);
  expect(await value("cost_per_conversion", first)).toBe(26.315789);
  expect(await value("blended_cost_per_conversion", first)).toBe(12.820513);
  expect(await value("fully_loaded_cost_per_conversion", first)).toBe(39.473684);
  expect(await value("cost_per_qualified_lead", {})).toBe(75);
  expect(await value("uncosted_conversions", {})).toBe(2);

  const { rows: excluded } = await database.pool.query(
    "select rule, sum(conversions)::int as conversions from marts.excluded_conversions group by 1 order by 1",
  );
  expect(excluded).toEqual([
    { rule: "direct", conversions: 10 },
    { rule: "organic", conversions: 25 },
    { rule: "other", conversions: 5 },
    { rule: "uncosted", conversions: 2 },
  ]);
  const { rows: channels } = await database.pool.query(
    "select channel, traffic, sessions, conversions::int from marts.channel_daily order by 1",
  );
  expect(channels).toEqual([
    { channel: "Direct", traffic: "direct", sessions: null, conversions: 10 },
    { channel: "Email", traffic: "other", sessions: null, conversions: 5 },
    { channel: "Organic Search", traffic: "organic", sessions: null, conversions: 25 },
    { channel: "Paid Search", traffic: "paid", sessions: null, conversions: 30 },
    { channel: "Paid Social", traffic: "paid", sessions: null, conversions: 10 },
  ]);
});

test("tools booked on no platform make a fully loaded figure for everything only", async () => {
  const database = await freshDatabase();
  await seedSpend(database, { platform: "google", account: "1", campaign: "g", date: day, spend: "10" });
  await load(database, "costs", `${costHeader},platform`, `${day},${day},tool,5,EUR,google`);
  await load(database, "conversions", "conversion_id,conversion_name,converted_at,gclid", `C1,p,${at},x`);
  await rollUp(database);
  const google = { ...first, platform: "google" };
  expect(await kpiOf(database, "fully_loaded_cost_per_conversion", google)).toMatchObject({ value: 15 });
  await load(database, "costs", costHeader, `${day},${day},labour,5,EUR`);
  await rollUp(database);
  expect(await kpiOf(database, "fully_loaded_cost_per_conversion", google)).toBeUndefined();
  expect(await kpiOf(database, "fully_loaded_cost_per_conversion", first)).toMatchObject({ value: 20 });
});

test("two currencies are added up at the day's rate, and are unknown without one", async () => {
  const database = await freshDatabase();
  await seedSpend(database, { platform: "google", account: "1", campaign: "g", date: day, spend: "100" });
  await seedSpend(database, {
    platform: "meta",
    account: "2",
    campaign: "m",
    date: day,
    spend: "746",
    currency: "DKK",
  });
  await load(database, "conversions", "conversion_id,conversion_name,converted_at,gclid", `C1,p,${at},x`);
  await rollUp(database);
  expect(await kpiOf(database, "conversion_cost")).toMatchObject({ value: null });
  await rollUp(database, { reportingCurrency: "EUR" });
  expect(await kpiOf(database, "conversion_cost")).toMatchObject({ value: null, unit: "EUR" });
  await load(database, "rates", "date,base,quote,rate", "2026-10-30,EUR,DKK,7.46");
  await rollUp(database, { reportingCurrency: "EUR" });
  expect(await kpiOf(database, "conversion_cost")).toMatchObject({ value: 200, unit: "EUR" });
  expect(await kpiOf(database, "cost_per_conversion", first)).toMatchObject({ value: 200, unit: "EUR" });
  expect(await kpiOf(database, "conversion_cost", { platform: "meta" })).toMatchObject({ value: 100 });
});

test("spend that was imported in another currency has the value of its conversions in the same", async () => {
  const database = await freshDatabase();
  await load(database, "rates", "date,base,quote,rate", "2026-11-01,EUR,DKK,7.5");
  await load(
    database,
    "costs",
    "period_start,period_end,cost_class,amount,currency,platform,account_id,campaign_id",
    "2026-11-01,2026-11-01,ad_spend,750,DKK,pinterest,7,p1",
    "2026-11-01,2026-11-01,ad_spend,75,DKK,google,1,200",
    "2026-11-01,2026-11-01,ad_spend,10,DKK,google,1,300",
    "2026-11-01,2026-11-01,ad_spend,10,USD,google,1,300",
  );
  for (const id of ["200", "300"])
    await seedCampaign(database, { platform: "google", account: "1", id, currency: "EUR" });
  await load(
    database,
    "conversions",
    "conversion_id,conversion_name,converted_at,source,medium,campaign_id,value,currency",
    "A,p,2026-11-01T10:00:00Z,pinterest,cpc,p1,100,EUR",
    "B,p,2026-11-01T10:00:00Z,google,cpc,200,15,DKK",
    "C,p,2026-11-01T10:00:00Z,google,cpc,300,15,DKK",
  );
  await rollUp(database, { reportingCurrency: "EUR" });
  expect(
    await rowsOf(
      database,
      `select campaign_id, currency, spend::float, conversion_value::float
       from marts.paid_cost_per_conversion_first_party_daily order by campaign_id`,
    ),
  ).toEqual([
    { campaign_id: "200", currency: "DKK", spend: 75, conversion_value: 15 },
    { campaign_id: "300", currency: "EUR", spend: null, conversion_value: 2 },
    { campaign_id: "p1", currency: "DKK", spend: 750, conversion_value: 750 },
  ]);
});

test("profit is unknown without the cost of goods, a rate without its divisor is NULL, a measured nothing is 0", async () => {
  const database = await freshDatabase();
  await seedSpend(database, { platform: "google", account: "1", campaign: "g", date: day, spend: "100" });
  const header = "date,measure,value,currency";
  await load(
    database,
    "measures",
    header,
    `${day},revenue,500,EUR`,
    `${day},visitors,100,`,
    `${day},cta_views,100,`,
    `${day},cta_clicks,20,`,
    `${day},calls_in,0,`,
    `${day},call_cost_in,5,EUR`,
  );
  await load(database, "leads", "lead_id,created_at", ...[1, 2, 3, 4, 5].map((id) => `L${String(id)},${at}`));
  await rollUp(database, {
    targets: [{ name: "visits", measure: "visitors", baseline: "100", target: "1000" }],
  });
  expect(await kpiOf(database, "profit")).toMatchObject({ numerator: null, value: null });
  expect(await kpiOf(database, "visitor_conversion_rate")).toMatchObject({ value: 0.05 });
  expect(await kpiOf(database, "cta_conversion_rate")).toMatchObject({ value: 0.2 });
  expect(await kpiOf(database, "cost_per_call_inbound")).toMatchObject({
    numerator: 5,
    denominator: 0,
    value: null,
  });
  expect(await kpiOf(database, "cost_per_lead")).toMatchObject({ numerator: 100, value: null });
  expect(await kpiOf(database, "target_progress", { target: "visits" })).toMatchObject({ value: 0 });
  await load(database, "measures", header, `${day},cost_of_goods,300,EUR`);
  await rollUp(database);
  expect(await kpiOf(database, "profit")).toMatchObject({ value: 100, unit: "EUR" });
  expect(await kpiOf(database, "profit_on_ad_spend")).toMatchObject({ value: 2, unit: "ratio" });
});
