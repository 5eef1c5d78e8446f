import { expect, test } from "vitest";
import type { Breakdown } from "../../src/web/api/answers.ts";
import { smallSeed, startWeb } from "../support/web.ts";

const range = "from=2026-11-01&to=2026-11-20";

test("a breakdown that was asked for on some days has their rows, their total, a download that names them, and says how many days those are", async () => {
  const { url, database } = await startWeb({ seed: smallSeed });
  const { pool } = database;
  await pool.query(`
    select warehouse.ensure_partition('figures.cost_per_conversion_by_device_daily', '2026-11-01');
    select warehouse.ensure_partition('figures.cost_per_conversion_by_keyword_daily', '2026-11-01');
    insert into ops.breakdown_day (account_key, date, breakdown)
    select distinct account_key, date, 'device' from figures.cost_per_conversion_daily where date >= '2026-11-11';
    insert into figures.cost_per_conversion_by_device_daily
      (account_key, date, campaign_id, device, currency, spend, impressions, clicks, conversions, conversion_value,
       organic_conversions, reporting_currency, spend_reporting, conversion_value_reporting, refreshed_at)
    select account_key, date, campaign_id, device, currency, spend / 2, impressions, clicks, conversions / 2,
           conversion_value / 2, organic_conversions, reporting_currency, spend_reporting / 2,
           conversion_value_reporting / 2, refreshed_at
    from figures.cost_per_conversion_daily, unnest(array['mobile', 'unknown']) device where date >= '2026-11-11';
    insert into figures.cost_per_conversion_by_keyword_daily
      (account_key, date, campaign_id, ad_group_id, keyword_id, currency, spend, impressions, clicks, conversions,
       conversion_value, organic_conversions, reporting_currency, spend_reporting, conversion_value_reporting, refreshed_at)
    select account_key, date, campaign_id, 'g1', '7', currency, spend, impressions, clicks, conversions,
           conversion_value, organic_conversions, reporting_currency, spend_reporting, conversion_value_reporting, refreshed_at
    from figures.cost_per_conversion_daily where date >= '2026-11-11';
    insert into warehouse.keyword (account_key, ad_group_id, keyword_id, campaign_id, name, match_type, status)
    select account_key, 'g1', '7', '', 'løbesko', 'EXACT', '' from warehouse.account`);
  const ask = async (by: string): Promise<Breakdown> =>
    (await (await fetch(`${url}/api/breakdown?${range}&by=${by}`)).json()) as Breakdown;

  const devices = await ask("device");
  expect(new Set(devices.rows.map(({ part_id }) => part_id))).toEqual(new Set(["mobile", "unknown"]));
  const { rows } = await pool.query<{ spend: string; days: number }>(
    `select sum(spend) as spend, (select count(*)::int from ops.breakdown_day) as days
     from marts.cost_per_conversion_by_device_daily`,
  );
  expect(devices.totals.map(({ spend }) => spend)).toEqual([rows[0]?.spend]);
  expect(devices.brought?.known).toBeGreaterThan(0);
  expect(devices.brought?.known).toBeLessThan(devices.brought?.all ?? 0);

  const keywords = await ask("keyword");
  expect(new Set(keywords.rows.map(({ part, part_id }) => `${part_id ?? ""} ${part ?? ""}`))).toEqual(
    new Set(["g1/7 løbesko (exact)"]),
  );
  expect(keywords.brought?.known).toBe(0);

  const download = async (by: string): Promise<readonly string[]> =>
    (await (await fetch(`${url}/api/breakdown.csv?${range}&by=${by}`)).text()).split("\n");
  const [titles, ...lines] = await download("device");
  expect(titles).toMatch(/^from,to,platform,device,currency,spend,/);
  expect(lines.some((line) => line.startsWith("2026-11-01,2026-11-20,google,mobile,EUR,"))).toBe(true);
  const [keywordTitles, ...keywordLines] = await download("keyword");
  expect(keywordTitles).toMatch(/^from,to,platform,keyword,ad_group_id\/keyword_id,currency,spend,/);
  expect(keywordLines[0]).toContain(",løbesko (exact),g1/7,EUR,");
  expect((await download("country"))[0]).toMatch(/^from,to,platform,country,currency,spend,/);
  expect((await download("search_term"))[0]).toMatch(/^from,to,platform,search_term,currency,spend,/);

  const countries = await ask("country");
  expect(countries.rows).toEqual([]);
  expect((await ask("platform")).brought).toBeNull();
  const refused = await fetch(`${url}/api/breakdown?${range}&by=age`);
  expect(refused.status).toBe(400);
  expect(await refused.text()).toContain("device, country, keyword, search_term");
});
