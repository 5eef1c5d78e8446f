import { expect, test } from "vitest";
import { type SandboxName, sandboxNames } from "../../sandbox/platforms.ts";
import { openWorld, rowVersions, type World } from "./support.ts";

const range = { from: "2026-09-13", to: "2026-09-15" };

/** What the sandboxes know to be true of an account-day. */
const truthOf = ({ sandbox }: World, platform: SandboxName, accountId: string) => {
  const { truth } = sandbox.platforms[platform];
  return truth
    .days(accountId, range.from, range.to)
    .filter((day) => Number(day.spend) !== 0 || Number(day.conversions) !== 0)
    .map(({ date, spend, impressions, clicks, conversions, conversionValue }) => ({
      date,
      spend: Number(spend).toFixed(6),
      impressions: String(impressions),
      clicks: String(clicks),
      conversions: Number(conversions).toFixed(2),
      conversion_value: Number(conversionValue).toFixed(2),
    }));
};

const martOf = ({ query }: World, platform: SandboxName, accountId: string) =>
  query(
    `select date::text, sum(spend)::numeric(18,6)::text as spend, sum(impressions)::text as impressions,
            sum(clicks)::text as clicks, sum(conversions)::numeric(18,2)::text as conversions,
            sum(conversion_value)::numeric(18,2)::text as conversion_value
     from marts.cost_per_conversion_daily
     where platform = $1 and account_id = $2 and date between $3 and $4
     group by date having sum(spend) <> 0 or sum(conversions) <> 0 order by date`,
    [platform, accountId, range.from, range.to],
  );

const accountsOf = (world: World) =>
  world.query<{ platform: SandboxName; account_id: string }>(
    "select platform, account_id from warehouse.account where is_active order by 1, 2",
  );

const networkSums = `
  select date, account_id, campaign_id, sum(spend) as spend, sum(impressions) as impressions, sum(clicks) as clicks,
         sum(conversions) as conversions, sum(conversion_value) as conversion_value
  from marts.cost_per_conversion_by_network_daily group by 1, 2, 3`;

