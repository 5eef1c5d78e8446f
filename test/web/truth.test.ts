import { expect, test } from "vitest";
import { kpiTargetSettings } from "../../src/metrics/kpi/targets.ts";
import { reading } from "../../src/warehouse/reading.ts";
import { truth, truthQuery } from "../../src/web/api/truth.ts";
import { load, rollUp, seedCampaign, seedSpend } from "../first-party/support.ts";
import { freshDatabase } from "../support/database.ts";

const query = truthQuery.parse({ from: "2026-11-01", to: "2026-11-10" });

const stage = async () => {
  const database = await freshDatabase();
  await seedCampaign(database, { platform: "google", account: "1", id: "11", name: "Brand" });
  for (const date of ["2026-11-01", "2026-11-02"])
    await seedSpend(database, {
      platform: "google",
      account: "1",
      campaign: "11",
      date,
      spend: "60",
      conversions: "3",
    });
  await load(
    database,
    "conversions",
    "conversion_id,conversion_name,converted_at,source,medium,campaign_id,gclid",
    "A,purchase,2026-11-01T10:00:00Z,google,cpc,11,x1",
    "B,purchase,2026-11-02T10:00:00Z,google,cpc,11,x2",
    "C,purchase,2026-11-02T11:00:00Z,google,organic,,",
    "D,purchase,2026-11-02T12:00:00Z,google,cpc,,x3",
  );
  await rollUp(database);
  return database;
};

test("a platform's claim stands against what the company counted, by platform and campaign, with the factor", async () => {
  const database = await stage();
  const told = await reading(database.db, (read) => truth(read, query, []));
  expect(told.known).toBe(true);
  const { rows } = await database.pool.query<Record<string, string>>(
    `select sum(spend)::text as spend, sum(platform_conversions)::text as claimed, sum(conversions)::text as counted,
            round(sum(spend) / sum(conversions), 6)::text as cost_per_conversion,
            round(sum(spend) / sum(platform_conversions), 6)::text as claimed_cost_per_conversion,
            round(sum(platform_conversions) / sum(conversions), 6)::text as factor
     from marts.paid_cost_per_conversion_first_party_daily where platform = 'google'`,
  );
  expect(told.platforms).toHaveLength(1);
  expect(told.platforms[0]).toMatchObject({ platform: "google", currency: "EUR", ...rows[0] });
  expect(told.platforms[0]).toMatchObject({ claimed: "6.000000", counted: "3.000000", factor: "2.000000" });
  expect(told.campaigns.map(({ campaign_id, counted, factor }) => [campaign_id, counted, factor])).toEqual([
    ["11", "2.000000", "3.000000"],
    ["", "1.000000", null],
  ]);
  expect(told.left_out).toMatchObject([{ rule: expect.any(String), conversions: "1.000000" }]);
  // Beyond the last page there are no fewer campaigns than on it.
  const beyond = await reading(database.db, (read) => truth(read, { ...query, page: 3 }, []));
  expect([told.count, beyond.count, beyond.campaigns]).toEqual([2, 2, []]);
});

test("the campaigns with most spend come first, whatever currency it is in", async () => {
  const database = await stage();
  const yen = { platform: "meta", account: "2", currency: "JPY" };
  await seedCampaign(database, { ...yen, id: "21" });
  // 900 yen are less than 120 euros.
  await seedSpend(database, { ...yen, campaign: "21", date: "2026-11-01", spend: "900", conversions: "1" });
  await rollUp(database);
  const campaigns = async (): Promise<readonly string[]> => {
    const told = await reading(database.db, (read) => truth(read, query, []));
    return told.campaigns.map(({ campaign_id, spend }) => `${String(campaign_id)} ${String(spend)}`);
  };
  expect(await campaigns()).toEqual(["21 900.000000", "11 120.000000", " null"]);
  await database.pool.query(
    `insert into figures.day_rate (account_key, date, rate)
     select account_key, '2026-11-01', case currency when 'EUR' then 1 else 0.006 end from warehouse.account`,
  );
  expect(await campaigns()).toEqual(["11 120.000000", "21 900.000000", " null"]);
});

test("a month's KPIs are told with their targets, sums carried on at their pace", async () => {
  const database = await stage();
  const targets = kpiTargetSettings.parse([
    { kpi: "conversion_cost", target: 300 },
    { kpi: "cost_per_conversion", of: "first_party", target: "50" },
    { kpi: "cost_per_conversion", of: "platform", platform: "google", target: "10" },
  ]);
  const { kpis } = await reading(database.db, (read) => truth(read, query, targets));
  const of = (kpi: string, source: string | null, platform: string | null = null) =>
    kpis.find((row) => row.kpi === kpi && row.of === source && row.platform === platform);
  expect(of("conversion_cost", null)).toMatchObject({
    value: "120.000000",
    // Ten of thirty days.
    month: "360",
    target: "300",
    of_target: "1.2",
    on_track: false,
  });
  expect(of("cost_per_conversion", "first_party")).toMatchObject({
    value: expect.stringMatching(/^40\.0+$/),
    target: "50",
    on_track: true,
  });
  expect(of("cost_per_conversion", "platform", "google")).toMatchObject({ target: "10", on_track: false });
  expect(of("cost_per_conversion", "platform")?.target).toBeNull();
  expect(kpis[0]?.target).not.toBeNull();
});

test("without conversions of the company's own there is no truth, and that is said", async () => {
  const database = await freshDatabase();
  expect(await reading(database.db, (read) => truth(read, query, []))).toMatchObject({
    known: false,
    platforms: [],
    kpis: [],
  });
});

test.each([
  [{ kpi: "nothing", target: 1 }, "is no KPI of docs/kpis.md"],
  [{ kpi: "cost_per_conversion", target: 1 }, "is missing; say platform or first_party"],
  [{ kpi: "cost_per_click", of: "platform", target: 1 }, "does not go with cost_per_click"],
  [{ kpi: "cost_per_click", target: "much" }, "must be a number"],
])("a target %j is refused", (target, message) => {
  const { error } = kpiTargetSettings.safeParse([target]);
  expect(JSON.stringify(error?.issues)).toContain(message);
});
