import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { expect, test } from "vitest";
import type { Connector } from "../../src/connectors/connector.ts";
import { rollUpAccount } from "../../src/metrics/rollup/rollup.ts";
import { freshDatabase } from "../support/database.ts";
import { load, prepareAccount, scriptedAccount, scriptedConnector } from "../support/scripted.ts";
import { linkedinSettings, metaSettings, serveLinkedin, serveMeta } from "./platforms.ts";
import { openCase } from "./world.ts";

type Line = Readonly<Record<string, string>>;

const linesOf = async (path: string): Promise<readonly Line[]> =>
  parse(await readFile(join(import.meta.dirname, "..", "data", "fivetran", path)), {
    columns: true,
  }) as Line[];

const add = (texts: readonly (string | undefined)[]): string =>
  (texts.reduce((sum, text) => sum + Math.round(Number(text || "0") * 1e6), 0) / 1e6).toFixed(6);

const groupBy = <T>(rows: readonly T[], keyOf: (row: T) => string): ReadonlyMap<string, readonly T[]> => {
  const groups = new Map<string, T[]>();
  for (const row of rows) groups.set(keyOf(row), [...(groups.get(keyOf(row)) ?? []), row]);
  return groups;
};

const sumsOf = (where = "") => `
  select sum(spend)::float8 as spend, sum(conversions)::float8 as conversions,
         sum(conversion_value)::float8 as value, sum(clicks)::integer as clicks,
         count(*) filter (where cost_per_conversion is null)::integer as undefined_costs
  from marts.cost_per_conversion_daily ${where}`;

test("Meta: conversions of ad-days without delivery are counted too", async () => {
  const folder = "dbt_facebook_ads/facebook_ads_";
  const delivery = await linesOf(`${folder}basic_ad_data.csv`);
  const actions = await linesOf(`${folder}basic_ad_actions_data.csv`);
  const values = await linesOf(`${folder}basic_ad_action_values_data.csv`);
  const campaigns = new Map(
    (await linesOf(`${folder}ad_history_data.csv`)).map((ad) => [ad["id"], ad["campaign_id"]]),
  );
  const windows = (lines: readonly Line[], ad: string, date: string) =>
    lines
      .filter((line) => line["ad_id"] === ad && line["date"] === date)
      .map((line) => ({
        action_type: line["action_type"],
        value: line["value"],
        ...(line["_1_d_view"] && { "1d_view": line["_1_d_view"] }),
        ...(line["_7_d_click"] && { "7d_click": line["_7_d_click"] }),
      }));
  const keys = new Set(
    [...delivery, ...actions, ...values].map((line) => `${line["ad_id"]} ${line["date"]}`),
  );
  const rows = [...keys].map((key) => {
    const [ad = "", date = ""] = key.split(" ");
    const found = delivery.find((line) => line["ad_id"] === ad && line["date"] === date);
    return {
      date_start: date,
      date_stop: date,
      account_currency: "USD",
      campaign_id: campaigns.get(ad) ?? "1",
      adset_id: "2",
      ad_id: ad,
      spend: String(Number(found?.["spend"] ?? "0")),
      impressions: found?.["impressions"] ?? "0",
      clicks: found?.["inline_link_clicks"] ?? "0",
      actions: windows(actions, ad, date),
      action_values: windows(values, ad, date),
    };
  });
  const totals = [...new Set(rows.map(({ date_start }) => date_start))].map((date) => {
    const day = rows.filter(({ date_start }) => date_start === date);
    const whole = (texts: readonly string[]) => String(Number(add(texts)));
    return {
      date_start: date,
      date_stop: date,
      account_currency: "USD",
      spend: add(day.map(({ spend }) => spend)),
      impressions: whole(day.map(({ impressions }) => impressions)),
      clicks: whole(day.map(({ clicks }) => clicks)),
    };
  });
  const id = "1700252260223815";
  const account = {
    id: `act_${id}`,
    account_id: id,
    name: "a",
    currency: "USD",
    timezone_name: "UTC",
    account_status: 1,
  };
  const url = await serveMeta({ adaccounts: [account], ad: rows, account: totals });
  const conversions = [
    "offsite_conversion.fb_pixel_purchase",
    "onsite_conversion.purchase",
    "offsite_conversion.fb_pixel_lead",
    "onsite_conversion.lead_grouped",
    "offsite_conversion.fb_pixel_complete_registration",
  ];
  const { sync, query } = await openCase({
    now: "2021-01-15T12:00:00Z",
    config: { connectors: { meta: { ...metaSettings(url), conversions } } },
  });
  expect((await sync({ from: "2020-12-01", to: "2020-12-31" })).lines).toEqual([]);
  expect(await query(sumsOf())).toMatchObject([{ spend: 643.63, conversions: 19, value: 152_225.32 }]);
});

