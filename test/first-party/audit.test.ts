import { expect, test } from "vitest";
import { auditTracking } from "../../src/metrics/first-party/audit.ts";
import { freshDatabase } from "../support/database.ts";
import { load, rollUp, seedCampaign, seedSpend } from "./support.ts";

const day = "2026-11-01";
const at = `${day}T10:00:00+01:00`;
const range = { from: day, to: day };

test("the audit names untagged clicks, unmatched tags, double claims, two click ids and uncosted channels, with figures", async () => {
  const database = await freshDatabase();
  await seedCampaign(database, { platform: "google", account: "1", id: "g1", name: "Brand" });
  await seedSpend(database, {
    platform: "google",
    account: "1",
    campaign: "g1",
    date: day,
    spend: "50",
    conversions: "3",
  });
  await seedSpend(database, {
    platform: "meta",
    account: "2",
    campaign: "m",
    date: day,
    spend: "300",
    conversions: "20",
  });
  await load(
    database,
    "conversions",
    "conversion_id,conversion_name,converted_at,source,medium,campaign,gclid,fbclid",
    `A,p,${at},facebook,social,,,x`,
    `B,p,${at},facebook,story,,,x`,
    `C,p,${at},google,cpc,Gone,x,`,
    `D,p,${at},,,,x,y`,
    `E,p,${at},tiktok,cpc,,,`,
  );
  await load(
    database,
    "costs",
    "period_start,period_end,cost_class,amount,currency,platform",
    `${day},${day},ad_spend,7,EUR,google`,
  );
  await rollUp(database);
  const findings = await auditTracking(database.pool, range);
  expect(findings.map(({ check, platform, figures }) => ({ check, platform, figures }))).toEqual([
    {
      check: "untagged_clicks",
      platform: "meta",
      figures: {
        spend: "300",
        currency: "EUR",
        clicks: "100",
        platform_conversions: "20",
        paid_conversions: "0",
        unpaid_with_its_source: "2",
        their_mediums: "social, story",
      },
    },
    { check: "unmatched_tags", platform: "google", figures: { tag: "Gone", conversions: "1" } },
    {
      check: "claimed_twice",
      platform: "",
      figures: { claimed: "23", first_party_paid: "2", factor: "11.50" },
    },
    { check: "two_click_ids", platform: "", figures: { ids: "google, meta", conversions: "1" } },
    {
      check: "uncosted_channel",
      platform: "tiktok",
      figures: { channel: "Paid Social", source: "tiktok", conversions: "1", first_day: day, last_day: day },
    },
    {
      check: "spend_imported_twice",
      platform: "google",
      figures: { account_id: "", imported: "7", currency: "EUR", days: "1" },
    },
  ]);
  for (const { explanation, remedy } of findings)
    expect(`${explanation}${remedy}`).not.toMatch(/undefined|null/);
});

test("an empty warehouse has no gaps", async () => {
  const database = await freshDatabase();
  expect(await auditTracking(database.pool, range)).toEqual([]);
});
