import { expect, test } from "vitest";
import { ofAccount } from "../../sandbox/microsoft/faults.ts";
import { linkedAccountId, microsoftFaults } from "../../sandbox/microsoft/index.ts";
import { storeCountingRules } from "../../src/metrics/counting.ts";
import { rollUpTouched } from "../../src/metrics/rollup/rollup.ts";
import { load, rollUp, seedCampaign } from "../first-party/support.ts";
import { rowsOf } from "../imports/support.ts";
import { freshDatabase } from "../support/database.ts";
import { openWorld } from "../sync/support.ts";

const range = { from: "2026-09-08", to: "2026-09-14" };
const openMicrosoft = () => openWorld({ platforms: ["microsoft"] });

test("every account-day adds up to the platform's own total; what has no ad is residual, with its campaign's name", async () => {
  const world = await openMicrosoft();
  expect((await world.sync(range)).lines).toEqual([]);
  const days = await world.query(
    `select account_id, bool_and(state in ('complete', 'no_spend')) as whole, sum(abs(difference)) = 0 as exact
     from ops.account_day where date between $1 and $2 group by 1 order by 1`,
    [range.from, range.to],
  );
  expect(days).toEqual(
    ["700000021", "700000022", linkedAccountId, "700008002"].map((account_id) => ({
      account_id,
      whole: true,
      exact: true,
    })),
  );
  const residual = await world.query(
    `select distinct c.name, d.ad_group_id from warehouse.ad_daily d
     join warehouse.campaign c using (account_key, campaign_id) where d.ad_id = ''`,
  );
  expect(residual).toEqual([{ name: "Performance Max", ad_group_id: "" }]);
  const unnamed = await world.query(
    "select 1 from marts.cost_per_conversion_daily where campaign_name is null",
  );
  expect(unnamed).toEqual([]);
});

test("goals included in bidding count; a list counts all of theirs, fetches nothing, and never counts mere views", async () => {
  const world = await openMicrosoft();
  await world.sync(range);
  const accountId = "700000021";
  const truth = world.sandbox.platforms.microsoft.truth.days(accountId, range.from, range.to);
  const counted = async () => {
    const [row] = await world.query<{ conversions: string }>(
      `select sum(conversions)::text as conversions from marts.cost_per_conversion_daily where account_id = $1`,
      [accountId],
    );
    return Number(row?.conversions);
  };
  expect(await counted()).toBe(truth.reduce((sum, day) => sum + Number(day.conversions), 0));

  const { pool } = world.app.database;
  const requests = world.sandbox.servers.microsoft.requests.length;
  const choice = {
    ...world.app.config.connectors,
    microsoft: { conversions: ["Purchase", "Lead, form", "newsletter"] },
  };
  await storeCountingRules(pool, "microsoft", choice as typeof world.app.config.connectors);
  await rollUpTouched({ pool, reportingCurrency: null, signal: new AbortController().signal });
  expect(await counted()).toBe(truth.reduce((sum, day) => sum + Number(day.allConversions), 0));
  expect(world.sandbox.servers.microsoft.requests.length).toBe(requests);

  const [views] = await world.query(
    "select sum(conversions) > 0 as kept from warehouse.conversion_daily where attribution = 'view_through'",
  );
  expect(views).toEqual({ kept: true });
});

test("one account without permission fails by itself, with what to do; the others are loaded", async () => {
  const world = await openMicrosoft();
  world.sandbox.servers.microsoft.addFault(
    microsoftFaults.refuses(2003, { when: ofAccount("700000022"), times: 99 }),
  );
  const { json, lines } = await world.sync(range);
  expect(lines).toEqual([
    "microsoft 700000022: GenerateReport/Submit: no permission for this ad account (2003 AccountNotAuthorized The user is not permitted to request reports of an account in the scope.): give the user who signed in a role on the account, or leave it out of connectors.microsoft.accounts",
  ]);
  const outcomes = json.accounts.map(({ account_id, outcome }) => `${account_id} ${outcome}`);
  expect(outcomes).toContain("700000021 done");
  expect(outcomes).toContain(`${linkedAccountId} done`);
});

test("two runs beside each other have no more than two reports of a customer open", async () => {
  const world = await openMicrosoft();
  const { microsoft } = world.sandbox.platforms;
  microsoft.maxOpenReports = 99;
  microsoft.pendingPolls = 1;
  const other = await world.open();
  await Promise.all([world.sync(range), world.sync(range, other.app)]);
  expect(microsoft.mostOpen).toBe(2);
}, 60_000);

test("reports for Fivetran's models call it microsoft_ads, and add up on every level", async () => {
  const world = await openMicrosoft();
  await world.sync(range);
  const rows = await world.query(
    `select a.platform, sum(a.spend) = (select sum(spend) from ad_reporting.ad_reporting__account_report) as whole,
            bool_or(a.ad_group_name = 'Main' and a.ad_name = 'Free delivery, today') as named
     from ad_reporting.ad_reporting__ad_report a group by 1`,
  );
  expect(rows).toEqual([{ platform: "microsoft_ads", whole: true, named: true }]);
});

test("a visit with a msclkid is paid search of Microsoft, and joins the campaign that its tags name", async () => {
  const database = await freshDatabase();
  await seedCampaign(database, {
    platform: "microsoft",
    account: "700000021",
    id: "8000000031",
    name: "Brand",
  });
  await load(
    database,
    "conversions",
    "conversion_id,conversion_name,converted_at,msclkid,campaign,campaign_id",
    "A,p,2026-11-01T10:00:00+01:00,abc123,,8000000031",
    "B,p,2026-11-01T10:00:00+01:00,abc124,brand,",
    "C,p,2026-11-01T10:00:00+01:00,abc125,,",
  );
  await rollUp(database);
  const paid = { channel: "Paid Search", traffic: "paid", platform: "microsoft" };
  expect(
    await rowsOf(
      database,
      `select channel, traffic, platform, joined_campaign_id as campaign
       from warehouse.first_party_conversion order by conversion_id`,
    ),
  ).toEqual([
    { ...paid, campaign: "8000000031" },
    { ...paid, campaign: "8000000031" },
    { ...paid, campaign: "" },
  ]);
});