test.each([
  ["account", "", "", { spend: 1_632.333323, conversions: 176 }],
  ["campaign", "id", "", { spend: 231.33, conversions: 0, undefined_costs: 16 }],
  ["ad_group", "campaign_id", "id", { spend: 3_156.84, conversions: 14.483334 }],
])("Google: figures by %s come out to the micro", async (grain, campaign, adGroup, expected) => {
  const lines = await linesOf(`dbt_google_ads/${grain}_stats_data.csv`);
  const groups = groupBy(lines, (line) =>
    [line["date"], line[campaign] ?? "", line[adGroup] ?? ""].join(" "),
  );
  const rows = [...groups].map(([key, group]) => {
    const [date = "", campaignId = "", adGroupId = ""] = key.split(" ");
    const whole = (name: string) => String(group.reduce((sum, line) => sum + Number(line[name]), 0));
    const micros = whole("cost_micros").padStart(7, "0");
    return {
      date,
      campaignId,
      adGroupId,
      adId: "",
      spend: `${micros.slice(0, -6)}.${micros.slice(-6)}`,
      impressions: whole("impressions"),
      clicks: whole("clicks"),
      conversions: add(group.map((line) => line["conversions"])),
    };
  });
  const days = rows.map(({ date }) => date).sort();
  const account = scriptedAccount({ platform: "google", id: "2121450128", currency: "USD" });
  const outcome = { actionId: "1", attribution: "", traffic: "paid", conversionValue: "0" } as const;
  const connector: Connector = {
    ...scriptedConnector({ platform: "google", split: "exact", account, days: () => ({}) }),
    async *performance() {
      yield rows;
    },
    async *conversions() {
      yield rows.map((row) => ({ ...row, ...outcome }));
    },
    async *networks() {
      for (const row of rows) {
        yield [{ ...row, kind: "delivery" as const, network: row.adGroupId || "SEARCH" }];
        yield [{ ...row, ...outcome, kind: "conversions" as const, network: row.adGroupId || "SEARCH" }];
      }
    },
    async *totals() {
      for (const [date, day] of groupBy(rows, (row) => row.date))
        yield [
          {
            date,
            spend: add(day.map(({ spend }) => spend)),
            impressions: String(day.reduce((sum, row) => sum + Number(row.impressions), 0)),
            clicks: String(day.reduce((sum, row) => sum + Number(row.clicks), 0)),
          },
        ];
    },
  };
  const { pool } = await freshDatabase();
  const accountKey = await prepareAccount(pool, connector, account);
  const window = { from: days[0] ?? "", to: days.at(-1) ?? "" };
  expect(await load(pool, connector, { account, accountKey, ...window })).toMatchObject({ outcome: "done" });
  await rollUpAccount({ pool, reportingCurrency: null }, accountKey);
  expect((await pool.query(sumsOf())).rows).toMatchObject([expected]);
});

const linkedinRow = (line: Line, ...pivotValues: readonly string[]) => {
  const [year, month, day] = (line["day"] ?? "").slice(0, 10).split("-").map(Number);
  const date = { year, month, day };
  return {
    dateRange: { start: date, end: date },
    pivotValues,
    costInLocalCurrency: line["cost_in_local_currency"] || "0",
    impressions: Number(line["impressions"] || 0),
    clicks: Number(line["clicks"] || 0),
  };
};

