import { projectionOf, storable } from "./projection.ts";

/**
 * What the marts should say about an account's days, computed from the facts. `$1` is the account, `$2` the days,
 * `$3` the reporting currency or NULL, `$4` the moment or NULL for the database's own clock. Ratios are sums divided once; a divisor of 0 gives NULL.
 */

/** How a mart's rows are told apart and what of them is a figure, whose change moves refreshed_at. */
export interface Mart {
  readonly name: string;
  readonly key: readonly string[];
  readonly figures: readonly string[];
  /** Names and states: kept current, but their change does not move refreshed_at. */
  readonly labels: readonly string[];
  /** What follows the calendar: as of the last rollup, whatever the facts say. */
  readonly aging: readonly string[];
  readonly fresh: string;
}

/** Traffic that somebody paid for: the one predicate of paid against organic for the ad platforms' own figures. */
const paid = "traffic = 'paid'";

const ratioColumns = ["cost_per_conversion", "cost_per_click", "conversion_rate", "return_on_ad_spend"];
const reportingColumns = [
  "reporting_currency",
  "spend_reporting",
  "conversion_value_reporting",
  "cost_per_conversion_reporting",
];

const account = `
  account as (
    select account_key, platform, account_id, name as account_name, currency, time_zone, restatement_days,
           (coalesce($4::timestamptz, now()) at time zone time_zone)::date as today
    from warehouse.account where account_key = $1
  ),
  rates as (
    select d.date, warehouse.rate_on(d.date, a.currency, $3) as rate
    from account a, unnest($2::date[]) as d (date) where $3::text is not null
  )`;

/** Amounts in the reporting currency are converted first, per day, and divided afterwards. */
const measures = (f: string): string => `
  ${f}.spend, ${f}.impressions, ${f}.clicks, ${f}.conversions, ${f}.conversion_value, ${f}.organic_conversions,
  ${f}.spend / nullif(${f}.conversions, 0) as cost_per_conversion,
  ${f}.spend / nullif(${f}.clicks, 0) as cost_per_click,
  ${f}.conversions / nullif(${f}.clicks, 0) as conversion_rate,
  ${f}.conversion_value / nullif(${f}.spend, 0) as return_on_ad_spend,
  $3::text as reporting_currency,
  ${storable(`round(${f}.spend * r.rate, 6)`)} as spend_reporting,
  ${storable(`round(${f}.conversion_value * r.rate, 6)`)} as conversion_value_reporting,
  ${f}.spend * r.rate / nullif(${f}.conversions, 0) as cost_per_conversion_reporting,
  ${f}.date < a.today - a.restatement_days as is_final`;

const delivery = `
  delivery as (
    select date, campaign_id, sum(spend) as spend, sum(impressions)::bigint as impressions, sum(clicks)::bigint as clicks
    from warehouse.ad_daily where account_key = $1 and date = any ($2::date[])
    group by date, campaign_id
  )`;

const outcome = `
  outcome as (
    select date, campaign_id,
           coalesce(sum(conversions) filter (where ${paid}), 0) as conversions,
           coalesce(sum(conversion_value) filter (where ${paid}), 0) as conversion_value,
           coalesce(sum(conversions) filter (where not (${paid})), 0) as organic_conversions
    from warehouse.counted_conversion_daily where account_key = $1 and date = any ($2::date[])
    group by date, campaign_id
  )`;

const daily: Mart = {
  name: "cost_per_conversion_daily",
  key: ["date", "campaign_id"],
  figures: [
    "currency",
    "spend",
    "impressions",
    "clicks",
    "conversions",
    "conversion_value",
    "organic_conversions",
    ...ratioColumns,
    ...reportingColumns,
  ],
  labels: ["platform", "account_id", "account_name", "campaign_name"],
  aging: ["is_final", "projected_conversions", "projected_cost_per_conversion"],
  fresh: `
  with ${account}, ${delivery}, ${outcome},
  -- A campaign-day has a row as soon as any fact of it is stored, an uncounted conversion too.
  stored as (
    select date, campaign_id from delivery
    union
    select date, campaign_id from warehouse.conversion_daily where account_key = $1 and date = any ($2::date[])
  ),
  figures as (
    select s.date, s.campaign_id, coalesce(d.spend, 0) as spend, coalesce(d.impressions, 0) as impressions,
           coalesce(d.clicks, 0) as clicks, coalesce(o.conversions, 0) as conversions,
           coalesce(o.conversion_value, 0) as conversion_value,
           coalesce(o.organic_conversions, 0) as organic_conversions
    from stored s left join delivery d using (date, campaign_id) left join outcome o using (date, campaign_id)
  ),
  measured as (
    select a.account_key, f.date, a.platform, a.account_id, a.account_name, f.campaign_id, c.name as campaign_name,
           a.currency, a.today - f.date as age_days, ${measures("f")}
    from figures f
    cross join account a
    left join rates r on r.date = f.date
    left join warehouse.campaign c on c.account_key = a.account_key and c.campaign_id = f.campaign_id
  )
  select measured.*, ${projectionOf("measured", "m.share")}
  from measured
  left join marts.conversion_maturity m
    on m.platform = measured.platform and m.account_id = measured.account_id and m.age_days = measured.age_days`,
};

