import type pg from "pg";
import { addDays, eachDay } from "../../src/domain/day.ts";
import { addUpSums } from "./sums.ts";

/** What to sow. Everything is a function of names and days: the same seed gives the same figures. */
export interface Seed {
  /** Accounts per platform; their currencies go round `currencies`. */
  readonly accounts: number;
  /** Campaigns per account. */
  readonly campaigns: number;
  readonly days: number;
  /** The youngest day. */
  readonly lastDay: string;
  readonly currencies?: readonly string[];
  /** Fills the `_reporting` columns at fixed rates; a currency without a rate stays NULL. */
  readonly reportingCurrency?: string;
  /** Only the marts, for benchmarks. */
  readonly onlyMarts?: boolean;
  /** Days at the end on which every campaign has networks and actions; before them one campaign an account has. */
  readonly partDays?: number;
}

const ratesToEur = { EUR: "1", USD: "0.9", DKK: "0.134", JPY: "0.006" };

const accounts = `
  insert into warehouse.account (platform, account_id, name, currency, time_zone, status, is_active, restatement_days)
  select platform, (p * 1000000 + n)::text, initcap(platform) || ' account ' || n,
         ($2::text[])[1 + (n - 1 + p - 1) % array_length($2::text[], 1)], 'Europe/Copenhagen', 'ENABLED', true,
         case platform when 'google' then 30 when 'meta' then 28 else 14 end
  from unnest(array['google', 'meta', 'linkedin']) with ordinality as t (platform, p),
       generate_series(1, $1::int) as n`;

const campaigns = `
  insert into warehouse.campaign (account_key, campaign_id, name, status, type)
  select a.account_key, a.account_id || lpad(n::text, 4, '0'),
         case when n = 1 then 'Brand <b>Søk</b> & "co"' else 'Campaign ' || a.account_id || '-' || n end,
         'ENABLED', 'SEARCH'
  from warehouse.account a, generate_series(1, $1::int) as n`;

// One in eleven campaign-days converts nobody.
const daily = `
  insert into figures.cost_per_conversion_daily
    (account_key, date, campaign_id, currency, spend, impressions, clicks, conversions, conversion_value,
     organic_conversions, reporting_currency, spend_reporting, conversion_value_reporting, refreshed_at)
  select account_key, date, campaign_id, currency, spend, clicks * 37 + h % 91, clicks, conversions, conversions * 55.5,
         organic, $2::text, spend * rate, conversions * 55.5 * rate, $1::date + interval '1 day 3 hours'
  from (
    select c.account_key, c.campaign_id, a.currency, d.date, d.h,
           round((500 + d.h % 9000) / 100.0 * (1 + 0.2 * sin(d.age / 20.0)::numeric), 2) as spend,
           (5 + d.h % 120)::bigint as clicks,
           case when d.h % 11 = 0 then 0 else round((1 + d.h % 70) / 10.0, 2) end as conversions,
           case when a.platform = 'linkedin' then (d.h % 3)::numeric else 0 end as organic,
           ($3::jsonb ->> a.currency)::numeric * case when $2::text is null then null else 1 end as rate
    from warehouse.campaign c
    join warehouse.account a using (account_key)
    cross join lateral (
      select g.day::date as date, ($1::date - g.day::date) as age,
             abs(hashtext(c.campaign_id || g.day::date::text)::bigint) as h
      from generate_series($4::date, $5::date, interval '1 day') as g (day)
    ) d
  ) rows`;

const networks = `
  insert into figures.cost_per_conversion_by_network_daily
    (account_key, date, campaign_id, network, currency, spend, impressions, clicks, conversions, conversion_value,
     organic_conversions, reporting_currency, spend_reporting, conversion_value_reporting, refreshed_at)
  select account_key, date, campaign_id, network, m.currency, spend * share, floor(impressions * share),
         floor(clicks * share), conversions * share, conversion_value * share, organic_conversions * share,
         reporting_currency, spend_reporting * share, conversion_value_reporting * share, refreshed_at
  from figures.cost_per_conversion_daily m
  join warehouse.account a using (account_key)
  join (values ('google', 'SEARCH', 0.75), ('google', 'YOUTUBE', 0.25), ('meta', 'facebook', 0.5),
               ('meta', 'instagram', 0.5), ('linkedin', 'LINKEDIN', 1)) n (platform, network, share) using (platform)
  where date between $1 and $2 and (date > $3 or campaign_id like '%0001')`;