const accountUrn = "urn:li:sponsoredAccount:507515057";
/** One row for each day and pivot, as LinkedIn answers. */
const byPivot = (lines: readonly Line[], pivotOf: (line: Line) => string) =>
  [...groupBy(lines, (line) => `${line["day"] ?? ""}|${pivotOf(line)}`)].map(([key, group]) => {
    const [day = "", pivot = ""] = key.split("|");
    const whole = (name: string) => String(Number(add(group.map((line) => line[name]))));
    return linkedinRow(
      {
        day,
        cost_in_local_currency: add(group.map((line) => line["cost_in_local_currency"])),
        impressions: whole("impressions"),
        clicks: whole("clicks"),
      },
      pivot,
    );
  });

const openLinkedin = async (answers: Parameters<typeof serveLinkedin>[0], settings: object) =>
  openCase({
    now: "2021-12-01T12:00:00Z",
    config: {
      connectors: { linkedin: { ...linkedinSettings(await serveLinkedin(answers)), ...settings } },
    },
  });

const adAccounts = [
  { id: 507515057, name: "a", currency: "USD", status: "ACTIVE", type: "BUSINESS", test: false },
];

test("LinkedIn: spend by campaign comes out to the cent", async () => {
  const lines = await linesOf("dbt_linkedin/linkedin_ad_analytics_by_campaign_data.csv");
  const { sync, query } = await openLinkedin(
    {
      adAccounts,
      "adAnalytics CAMPAIGN": lines.map((line) =>
        linkedinRow(line, `urn:li:sponsoredCampaign:${line["campaign_id"] ?? ""}`),
      ),
      "adAnalytics ACCOUNT": byPivot(lines, () => accountUrn),
    },
    {},
  );
  expect((await sync({ from: "2020-03-01", to: "2021-06-01" })).lines).toEqual([]);
  expect(await query(sumsOf())).toMatchObject([{ spend: 530.62 }]);
});

test("LinkedIn: clicks of creatives that no list knows are kept", async () => {
  const lines = await linesOf("dbt_linkedin/linkedin_ad_analytics_by_creative_data.csv");
  const known = await linesOf("dbt_linkedin/linkedin_creative_history_data.csv");
  const campaignOf = (creative = ""): string =>
    `urn:li:sponsoredCampaign:${known.find(({ id }) => id === creative)?.["campaign_id"] ?? "1"}`;
  const { sync, query } = await openLinkedin(
    {
      adAccounts,
      creatives: known.map((line) => ({
        id: `urn:li:sponsoredCreative:${line["id"] ?? ""}`,
        campaign: campaignOf(line["id"]),
        name: `Creative ${line["id"] ?? ""}`,
      })),
      "adAnalytics CAMPAIGN,CREATIVE": lines.map((line) =>
        linkedinRow(
          line,
          campaignOf(line["creative_id"]),
          `urn:li:sponsoredCreative:${line["creative_id"] ?? ""}`,
        ),
      ),
      "adAnalytics CAMPAIGN": byPivot(lines, (line) => campaignOf(line["creative_id"])),
      "adAnalytics ACCOUNT": byPivot(lines, () => accountUrn),
    },
    { creatives: true },
  );
  expect((await sync({ from: "2017-06-01", to: "2021-11-30" })).lines).toEqual([]);
  expect(await query(sumsOf())).toMatchObject([{ clicks: 389 }]);
  const [stored] = await query<{ clicks: number; unknown: number }>(
    `select sum(f.clicks)::integer as clicks, count(distinct f.ad_id) filter (where d.ad_id is null)::integer as unknown
     from warehouse.ad_daily f left join warehouse.ad d using (account_key, ad_id)`,
  );
  expect(stored?.clicks).toBe(389);
  expect(stored?.unknown).toBeGreaterThan(20);
  const creatives = new Set(lines.map((line) => line["creative_id"]));
  for (const { id } of known) creatives.delete(id);
  expect(creatives.size).toBe(52);
});
