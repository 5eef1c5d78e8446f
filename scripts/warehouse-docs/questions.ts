/** Something that analysts ask, and the query that answers it. */
export interface Question {
  readonly question: string;
  readonly sql: string;
}

/** The day of the example: `current_date` of its answers. */
export const exampleDay = "2026-10-31";

/** Answered on `seed.sql` in docs/warehouse.md; a test runs them. A ratio is always sum / sum. */
export const questions: readonly Question[] = [
  {
    question: "What did a paid conversion cost yesterday, per platform?",
    sql: `select platform, currency, sum(spend) as spend, sum(conversions) as conversions,
       round(sum(spend) / nullif(sum(conversions), 0), 2) as cost_per_conversion
from marts.cost_per_conversion_daily
where date = current_date - 1
group by platform, currency
order by platform, currency`,
  },
  {
    question: "And in one currency, over all platforms?",
    sql: `select reporting_currency, round(sum(spend_reporting), 2) as spend, sum(conversions) as conversions,
       round(sum(spend_reporting) / nullif(sum(conversions), 0), 2) as cost_per_conversion
from marts.cost_per_conversion_daily
where date = current_date - 1
group by reporting_currency
having count(*) = count(spend_reporting)`,
  },
  {
    question: "Which campaigns are the most expensive per conversion this month?",
    sql: `select campaign_name, platform, round(sum(spend_reporting) / nullif(sum(conversions), 0), 2) as cost_per_conversion_eur
from marts.cost_per_conversion_daily
where date >= date_trunc('month', current_date)
group by account_key, campaign_id, campaign_name, platform
having sum(conversions) > 0
order by cost_per_conversion_eur desc
limit 3`,
  },
  {
    question: "Which campaigns spend without any conversion?",
    sql: `select campaign_name, currency, sum(spend) as spend
from marts.cost_per_conversion_daily
where date >= date_trunc('month', current_date)
group by account_key, campaign_id, campaign_name, currency
having sum(conversions) = 0
order by spend desc`,
  },
  {
    question: "How does cost per conversion develop from week to week?",
    sql: `select week, round(sum(spend_reporting) / nullif(sum(conversions), 0), 2) as cost_per_conversion_eur
from marts.cost_per_conversion_weekly
where week < date_trunc('week', current_date) and week >= date_trunc('week', current_date) - interval '3 weeks'
group by week
order by week`,
  },
  {
    question: "And from month to month, per account?",
    sql: `select account_name, currency, month, round(sum(spend) / nullif(sum(conversions), 0), 2) as cost_per_conversion
from marts.cost_per_conversion_monthly
group by account_key, account_name, currency, month
order by account_name, month`,
  },
  {
    question: "Which network of a platform converts at the lowest cost?",
    sql: `select platform, network, currency, round(sum(spend) / nullif(sum(conversions), 0), 2) as cost_per_conversion
from marts.cost_per_conversion_by_network_daily
where date >= date_trunc('month', current_date)
group by platform, network, currency
order by platform, cost_per_conversion, network, currency`,
  },
  {
    question:
      "What does one conversion of each action cost? (Each action is set against the whole spend: never add these up.)",
    sql: `select a.campaign_name, a.conversion_action_name, a.currency, sum(a.conversions) as conversions,
       round(max(d.spend) / nullif(sum(a.conversions), 0), 2) as cost_per_conversion
from marts.cost_per_conversion_by_action_daily a
join (
  select account_key, campaign_id, currency, sum(spend) as spend
  from marts.cost_per_conversion_daily
  where date >= date_trunc('month', current_date)
  group by account_key, campaign_id, currency
) d using (account_key, campaign_id, currency)
where a.date >= date_trunc('month', current_date) and a.platform = 'meta'
group by a.account_key, a.campaign_id, a.campaign_name, a.conversion_action_id, a.conversion_action_name, a.currency
order by a.campaign_name, a.conversion_action_name`,
  },
  {
    question: "How many conversions were left out because they were organic?",
    sql: `select platform, campaign_name, sum(organic_conversions) as organic, sum(conversions) as paid
from marts.cost_per_conversion_daily
group by platform, campaign_name
having sum(organic_conversions) > 0`,
  },
  {
    question: "What comes back for each unit of money spent?",
    sql: `select platform, round(sum(conversion_value_reporting) / nullif(sum(spend_reporting), 0), 2) as return_on_ad_spend
from marts.cost_per_conversion_daily
where date >= date_trunc('month', current_date)
group by platform
order by platform`,
  },
  {
    question: "Did clicks become dearer, or do fewer of them convert?",
    sql: `select date_trunc('month', date)::date as month,
       round(sum(spend_reporting) / nullif(sum(clicks), 0), 4) as cost_per_click_eur,
       round(sum(conversions) / nullif(sum(clicks), 0), 4) as conversion_rate
from marts.cost_per_conversion_daily
group by 1
order by 1`,
  },
  {
    question: "Why does last Monday's figure differ from what we reported?",
    sql: `select (observed_at at time zone 'UTC')::date as observed, spend, conversions, round(cost_per_conversion, 2) as cost_per_conversion
from marts.cost_per_conversion_history
where platform = 'google' and campaign_id = '101' and date = '2026-10-12'
order by observed_at`,
  },
  {
    question: "What did September look like on the first of October?",
    sql: `select 'then' as known, sum(conversions) as conversions
from marts.cost_per_conversion_as_of('2026-10-01 12:00Z') where date between '2026-09-01' and '2026-09-30'
union all
select 'now', sum(conversions)
from marts.cost_per_conversion_daily where date between '2026-09-01' and '2026-09-30'
order by known desc`,
  },
  {
    question: "How complete are a day's conversions after a week?",
    sql: `select platform, account_id, age_days, share, learned_from_days
from marts.conversion_maturity
where age_days = 7
order by platform, account_id`,
  },
  {
    question: "Which days may still move?",
    sql: `select platform, min(date) as from_day, max(date) as to_day, sum(projected_conversions) as projected_conversions,
       sum(conversions) as reported_conversions
from marts.cost_per_conversion_daily
where not is_final
group by platform
order by platform`,
  },
  {
    question: "How much spend belongs to none of a campaign's ads?",
    sql: `select campaign_name, currency, sum(spend) as spend_without_ad
from marts.cost_per_conversion_by_ad_daily
where ad_id = '' and date >= date_trunc('month', current_date)
group by account_key, campaign_id, campaign_name, currency
having sum(spend) > 0
order by currency, spend_without_ad desc`,
  },
  {
    question: "Which ads converted best, and at what cost in one currency?",
    sql: `select ad_name, platform, sum(conversions) as conversions,
       round(sum(spend_reporting) / nullif(sum(conversions), 0), 2) as cost_per_conversion_eur
from marts.cost_per_conversion_by_ad_daily
where date >= date_trunc('month', current_date) and ad_id <> ''
group by account_key, ad_group_id, ad_id, ad_name, platform
having count(*) = count(spend_reporting) and sum(conversions) > 0
order by conversions desc, ad_name
limit 3`,
  },
  {
    question: "What does a report that was built on Fivetran's models read?",
    sql: `select platform, account_name, currency, spend, conversions, conversions_value, spend_reporting
from ad_reporting.ad_reporting__account_report
where date_day = current_date - 1
order by platform, account_name`,
  },
  {
    question: "What was a dollar worth in kroner on a Sunday?",
    sql: `select round(warehouse.rate_on('2026-10-25', 'USD', 'DKK'), 6) as kroner_for_a_dollar`,
  },
  {
    question: "Which actions are reported but not part of any cost per conversion?",
    sql: `select account.name as account, action.name as action, sum(c.conversions) as conversions
from warehouse.conversion_daily c
join warehouse.account using (account_key)
join warehouse.conversion_action action using (account_key, conversion_action_id)
where c.traffic = 'paid' and not exists (
  select from marts.cost_per_conversion_by_action_daily counted
  where counted.account_key = c.account_key and counted.conversion_action_id = c.conversion_action_id
)
group by account.name, action.name
order by account.name`,
  },
];