const byNetwork: Mart = {
  name: "cost_per_conversion_by_network_daily",
  key: ["date", "campaign_id", "network"],
  figures: daily.figures,
  labels: ["platform", "account_id", "account_name", "campaign_name"],
  aging: ["is_final"],
  fresh: `
  with ${account},
  network_outcome as (
    select date, campaign_id, network,
           coalesce(sum(conversions) filter (where ${paid}), 0) as conversions,
           coalesce(sum(conversion_value) filter (where ${paid}), 0) as conversion_value,
           coalesce(sum(conversions) filter (where not (${paid})), 0) as organic_conversions
    from warehouse.counted_network_conversion_daily where account_key = $1 and date = any ($2::date[])
    group by date, campaign_id, network
  ),
  network_delivery as (
    select date, campaign_id, network, spend, impressions, clicks
    from warehouse.network_daily where account_key = $1 and date = any ($2::date[])
  ),
  -- As in the daily mart: an uncounted or organic conversion alone is a row too.
  stored as (
    select date, campaign_id, network from network_delivery
    union
    select date, campaign_id, network from warehouse.network_conversion_daily
    where account_key = $1 and date = any ($2::date[])
  ),
  figures as (
    select s.date, s.campaign_id, s.network, coalesce(d.spend, 0) as spend, coalesce(d.impressions, 0) as impressions,
           coalesce(d.clicks, 0) as clicks, coalesce(o.conversions, 0) as conversions,
           coalesce(o.conversion_value, 0) as conversion_value,
           coalesce(o.organic_conversions, 0) as organic_conversions
    from stored s
    left join network_delivery d using (date, campaign_id, network)
    left join network_outcome o using (date, campaign_id, network)
  )
  select a.account_key, f.date, a.platform, a.account_id, a.account_name, f.campaign_id, c.name as campaign_name,
         f.network, a.currency, ${measures("f")}
  from figures f
  cross join account a
  left join rates r on r.date = f.date
  left join warehouse.campaign c on c.account_key = a.account_key and c.campaign_id = f.campaign_id`,
};

const byAction: Mart = {
  name: "cost_per_conversion_by_action_daily",
  key: ["date", "campaign_id", "conversion_action_id"],
  figures: [
    "currency",
    "conversions",
    "conversion_value",
    "cost_per_conversion",
    "reporting_currency",
    "conversion_value_reporting",
    "cost_per_conversion_reporting",
  ],
  labels: ["platform", "account_id", "account_name", "campaign_name", "conversion_action_name"],
  aging: ["is_final"],
  fresh: `
  with ${account},
  -- The daily mart is made just before, and summing up all ads is the longest part of it.
  delivery as (
    select date, campaign_id, spend from marts.cost_per_conversion_daily
    where account_key = $1 and date = any ($2::date[])
  ),
  actions as (
    select date, campaign_id, conversion_action_id, sum(conversions) as conversions,
           sum(conversion_value) as conversion_value
    from warehouse.counted_conversion_daily
    where account_key = $1 and date = any ($2::date[]) and ${paid}
    group by date, campaign_id, conversion_action_id
    having sum(conversions) <> 0 or sum(conversion_value) <> 0
  )
  select a.account_key, f.date, a.platform, a.account_id, a.account_name, f.campaign_id, c.name as campaign_name,
         f.conversion_action_id, n.name as conversion_action_name, a.currency,
         f.conversions, f.conversion_value,
         coalesce(d.spend, 0) / nullif(f.conversions, 0) as cost_per_conversion,
         $3::text as reporting_currency,
         ${storable("round(f.conversion_value * r.rate, 6)")} as conversion_value_reporting,
         coalesce(d.spend, 0) * r.rate / nullif(f.conversions, 0) as cost_per_conversion_reporting,
         f.date < a.today - a.restatement_days as is_final
  from actions f
  cross join account a
  left join delivery d using (date, campaign_id)
  left join rates r on r.date = f.date
  left join warehouse.campaign c on c.account_key = a.account_key and c.campaign_id = f.campaign_id
  left join warehouse.conversion_action n
    on n.account_key = a.account_key and n.conversion_action_id = f.conversion_action_id`,
};

export const marts = { daily, byNetwork, byAction };