const actions = `
  insert into figures.cost_per_conversion_by_action_daily
    (account_key, date, campaign_id, conversion_action_id, currency, conversions, conversion_value, cost_per_conversion,
     reporting_currency, conversion_value_reporting, cost_per_conversion_reporting, refreshed_at)
  select account_key, date, campaign_id, action, currency, conversions * share, conversion_value * share,
         figures.ratio(spend, conversions * share), reporting_currency, conversion_value_reporting * share,
         figures.ratio(spend_reporting, conversions * share), refreshed_at
  from figures.cost_per_conversion_daily
  cross join (values ('purchase', 0.25), ('lead', 0.75)) n (action, share)
  where conversions > 0 and date between $1 and $2 and (date > $3 or campaign_id like '%0001')`;

// Each campaign has two ad groups of two ads, and a tenth that the platform reports for none of them. Organic
// conversions are of no ad, so that the facts of them stay out of what is left out.
const ofAds = `
  select m.*, case when ad_group = '' then '' else campaign_id || '-' || ad_group end as ad_group_id,
         case when ad = '' then '' else campaign_id || '-' || ad_group || '-' || ad end as ad_id, share
  from figures.cost_per_conversion_daily m
  cross join (values ('1', '1', 0.3), ('1', '2', 0.3), ('2', '1', 0.2), ('2', '2', 0.1), ('', '', 0.1)) n (ad_group, ad, share)`;

const countAll = `insert into ops.counting_rule (account_key, measure) select account_key, 'conversions' from warehouse.account`;

const dayRates = `
  insert into figures.day_rate (account_key, date, rate)
  select account_key, date, max(spend_reporting / spend) from figures.cost_per_conversion_daily
  where spend_reporting is not null and spend > 0 group by 1, 2`;

const adDays = `
  insert into warehouse.ad_daily (account_key, date, campaign_id, ad_group_id, ad_id, spend, impressions, clicks)
  select account_key, date, campaign_id, ad_group_id, ad_id, spend * share, floor(impressions * share), floor(clicks * share)
  from (${ofAds}) a`;

const adConversions = `
  insert into warehouse.conversion_daily
    (account_key, date, campaign_id, ad_group_id, ad_id, conversion_action_id, attribution, traffic, conversions,
     conversion_value, primary_conversions, primary_conversion_value, all_conversions, all_conversion_value)
  select account_key, date, campaign_id, ad_group_id, ad_id, 'lead', '', 'paid', conversions * share,
         conversion_value * share, 0, 0, 0, 0
  from (${ofAds}) a where conversions > 0`;

const adGroups = `
  insert into figures.cost_per_conversion_by_ad_group_daily
    (account_key, date, campaign_id, ad_group_id, currency, spend, impressions, clicks, conversions,
     conversion_value, organic_conversions, reporting_currency, spend_reporting, conversion_value_reporting, refreshed_at)
  select account_key, date, campaign_id, ad_group_id, currency, sum(spend * share), sum(floor(impressions * share)),
         sum(floor(clicks * share)), sum(conversions * share), sum(conversion_value * share), 0, reporting_currency,
         sum(spend_reporting * share), sum(conversion_value_reporting * share), refreshed_at
  from (${ofAds}) a
  group by account_key, date, campaign_id, ad_group_id, currency, reporting_currency, refreshed_at`;

const adNames = `
  with g as (
    insert into warehouse.ad_group (account_key, ad_group_id, campaign_id, name, status)
    select account_key, campaign_id || '-' || n, campaign_id, 'Ad group <i>' || n || '</i>', 'ENABLED'
    from warehouse.campaign, generate_series(1, 2) as n
    returning account_key, ad_group_id, campaign_id)
  insert into warehouse.ad (account_key, ad_group_id, ad_id, campaign_id, name, status)
  select account_key, ad_group_id, ad_group_id || '-' || n, campaign_id, case n when 1 then 'Ad one' else '' end, 'ENABLED'
  from g, generate_series(1, 2) as n`;

const actionNames = `
  insert into warehouse.conversion_action (account_key, conversion_action_id, name, status, category, origin, is_primary)
  select account_key, action, action_name, 'ENABLED', '', '', true
  from warehouse.account, (values ('purchase', 'Purchase'), ('lead', 'Lead <form>')) n (action, action_name)`;

/** The figures were rolled up on their youngest day. */
const today = `insert into ops.rollup_day (account_key, today) select account_key, $1::date from warehouse.account`;