/** Rows of each check are what is wrong; every statement must answer none. */
const invariants: Readonly<Record<string, string>> = {
  "networks add up to the campaign-day": `
    select d.date, d.platform, d.campaign_id, d.spend, n.spend as by_network, d.conversions, n.conversions as counted
    from marts.cost_per_conversion_daily d
    left join (${networkSums}) n using (date, account_id, campaign_id)
    where (d.spend, d.impressions, d.clicks, d.conversions, d.conversion_value)
          is distinct from (coalesce(n.spend, 0), coalesce(n.impressions, 0)::bigint, coalesce(n.clicks, 0)::bigint,
                            coalesce(n.conversions, 0), coalesce(n.conversion_value, 0))`,
  "ad groups and ads add up to the campaign-day": ["ad_group", "ad"]
    .map(
      (level) => `
    select date, campaign_id
    from marts.cost_per_conversion_daily d
    full join (
      select account_key, date, campaign_id, sum(spend) as spend, sum(impressions)::bigint as impressions,
             sum(clicks)::bigint as clicks, sum(conversions) as conversions, sum(conversion_value) as conversion_value,
             sum(organic_conversions) as organic_conversions, max(is_final::text)::boolean as is_final
      from marts.cost_per_conversion_by_${level}_daily group by 1, 2, 3) l using (account_key, date, campaign_id)
    where (d.spend, d.impressions, d.clicks, d.conversions, d.conversion_value, d.organic_conversions, d.is_final)
          is distinct from (l.spend, l.impressions, l.clicks, l.conversions, l.conversion_value, l.organic_conversions, l.is_final)`,
    )
    .join(" union all "),
  "what belongs to no ad has empty ids and no name, and the others are facts of an ad": `
    select * from marts.cost_per_conversion_by_ad_daily m
    where ad_group_id is null or ad_id is null or ad_id = '' and ad_name is not null
       or spend <> 0 and not exists (
         select from warehouse.ad_daily f
         where (f.account_key, f.date, f.campaign_id, f.ad_group_id, f.ad_id)
               = (m.account_key, m.date, m.campaign_id, m.ad_group_id, m.ad_id) and f.spend = m.spend)`,
  "network_daily holds the counted conversions of the mart": `
    select * from marts.cost_per_conversion_by_network_daily m
    join warehouse.network_daily n using (account_key, date, campaign_id, network)
    where (m.conversions, m.conversion_value) is distinct from (n.conversions, n.conversion_value)`,
  "actions add up to the campaign-day, each against its whole spend": `
    select d.date, d.platform, d.campaign_id
    from marts.cost_per_conversion_daily d
    join (select account_key, date, campaign_id, sum(conversions) as conversions, sum(conversion_value) as value
          from marts.cost_per_conversion_by_action_daily group by 1, 2, 3) a using (account_key, date, campaign_id)
    where (d.conversions, d.conversion_value) is distinct from (a.conversions, a.value)
    union all
    select d.date, d.platform, d.campaign_id
    from marts.cost_per_conversion_daily d
    join marts.cost_per_conversion_by_action_daily a using (account_key, date, campaign_id)
    where a.cost_per_conversion is distinct from round(d.spend / nullif(a.conversions, 0), 6)`,
  "a campaign-day with conversions has its actions": `
    select * from marts.cost_per_conversion_daily d where conversions <> 0 and not exists (
      select from marts.cost_per_conversion_by_action_daily a
      where (a.account_key, a.date, a.campaign_id) = (d.account_key, d.date, d.campaign_id))`,
  "ratios are those of the row's own sums, NULL where the divisor is 0": `
    select * from marts.cost_per_conversion_daily
    where cost_per_conversion is distinct from round(spend / nullif(conversions, 0), 6)
       or cost_per_click is distinct from round(spend / nullif(clicks, 0), 6)
       or conversion_rate is distinct from round(conversions / nullif(clicks, 0), 6)
       or return_on_ad_spend is distinct from round(conversion_value / nullif(spend, 0), 6)`,
  "amounts in the reporting currency are there wherever a rate is": `
    select * from marts.cost_per_conversion_daily where spend_reporting is null or currency = 'EUR' and spend_reporting <> spend`,
  "every account-day has a state, and a good one adds up": `
    select d.date, d.account_id, d.state from ops.account_day d
    left join (select account_key, date, sum(spend) as spend from warehouse.ad_daily group by 1, 2) f
      on f.date = d.date and f.account_key = (select account_key from warehouse.account a
                                              where (a.platform, a.account_id) = (d.platform, d.account_id))
    where d.state not in ('complete', 'no_spend', 'account_closed')
       or (d.state <> 'account_closed'
           and (d.platform_spend, d.our_spend, d.difference) is distinct from (coalesce(f.spend, 0), coalesce(f.spend, 0), 0::numeric))`,
  "weeks are ISO weeks and ratios of sums": `
    select w.week from marts.cost_per_conversion_weekly w
    join (select date_trunc('week', date)::date as week, platform, account_id, campaign_id, sum(spend) as spend,
                 sum(conversions) as conversions
          from marts.cost_per_conversion_daily group by 1, 2, 3, 4) d using (week, platform, account_id, campaign_id)
    where (w.spend, w.conversions) is distinct from (d.spend, d.conversions)
       or w.cost_per_conversion is distinct from round(d.spend / nullif(d.conversions, 0), 6)`,
  "months are sums of days": `
    select m.month from marts.cost_per_conversion_monthly m
    join (select date_trunc('month', date)::date as month, platform, account_id, campaign_id, sum(clicks) as clicks,
                 sum(conversions) as conversions
          from marts.cost_per_conversion_daily group by 1, 2, 3, 4) d using (month, platform, account_id, campaign_id)
    where (m.clicks, m.conversions) is distinct from (d.clicks, d.conversions)`,
  "no conversion row is all zeros": `
    select conversion_action_id, count(*) from warehouse.conversion_daily
    where (conversions, conversion_value, primary_conversions, primary_conversion_value, all_conversions,
           all_conversion_value) = (0, 0, 0, 0, 0, 0)
    group by 1`,
  "rows of no campaign have no name, and no id is null": `
    select * from marts.cost_per_conversion_daily where campaign_id is null or campaign_id = '' and campaign_name is not null`,
};

