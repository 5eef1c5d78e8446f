import { expect, test } from "vitest";
import { firstPartyLines, demoCampaigns, importDemoFiles } from "../../src/commands/demo-first-party.ts";
import { parseConfig } from "../../src/config.ts";
import { addDays } from "../../src/domain/day.ts";
import { shopFiles, shopLeads } from "../../sandbox/first-party.ts";
import { rowsOf } from "../imports/support.ts";
import { freshDatabase } from "../support/database.ts";
import { seedCampaign, seedSpend } from "./support.ts";

const range = { from: "2026-10-31", to: "2026-11-06" };

const config = parseConfig(
  "reportingCurrency: EUR\ntimezone: Europe/Copenhagen\nconnectors: { meta: { accessToken: x } }\n",
  "/tmp/costper.yaml",
  {},
);

test("the demo's shop has paid, organic, direct, uncosted and repeated conversions, and says so", async () => {
  const database = await freshDatabase();
  for (const [platform, id] of [
    ["google", "11"],
    ["meta", "22"],
    ["linkedin", "33"],
  ] as const) {
    await seedCampaign(database, { platform, account: `${platform}-1`, id, name: `${platform}, "best"` });
    for (let day = range.from; day <= range.to; day = addDays(day, 1))
      await seedSpend(database, {
        platform,
        account: `${platform}-1`,
        campaign: id,
        date: day,
        spend: "100",
      });
  }
  await database.pool.query("update figures.cost_per_conversion_daily set spend_reporting = spend");
  const app = { database, config, signal: new AbortController().signal };
  await importDemoFiles(app, range, await demoCampaigns(app, range));
  const rules = await rowsOf(
    database,
    "select rule, count(*) > 0 as some from marts.excluded_conversions group by 1 order by 1",
  );
  expect(rules).toEqual(
    ["direct", "duplicate_order", "organic", "other", "uncosted"].map((rule) => ({ rule, some: true })),
  );
  expect(
    await rowsOf(
      database,
      `select platform, campaign_id, sum(conversions) > 0 as some
       from marts.paid_cost_per_conversion_first_party_daily group by 1, 2 order by 1, 2`,
    ),
  ).toEqual([
    { platform: "google", campaign_id: "11", some: true },
    { platform: "linkedin", campaign_id: "33", some: true },
    { platform: "meta", campaign_id: "22", some: true },
  ]);
  const kpis = await rowsOf(database, "select distinct kpi from marts.kpi_daily where value is not null");
  expect(kpis.length).toBeGreaterThan(5);
  const [paid, left] = await firstPartyLines(app, range);
  expect(paid).toMatch(/^The shop's own books: [1-9]\d+ conversions from paid clicks count\.$/);
  expect(left).toMatch(/\d+ organic, .*\d+ paid where spend is unknown/);
  const before = await rowsOf(database, "select count(*) from warehouse.first_party_conversion");
  await importDemoFiles(app, range, await demoCampaigns(app, range));
  expect(await rowsOf(database, "select count(*) from warehouse.first_party_conversion")).toEqual(before);
});

test("the same seed and days give the same files, and other days others", () => {
  expect(shopFiles(range, [])).toEqual(shopFiles(range, []));
  expect(shopFiles({ ...range, to: "2026-11-05" }, []).costs).not.toEqual(shopFiles(range, []).costs);
  expect(shopLeads(range, [])).toEqual(shopLeads(range, []));
});