// The youngest thirty days were observed three times: first report, a week on, today.
const history = `
  insert into marts.cost_per_conversion_history
    (account_key, date, platform, account_id, campaign_id, observed_at, currency, spend, impressions, clicks,
     conversions, conversion_value, organic_conversions, cost_per_conversion)
  select account_key, date, platform, account_id, campaign_id,
         date + interval '1 day 3 hours' + step * interval '5 days', currency, spend, impressions, clicks,
         conversions * part, conversion_value * part, organic_conversions, figures.ratio(spend, conversions * part)
  from marts.cost_per_conversion_daily
  cross join (values (0, 0.6), (1, 0.85), (2, 1.0)) s (step, share)
  cross join lateral (select case when step = 2 or date + step * 5 + 5 > $1::date then 1 else share end as part) p
  where date > $1::date - 30 and date + step * 5 <= $1::date`;

const maturity = `
  insert into marts.conversion_maturity (platform, account_id, age_days, share, learned_from_days, basis)
  select platform, account_id, age, 1 - 0.5 * exp(-age / 6.0)::numeric, 60, 'account'
  from warehouse.account, generate_series(0, 30) as age`;

const accountDays = `
  insert into ops.account_day (platform, account_id, date, state, platform_spend, our_spend, difference, residual_spend, cause, fetched_at)
  select a.platform, a.account_id, d.date,
         case when n.last and d.date = $1::date then 'failed' when n.last and d.date = $1::date - 1 then 'not_fetched'
              when m.spend is null then 'no_spend' else 'complete' end,
         m.spend + off.by, m.spend, off.by, 0, case when off.by <> 0 then 'the platform restated after the fetch' end,
         case when n.last and d.date >= $1::date - 1 then null else d.date + interval '1 day 3 hours' end
  from warehouse.account a
  cross join lateral (select a.account_key = max(account_key) as last from warehouse.account) n
  cross join lateral (select g::date as date from generate_series($1::date - ($2::int - 1), $1::date, interval '1 day') g) d
  cross join lateral (select case when a.account_key = 1 and d.date = $1::date - 3 then 1.25 else 0 end as by) off
  left join marts.cost_per_conversion_by_account_daily m
    on m.account_key = a.account_key and m.date = d.date`;

const slices = `
  with run as (
    insert into ops.run (command, started_at, finished_at, outcome)
    values ('sync', $1::date + interval '1 day 3 hours 30 minutes', $1::date + interval '1 day 3 hours 40 minutes', 'failed')
    returning run_id)
  insert into ops.slice (run_id, platform, account_id, from_date, to_date, outcome, failure_kind, failure, remedy,
                         rows_read, rows_written, started_at, finished_at)
  select run_id, platform, account_id, $1::date - 29, $1::date,
         case when last then 'failed' else 'done' end, case when last then 'credentials' end,
         case when last then 'the access token has expired' end, case when last then 'log in again' end,
         1000 + account_key, 40, $1::date + interval '1 day 3 hours 30 minutes' + account_key * interval '20 seconds',
         $1::date + interval '1 day 3 hours 30 minutes' + account_key * interval '20 seconds' + interval '75 seconds'
  from run, (select a.*, account_key = max(account_key) over () as last from warehouse.account a) a`;

const alerts = `
  insert into ops.alert (rule, series, labels, state, severity, metric, value, threshold, currency, since, explanation, evaluated_at)
  values ('too-expensive', 'google:1000001:10000010001',
          '{"platform": "google", "account_id": "1000001", "campaign_id": "10000010001", "campaign_name": "Brand <b>Søk</b>"}',
          'firing', 'critical', 'cost_per_conversion', 52.5, 40, 'EUR', $1::date + interval '4 hours',
          'Seven days cost 52.50 EUR per conversion, above 40.', $1::date + interval '1 day 4 hours'),
         ('stale', 'linkedin:3000002', '{"platform": "linkedin", "account_id": "3000002"}',
          'pending', 'warning', 'freshness', 40, 36, null, $1::date + interval '4 hours',
          'Its last good day ended 40 hours ago.', $1::date + interval '1 day 4 hours'),
         ('spend-drop', 'meta', '{"platform": "meta"}', 'no_data', 'info', 'spend', null, 100, 'EUR',
          $1::date + interval '4 hours', '', $1::date + interval '1 day 4 hours')`;

