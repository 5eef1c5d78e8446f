import { expect, test } from "vitest";
import { rowsOf } from "../imports/support.ts";
import { load, rollUp, seedCampaign } from "../first-party/support.ts";
import { freshDatabase } from "../support/database.ts";
import { openWorld } from "../sync/support.ts";

test("reports for Fivetran's models call it twitter_ads: line items as ad groups, promoted tweets as ads", async () => {
  const world = await openWorld({ platforms: ["x"] });
  await world.sync({ from: "2026-09-14", to: "2026-09-14" });
  const rows = await world.query(
    `select a.platform, count(*) > 0 as some, sum(a.spend) = (select sum(spend) from ad_reporting.ad_reporting__account_report) as whole,
            bool_and((a.ad_id is null) = (a.ad_group_id is null)) as residual_without_both,
            bool_or(a.ad_group_name = 'Main' and a.ad_name ~ '^[0-9]{19}$') as named
     from ad_reporting.ad_reporting__ad_report a group by 1`,
  );
  expect(rows).toEqual([
    { platform: "twitter_ads", some: true, whole: true, residual_without_both: true, named: true },
  ]);
});

test("a visit with a twclid is paid social of X, and joins the campaign that its tags name", async () => {
  const database = await freshDatabase();
  await seedCampaign(database, { platform: "x", account: "acc1demo", id: "cmp01", name: "Spring" });
  await load(
    database,
    "conversions",
    "conversion_id,conversion_name,converted_at,twclid,campaign,campaign_id",
    "A,p,2026-11-01T10:00:00+01:00,2-abc,,cmp01",
    "B,p,2026-11-01T10:00:00+01:00,2-def,spring,",
    "C,p,2026-11-01T10:00:00+01:00,2-ghi,,",
  );
  await rollUp(database);
  const paid = { channel: "Paid Social", traffic: "paid", platform: "x" };
  expect(
    await rowsOf(
      database,
      `select channel, traffic, platform, joined_campaign_id as campaign
       from warehouse.first_party_conversion order by conversion_id`,
    ),
  ).toEqual([
    { ...paid, campaign: "cmp01" },
    { ...paid, campaign: "cmp01" },
    { ...paid, campaign: "" },
  ]);
});