test("marts are the platforms' own truth to the cent, add up, and a second sync writes nothing", async () => {
  const world = await openWorld();
  const first = await world.sync(range);
  expect(first.lines).toEqual([]);
  const accounts = await accountsOf(world);
  expect([...new Set(accounts.map(({ platform }) => platform))].toSorted()).toEqual(sandboxNames.toSorted());
  for (const { platform, account_id } of accounts) {
    const truth = truthOf(world, platform, account_id);
    expect(truth.length).toBe(3);
    expect({ platform, account_id, days: await martOf(world, platform, account_id) }).toEqual({
      platform,
      account_id,
      days: truth,
    });
  }

  for (const [what, statement] of Object.entries(invariants))
    expect({ what, wrong: await world.query(statement) }).toEqual({ what, wrong: [] });
  const [views] = await world.query(`
    select (select count(*) > 0 from marts.cost_per_conversion_weekly) as weekly,
           (select count(*) > 0 from marts.cost_per_conversion_monthly) as monthly,
           (select count(*) > 0 from marts.cost_per_conversion_daily where campaign_name is null) as unnamed,
           (select count(*) > 0 from warehouse.ad_daily where ad_id = '' and ad_group_id = '') as residual`);
  expect(views).toMatchObject({ weekly: true, monthly: true, residual: true });
  const [organic] = await world.query(`
    select sum(organic_conversions)::text as mart,
           (select sum(conversions) from marts.organic_excluded_daily)::text as excluded
    from marts.cost_per_conversion_daily where platform = 'linkedin'`);
  expect(Number(organic?.["mart"])).toBeGreaterThan(0);
  const viral = (await accountsOf(world))
    .filter(({ platform }) => platform === "linkedin")
    .flatMap(({ account_id }) =>
      world.sandbox.platforms.linkedin.truth.days(account_id, range.from, range.to),
    )
    .reduce((sum, { organicConversions }) => sum + Number(organicConversions), 0);
  expect(Number(organic?.["mart"])).toBe(viral);

  const before = await rowVersions(world);
  const second = await world.sync(range);
  expect(second.lines).toEqual([]);
  expect(second.json.slices.map(({ rows_written }) => rows_written).filter((rows) => rows > 0)).toEqual([]);
  expect(await rowVersions(world)).toBe(before);
});

const dayOf = { from: "2026-09-15", to: "2026-09-15" };

test("restated days replace what stood there, and history keeps both", async () => {
  const world = await openWorld({ platforms: ["google"], now: "2026-09-16T09:00:00Z" });
  await world.sync(dayOf);
  const [young] = await world.query(
    "select sum(conversions)::text as c from marts.cost_per_conversion_daily",
  );
  world.setNow("2026-10-20T09:00:00Z");
  await world.sync(dayOf);
  const days = await world.query(
    "select account_id, sum(conversions)::numeric(18,2)::text as c from marts.cost_per_conversion_daily group by 1 order by 1",
  );
  const truth = (await accountsOf(world)).map(({ account_id }) => ({
    account_id,
    c: world.sandbox.platforms.google.truth.days(account_id, dayOf.from, dayOf.to)[0]?.conversions,
  }));
  expect(days).toEqual(truth);
  const total = days.reduce((sum, { c }) => sum + Number(c), 0);
  expect(total).toBeGreaterThan(Number(young?.["c"]));
  const [history] = await world.query(`
    select count(*)::integer as rows, count(distinct (account_id, date, campaign_id))::integer as campaign_days,
           (select count(*)::integer from marts.cost_per_conversion_daily) as mart
    from marts.cost_per_conversion_history`);
  expect(history?.["campaign_days"]).toBe(history?.["mart"]);
  expect(Number(history?.["rows"])).toBeGreaterThan(Number(history?.["mart"]));
});

test("a campaign-day that the platform no longer reports leaves the marts, and history says when", async () => {
  const world = await openWorld({ platforms: ["linkedin"] });
  await world.sync(dayOf);
  const [row] = await world.query<{ campaign_id: string; account_id: string }>(
    "select campaign_id, account_id from marts.cost_per_conversion_daily where spend > 0 order by spend desc limit 1",
  );
  const campaignId = row?.campaign_id ?? "";
  world.sandbox.platforms.linkedin.restate(campaignId, dayOf.from, 0);
  await world.sync(dayOf);
  expect(
    await world.query("select spend from warehouse.ad_daily where campaign_id = $1", [campaignId]),
  ).toEqual([]);
  expect(
    await world.query(
      "select coalesce(sum(spend), 0)::float as spend from marts.cost_per_conversion_daily where campaign_id = $1",
      [campaignId],
    ),
  ).toEqual([{ spend: 0 }]);
  const history = await world.query<{ spend: string | null }>(
    "select spend from marts.cost_per_conversion_history where campaign_id = $1 order by observed_at",
    [campaignId],
  );
  expect(history.length).toBe(2);
  expect(Number(history[0]?.spend)).toBeGreaterThan(0);
  expect(await martOf(world, "linkedin", row?.account_id ?? "")).toEqual(
    truthOf(world, "linkedin", row?.account_id ?? "").filter(({ date }) => date === dayOf.from),
  );
});