const alertEvents = `
  insert into ops.alert_event (rule, series, labels, from_state, to_state, value, threshold, explanation, occurred_at)
  select a.rule, a.series, a.labels, e.from_state, e.to_state, e.value, a.threshold, '', $1::date - e.age + interval '4 hours'
  from ops.alert a
  cross join (values (9, 'inactive', 'pending', 41.0), (8, 'pending', 'firing', 47.0), (5, 'firing', 'resolved', 33.0),
                     (1, 'inactive', 'pending', 44.0), (0, 'pending', 'firing', 52.5)) e (age, from_state, to_state, value)
  where a.rule = 'too-expensive' order by e.age desc`;

const channels = `
  insert into marts.channel_daily (date, channel, traffic, sessions, conversions, conversion_value, refreshed_at)
  select $1::date - age, channel, traffic, 100 + age, conversions, conversions * 20, $1::date
  from generate_series(0, 9) as age
  cross join (values ('Paid Search', 'paid', 4), ('Organic Search', 'organic', 2.5), ('Direct', 'direct', 1)) c (channel, traffic, conversions)`;

const excluded = `
  insert into marts.excluded_conversions
  select 'order-' || age || rule, $1::date - age, 'purchase', channel, traffic, null, 1, 20, 'EUR', rule, 'Nobody paid for it.', $1::date
  from generate_series(0, 9) as age
  cross join (values ('Organic Search', 'organic', 'organic'), ('Direct', 'direct', 'direct')) c (channel, traffic, rule)`;

/** The marts of each month, by two connections at once. */
const sowMarts = async (pool: pg.Pool, seed: Seed): Promise<void> => {
  const first = addDays(seed.lastDay, 1 - seed.days);
  const wholeAfter = addDays(seed.lastDay, -(seed.partDays ?? seed.days));
  const { rows: months } = await pool.query<{ from: string; to: string }>(
    `select greatest(m::date, $1::date) as "from", least((m + interval '1 month - 1 day')::date, $2::date) as "to"
     from generate_series(date_trunc('month', $1::date), $2::date, interval '1 month') m`,
    [first, seed.lastDay],
  );
  const work = async (): Promise<void> => {
    for (let month = months.pop(); month !== undefined; month = months.pop()) {
      const { from, to } = month;
      const rates = JSON.stringify(ratesToEur);
      await pool.query(daily, [seed.lastDay, seed.reportingCurrency ?? null, rates, from, to]);
      await pool.query(networks, [from, to, wholeAfter]);
      await pool.query(actions, [from, to, wholeAfter]);
    }
  };
  await Promise.all([work(), work()]);
};

const addUp = async (pool: pg.Pool, { lastDay, days }: Seed): Promise<void> => {
  const { rows } = await pool.query<{ account_key: number }>("select account_key from warehouse.account");
  const range = { from: addDays(lastDay, 1 - days), to: lastDay };
  const work = async (): Promise<void> => {
    for (let account = rows.pop(); account !== undefined; account = rows.pop())
      await addUpSums(pool, account.account_key, eachDay(range), `${addDays(lastDay, 1)} 03:00`);
  };
  await Promise.all([work(), work()]);
};

/** Fills an empty, migrated warehouse with marts as a rollup would leave them, and with what `ops` knows of the nights. */
export const seedMarts = async (pool: pg.Pool, seed: Seed): Promise<void> => {
  const range = [seed.lastDay, seed.days];
  await pool.query(
    `select warehouse.ensure_partition(t, m::date)
     from unnest(array['figures.cost_per_conversion_daily', 'figures.cost_per_conversion_by_network_daily',
                       'figures.cost_per_conversion_by_action_daily', 'warehouse.ad_daily', 'warehouse.conversion_daily',
                       'figures.cost_per_conversion_by_ad_group_daily', 'marts.cost_per_conversion_history']::regclass[]) t,
          generate_series(date_trunc('month', $1::date - $2::int), $1::date, interval '1 month') m`,
    range,
  );
  await pool.query(accounts, [seed.accounts, seed.currencies ?? ["EUR"]]);
  await pool.query(campaigns, [seed.campaigns]);
  await pool.query(actionNames);
  await pool.query(today, [seed.lastDay]);
  await pool.query(maturity);
  await sowMarts(pool, seed);
  if (seed.onlyMarts !== true)
    for (const statement of [adNames, countAll, dayRates, adDays, adConversions, adGroups])
      await pool.query(statement);
  await pool.query("analyze");
  await addUp(pool, seed);
  if (seed.onlyMarts !== true)
    for (const statement of [history, alerts, alertEvents, channels, excluded])
      await pool.query(statement, [seed.lastDay]);
  await pool.query(accountDays, range);
  await pool.query(slices, [seed.lastDay]);
  await pool.query("analyze");
};
