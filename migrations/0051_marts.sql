-- What analysts query: the figures, with names of today, finality and projection. A ratio is always the ratio of the
-- row's own sums.

create schema marts;
comment on schema marts is 'Cost per conversion, ready to query.';

create table marts.conversion_maturity (
  platform text not null,
  account_id text not null,
  age_days integer not null,
  share numeric(18, 6) not null,
  learned_from_days integer not null,
  basis text not null,
  updated_at timestamptz not null default now(),
  primary key (platform, account_id, age_days)
);
comment on table marts.conversion_maturity is 'How complete a day''s conversions are at an age: one row per platform, account and age.';
comment on column marts.conversion_maturity.platform is 'Name of the ad platform, such as google; see warehouse.platform.';
comment on column marts.conversion_maturity.account_id is 'The platform''s id of the account, bare.';
comment on column marts.conversion_maturity.age_days is 'Whole days between the reporting day and the moment of observation.';
comment on column marts.conversion_maturity.share is 'Share of the final conversions that had been reported by that age, between 0 and 1.';
comment on column marts.conversion_maturity.learned_from_days is 'How many account-days showed what arrived in the day after this age; 0 for a stated default.';
comment on column marts.conversion_maturity.basis is 'Where the step from this age to the next was learned: account, platform (pooled over the platform''s accounts) or default.';
comment on column marts.conversion_maturity.updated_at is 'When the share was last learned.';

create view marts.cost_per_conversion_daily as
select m.account_key, m.date, a.platform, a.account_id, a.name as account_name, m.campaign_id,
       c.name as campaign_name, m.currency, m.spend, m.impressions, m.clicks, m.conversions, m.conversion_value,
       m.organic_conversions,
       figures.ratio(m.spend, m.conversions)::numeric(18, 6) as cost_per_conversion,
       figures.ratio(m.spend, m.clicks)::numeric(18, 6) as cost_per_click,
       figures.ratio(m.conversions, m.clicks)::numeric(18, 6) as conversion_rate,
       figures.ratio(m.conversion_value, m.spend)::numeric(18, 6) as return_on_ad_spend,
       m.reporting_currency, m.spend_reporting, m.conversion_value_reporting,
       figures.ratio(m.spend_reporting, m.conversions)::numeric(18, 6) as cost_per_conversion_reporting,
       case when m.date >= ops.first_open_day(t.today, a.restatement_days)
         then figures.ratio(m.conversions, s.share) end::numeric(18, 6) as projected_conversions,
       case when m.date >= ops.first_open_day(t.today, a.restatement_days)
         then figures.ratio(m.spend, figures.ratio(m.conversions, s.share)) end::numeric(18, 6) as projected_cost_per_conversion,
       coalesce(m.date < ops.first_open_day(t.today, a.restatement_days), false) as is_final,
       m.refreshed_at
from figures.cost_per_conversion_daily m
left join warehouse.account a on a.account_key = m.account_key
left join ops.rollup_day t on t.account_key = m.account_key
left join warehouse.campaign c on c.account_key = m.account_key and c.campaign_id = m.campaign_id
left join marts.conversion_maturity s
  on s.platform = a.platform and s.account_id = a.account_id and s.age_days = t.today - m.date;
comment on view marts.cost_per_conversion_daily is 'Cost per conversion: one row per account, date and campaign with any fact. Organic conversions are left out.';

create view marts.cost_per_conversion_by_ad_group_daily as
select m.account_key, m.date, a.platform, a.account_id, a.name as account_name, m.campaign_id,
       c.name as campaign_name, m.ad_group_id, g.name as ad_group_name, m.currency, m.spend, m.impressions, m.clicks,
       m.conversions, m.conversion_value, m.organic_conversions,
       figures.ratio(m.spend, m.conversions)::numeric(18, 6) as cost_per_conversion,
       figures.ratio(m.spend, m.clicks)::numeric(18, 6) as cost_per_click,
       figures.ratio(m.conversions, m.clicks)::numeric(18, 6) as conversion_rate,
       figures.ratio(m.conversion_value, m.spend)::numeric(18, 6) as return_on_ad_spend,
       m.reporting_currency, m.spend_reporting, m.conversion_value_reporting,
       figures.ratio(m.spend_reporting, m.conversions)::numeric(18, 6) as cost_per_conversion_reporting,
       case when m.date >= ops.first_open_day(t.today, a.restatement_days)
         then figures.ratio(m.conversions, s.share) end::numeric(18, 6) as projected_conversions,
       case when m.date >= ops.first_open_day(t.today, a.restatement_days)
         then figures.ratio(m.spend, figures.ratio(m.conversions, s.share)) end::numeric(18, 6) as projected_cost_per_conversion,
       coalesce(m.date < ops.first_open_day(t.today, a.restatement_days), false) as is_final,
       m.refreshed_at
from figures.cost_per_conversion_by_ad_group_daily m
left join warehouse.account a on a.account_key = m.account_key
left join ops.rollup_day t on t.account_key = m.account_key
left join warehouse.campaign c on c.account_key = m.account_key and c.campaign_id = m.campaign_id
left join warehouse.ad_group g on g.account_key = m.account_key and g.ad_group_id = m.ad_group_id
left join marts.conversion_maturity s
  on s.platform = a.platform and s.account_id = a.account_id and s.age_days = t.today - m.date;
comment on view marts.cost_per_conversion_by_ad_group_daily is 'Cost per conversion by ad group: one row per account, date, campaign and ad group; adds up to cost_per_conversion_daily.';

create view marts.cost_per_conversion_by_ad_daily as
select m.account_key, m.date, a.platform, a.account_id, a.name as account_name, m.campaign_id,
       c.name as campaign_name, m.ad_group_id, g.name as ad_group_name, m.ad_id, d.name as ad_name, m.currency,
       m.spend, m.impressions, m.clicks, m.conversions, m.conversion_value, m.organic_conversions,
       figures.ratio(m.spend, m.conversions)::numeric(18, 6) as cost_per_conversion,
       figures.ratio(m.spend, m.clicks)::numeric(18, 6) as cost_per_click,
       figures.ratio(m.conversions, m.clicks)::numeric(18, 6) as conversion_rate,
       figures.ratio(m.conversion_value, m.spend)::numeric(18, 6) as return_on_ad_spend,
       m.reporting_currency, m.spend_reporting, m.conversion_value_reporting,
       figures.ratio(m.spend_reporting, m.conversions)::numeric(18, 6) as cost_per_conversion_reporting,
       case when m.date >= ops.first_open_day(t.today, a.restatement_days)
         then figures.ratio(m.conversions, s.share) end::numeric(18, 6) as projected_conversions,
       case when m.date >= ops.first_open_day(t.today, a.restatement_days)
         then figures.ratio(m.spend, figures.ratio(m.conversions, s.share)) end::numeric(18, 6) as projected_cost_per_conversion,
       coalesce(m.date < ops.first_open_day(t.today, a.restatement_days), false) as is_final,
       m.refreshed_at
from figures.cost_per_conversion_by_ad_daily m
left join warehouse.account a on a.account_key = m.ad_group_account_key
left join ops.rollup_day t on t.account_key = m.ad_group_account_key
left join warehouse.campaign c on c.account_key = m.ad_group_account_key and c.campaign_id = m.campaign_id
left join warehouse.ad_group g on g.account_key = m.ad_group_account_key and g.ad_group_id = m.ad_group_id
left join warehouse.ad d on d.account_key = m.ad_group_account_key and d.ad_group_id = m.ad_group_id and d.ad_id = m.ad_id
left join marts.conversion_maturity s
  on s.platform = a.platform and s.account_id = a.account_id and s.age_days = t.today - m.date;
comment on view marts.cost_per_conversion_by_ad_daily is 'Cost per conversion by ad: one row per account, date, campaign, ad group and ad; adds up to cost_per_conversion_by_ad_group_daily.';
comment on column marts.cost_per_conversion_by_ad_daily.ad_id is 'Ad (LinkedIn: creative); '''' for figures that belong to none.';
comment on column marts.cost_per_conversion_by_ad_daily.ad_name is 'Name of the ad today; may be empty, NULL where the platform names none.';
comment on column marts.cost_per_conversion_by_ad_daily.refreshed_at is 'When a figure or the currency of the ad group''s day last changed.';

create view marts.cost_per_conversion_by_network_daily as
select m.account_key, m.date, a.platform, a.account_id, a.name as account_name, m.campaign_id,
       c.name as campaign_name, m.currency, m.network, m.spend, m.impressions, m.clicks, m.conversions,
       m.conversion_value, m.organic_conversions,
       figures.ratio(m.spend, m.conversions)::numeric(18, 6) as cost_per_conversion,
       figures.ratio(m.spend, m.clicks)::numeric(18, 6) as cost_per_click,
       figures.ratio(m.conversions, m.clicks)::numeric(18, 6) as conversion_rate,
       figures.ratio(m.conversion_value, m.spend)::numeric(18, 6) as return_on_ad_spend,
       m.reporting_currency, m.spend_reporting, m.conversion_value_reporting,
       figures.ratio(m.spend_reporting, m.conversions)::numeric(18, 6) as cost_per_conversion_reporting,
       coalesce(m.date < ops.first_open_day(t.today, a.restatement_days), false) as is_final,
       m.refreshed_at
from figures.cost_per_conversion_by_network_daily m
left join warehouse.account a on a.account_key = m.account_key
left join ops.rollup_day t on t.account_key = m.account_key
left join warehouse.campaign c on c.account_key = m.account_key and c.campaign_id = m.campaign_id;
comment on view marts.cost_per_conversion_by_network_daily is 'Cost per conversion by network: one row per account, date, campaign and network; adds up to cost_per_conversion_daily.';
comment on column marts.cost_per_conversion_by_network_daily.network is 'The platform''s name of the network (SEARCH, YOUTUBE, facebook, instagram ...); unknown completes an estimated split.';

create view marts.cost_per_conversion_by_action_daily as
select m.account_key, m.date, a.platform, a.account_id, a.name as account_name, m.campaign_id,
       c.name as campaign_name, m.currency, m.conversion_action_id, n.name as conversion_action_name,
       m.conversions, m.conversion_value, m.cost_per_conversion, m.reporting_currency,
       m.conversion_value_reporting, m.cost_per_conversion_reporting,
       coalesce(m.date < ops.first_open_day(t.today, a.restatement_days), false) as is_final,
       m.refreshed_at
from figures.cost_per_conversion_by_action_daily m
left join warehouse.account a on a.account_key = m.account_key
left join ops.rollup_day t on t.account_key = m.account_key
left join warehouse.campaign c on c.account_key = m.account_key and c.campaign_id = m.campaign_id
left join warehouse.conversion_action n
  on n.account_key = m.account_key and n.conversion_action_id = m.conversion_action_id;
comment on view marts.cost_per_conversion_by_action_daily is 'Cost per conversion by action: one row per account, date, campaign and counted action. There is no spend column: every action is set against the campaign''s whole spend, so costs of several actions must not be added.';
comment on column marts.cost_per_conversion_by_action_daily.conversion_action_id is 'The conversion action; see warehouse.conversion_action.';
comment on column marts.cost_per_conversion_by_action_daily.conversion_action_name is 'Name of the action today.';
comment on column marts.cost_per_conversion_by_action_daily.cost_per_conversion is 'The campaign-day''s whole spend / this action''s conversions, in the account''s currency; NULL where conversions are 0.';
comment on column marts.cost_per_conversion_by_action_daily.cost_per_conversion_reporting is 'The same in reporting currency at the day''s exchange rate; NULL where no rate is known.';

create view marts.cost_per_conversion_by_account_daily as
select m.account_key, m.date, a.platform, a.account_id, a.name as account_name, m.currency, m.campaigns, m.spend,
       m.impressions, m.clicks, m.conversions, m.conversion_value, m.organic_conversions, m.reporting_currency,
       m.spend_reporting, m.conversion_value_reporting,
       case when m.date < ops.first_open_day(t.today, a.restatement_days) then m.conversions
         else figures.ratio(m.conversions, s.share) end::numeric(18, 6) as projected_conversions,
       coalesce(m.date < ops.first_open_day(t.today, a.restatement_days), false) as is_final,
       m.refreshed_at
from figures.cost_per_conversion_by_account_daily m
left join warehouse.account a on a.account_key = m.account_key
left join ops.rollup_day t on t.account_key = m.account_key
left join marts.conversion_maturity s
  on s.platform = a.platform and s.account_id = a.account_id and s.age_days = t.today - m.date;
comment on view marts.cost_per_conversion_by_account_daily is 'The daily mart added up: one row per account and date with any campaign. Kept up to date by the daily mart itself.';
comment on column marts.cost_per_conversion_by_account_daily.campaigns is 'Campaigns with a row on that day.';
comment on column marts.cost_per_conversion_by_account_daily.spend_reporting is 'spend at the day''s exchange rate; NULL where it is unknown for any campaign, and for more than twelve digits.';
comment on column marts.cost_per_conversion_by_account_daily.conversion_value_reporting is 'conversion_value at the day''s exchange rate; NULL where it is unknown for any campaign, and for more than twelve digits.';
comment on column marts.cost_per_conversion_by_account_daily.projected_conversions is 'What conversions are expected to be once the day is final; the conversions themselves where it is, NULL where nothing is known yet.';
comment on column marts.cost_per_conversion_by_account_daily.is_final is 'Whether the day lies outside the platform''s restatement window.';
comment on column marts.cost_per_conversion_by_account_daily.refreshed_at is 'When a figure of the day last changed.';

-- Weeks and months: the same columns over longer periods.
create view marts.cost_per_conversion_weekly as
select account_key, date_trunc('week', date::timestamp)::date as week, platform, account_id,
       max(account_name) as account_name, campaign_id, max(campaign_name) as campaign_name, currency,
       figures.storable(sum(spend))::numeric(18, 6) as spend, sum(impressions)::bigint as impressions,
       sum(clicks)::bigint as clicks, figures.storable(sum(conversions))::numeric(18, 6) as conversions,
       figures.storable(sum(conversion_value))::numeric(18, 6) as conversion_value,
       figures.storable(sum(organic_conversions))::numeric(18, 6) as organic_conversions,
       figures.ratio(sum(spend), sum(conversions))::numeric(18, 6) as cost_per_conversion,
       figures.ratio(sum(spend), sum(clicks))::numeric(18, 6) as cost_per_click,
       figures.ratio(sum(conversions), sum(clicks))::numeric(18, 6) as conversion_rate,
       figures.ratio(sum(conversion_value), sum(spend))::numeric(18, 6) as return_on_ad_spend,
       max(reporting_currency) as reporting_currency,
       case when count(*) = count(spend_reporting)
         then figures.storable(sum(spend_reporting)) end::numeric(18, 6) as spend_reporting,
       case when count(*) = count(conversion_value_reporting)
         then figures.storable(sum(conversion_value_reporting)) end::numeric(18, 6) as conversion_value_reporting,
       case when count(*) = count(spend_reporting)
         then figures.ratio(sum(spend_reporting), sum(conversions)) end::numeric(18, 6) as cost_per_conversion_reporting,
       bool_and(is_final) as is_final, max(refreshed_at) as refreshed_at
from marts.cost_per_conversion_daily
group by account_key, date_trunc('week', date::timestamp), platform, account_id, campaign_id, currency;
comment on view marts.cost_per_conversion_weekly is 'Cost per conversion by week: one row per account, week and campaign; every ratio is a ratio of the week''s sums. A sum of more than twelve digits is NULL.';
comment on column marts.cost_per_conversion_weekly.week is 'Monday of the ISO week, in the account''s days.';
comment on column marts.cost_per_conversion_weekly.spend_reporting is 'Sum of the days'' spend_reporting; NULL where one of them is.';
comment on column marts.cost_per_conversion_weekly.conversion_value_reporting is 'Sum of the days'' conversion_value_reporting; NULL where one of them is.';
comment on column marts.cost_per_conversion_weekly.is_final is 'Whether every day of the week with figures is final.';
comment on column marts.cost_per_conversion_weekly.refreshed_at is 'When a figure of the week last changed.';

create view marts.cost_per_conversion_monthly as
select account_key, date_trunc('month', date::timestamp)::date as month, platform, account_id,
       max(account_name) as account_name, campaign_id, max(campaign_name) as campaign_name, currency,
       figures.storable(sum(spend))::numeric(18, 6) as spend, sum(impressions)::bigint as impressions,
       sum(clicks)::bigint as clicks, figures.storable(sum(conversions))::numeric(18, 6) as conversions,
       figures.storable(sum(conversion_value))::numeric(18, 6) as conversion_value,
       figures.storable(sum(organic_conversions))::numeric(18, 6) as organic_conversions,
       figures.ratio(sum(spend), sum(conversions))::numeric(18, 6) as cost_per_conversion,
       figures.ratio(sum(spend), sum(clicks))::numeric(18, 6) as cost_per_click,
       figures.ratio(sum(conversions), sum(clicks))::numeric(18, 6) as conversion_rate,
       figures.ratio(sum(conversion_value), sum(spend))::numeric(18, 6) as return_on_ad_spend,
       max(reporting_currency) as reporting_currency,
       case when count(*) = count(spend_reporting)
         then figures.storable(sum(spend_reporting)) end::numeric(18, 6) as spend_reporting,
       case when count(*) = count(conversion_value_reporting)
         then figures.storable(sum(conversion_value_reporting)) end::numeric(18, 6) as conversion_value_reporting,
       case when count(*) = count(spend_reporting)
         then figures.ratio(sum(spend_reporting), sum(conversions)) end::numeric(18, 6) as cost_per_conversion_reporting,
       bool_and(is_final) as is_final, max(refreshed_at) as refreshed_at
from marts.cost_per_conversion_daily
group by account_key, date_trunc('month', date::timestamp), platform, account_id, campaign_id, currency;
comment on view marts.cost_per_conversion_monthly is 'Cost per conversion by month: one row per account, month and campaign; every ratio is a ratio of the month''s sums. A sum of more than twelve digits is NULL.';
comment on column marts.cost_per_conversion_monthly.month is 'First day of the month, in the account''s days.';
comment on column marts.cost_per_conversion_monthly.spend_reporting is 'Sum of the days'' spend_reporting; NULL where one of them is.';
comment on column marts.cost_per_conversion_monthly.conversion_value_reporting is 'Sum of the days'' conversion_value_reporting; NULL where one of them is.';
comment on column marts.cost_per_conversion_monthly.is_final is 'Whether every day of the month with figures is final.';
comment on column marts.cost_per_conversion_monthly.refreshed_at is 'When a figure of the month last changed.';

-- By device, country, keyword and search term: on the days that were asked for so, see ops.breakdown_day.
create view marts.cost_per_conversion_by_device_daily as
select m.account_key, m.date, a.platform, a.account_id, a.name as account_name, m.campaign_id,
       c.name as campaign_name, m.device, m.currency, m.spend, m.impressions, m.clicks, m.conversions,
       m.conversion_value, m.organic_conversions,
       figures.ratio(m.spend, m.conversions)::numeric(18, 6) as cost_per_conversion,
       figures.ratio(m.spend, m.clicks)::numeric(18, 6) as cost_per_click,
       figures.ratio(m.conversions, m.clicks)::numeric(18, 6) as conversion_rate,
       figures.ratio(m.conversion_value, m.spend)::numeric(18, 6) as return_on_ad_spend,
       m.reporting_currency, m.spend_reporting, m.conversion_value_reporting,
       figures.ratio(m.spend_reporting, m.conversions)::numeric(18, 6) as cost_per_conversion_reporting,
       coalesce(m.date < ops.first_open_day(t.today, a.restatement_days), false) as is_final,
       m.refreshed_at
from figures.cost_per_conversion_by_device_daily m
left join warehouse.account a on a.account_key = m.account_key
left join ops.rollup_day t on t.account_key = m.account_key
left join warehouse.campaign c on c.account_key = m.account_key and c.campaign_id = m.campaign_id;
comment on view marts.cost_per_conversion_by_device_daily is 'Cost per conversion by device: one row per account, date, campaign and device, on the days that were asked for so (ops.breakdown_day). The row unknown completes them, so that they add up to cost_per_conversion_daily.';
comment on column marts.cost_per_conversion_by_device_daily.device is 'Kind of device: desktop, mobile, tablet, tv, other, or unknown.';

create view marts.cost_per_conversion_by_country_daily as
select m.account_key, m.date, a.platform, a.account_id, a.name as account_name, m.campaign_id,
       c.name as campaign_name, m.country, m.currency, m.spend, m.impressions, m.clicks, m.conversions,
       m.conversion_value, m.organic_conversions,
       figures.ratio(m.spend, m.conversions)::numeric(18, 6) as cost_per_conversion,
       figures.ratio(m.spend, m.clicks)::numeric(18, 6) as cost_per_click,
       figures.ratio(m.conversions, m.clicks)::numeric(18, 6) as conversion_rate,
       figures.ratio(m.conversion_value, m.spend)::numeric(18, 6) as return_on_ad_spend,
       m.reporting_currency, m.spend_reporting, m.conversion_value_reporting,
       figures.ratio(m.spend_reporting, m.conversions)::numeric(18, 6) as cost_per_conversion_reporting,
       coalesce(m.date < ops.first_open_day(t.today, a.restatement_days), false) as is_final,
       m.refreshed_at
from figures.cost_per_conversion_by_country_daily m
left join warehouse.account a on a.account_key = m.account_key
left join ops.rollup_day t on t.account_key = m.account_key
left join warehouse.campaign c on c.account_key = m.account_key and c.campaign_id = m.campaign_id;
comment on view marts.cost_per_conversion_by_country_daily is 'Cost per conversion by country: one row per account, date, campaign and country, on the days that were asked for so (ops.breakdown_day). The row unknown completes them, so that they add up to cost_per_conversion_daily.';
comment on column marts.cost_per_conversion_by_country_daily.country is 'Country as ISO 3166-1 alpha-2, of where the person was if the platform tells that, or unknown.';

create view marts.cost_per_conversion_by_keyword_daily as
select m.account_key, m.date, a.platform, a.account_id, a.name as account_name, m.campaign_id,
       c.name as campaign_name, m.ad_group_id, g.name as ad_group_name, m.keyword_id, k.name as keyword, k.match_type,
       m.currency, m.spend, m.impressions, m.clicks, m.conversions, m.conversion_value, m.organic_conversions,
       figures.ratio(m.spend, m.conversions)::numeric(18, 6) as cost_per_conversion,
       figures.ratio(m.spend, m.clicks)::numeric(18, 6) as cost_per_click,
       figures.ratio(m.conversions, m.clicks)::numeric(18, 6) as conversion_rate,
       figures.ratio(m.conversion_value, m.spend)::numeric(18, 6) as return_on_ad_spend,
       m.reporting_currency, m.spend_reporting, m.conversion_value_reporting,
       figures.ratio(m.spend_reporting, m.conversions)::numeric(18, 6) as cost_per_conversion_reporting,
       coalesce(m.date < ops.first_open_day(t.today, a.restatement_days), false) as is_final,
       m.refreshed_at
from figures.cost_per_conversion_by_keyword_daily m
left join warehouse.account a on a.account_key = m.account_key
left join ops.rollup_day t on t.account_key = m.account_key
left join warehouse.campaign c on c.account_key = m.account_key and c.campaign_id = m.campaign_id
left join warehouse.ad_group g on g.account_key = m.account_key and g.ad_group_id = m.ad_group_id
left join warehouse.keyword k
  on k.account_key = m.account_key and k.ad_group_id = m.ad_group_id and k.keyword_id = m.keyword_id;
comment on view marts.cost_per_conversion_by_keyword_daily is 'Cost per conversion by keyword: one row per account, date, campaign and keyword, on the days that were asked for so (ops.breakdown_day). The row unknown completes them, so that they add up to cost_per_conversion_daily.';
comment on column marts.cost_per_conversion_by_keyword_daily.ad_group_id is 'The ad group; '''' for figures that belong to none.';
comment on column marts.cost_per_conversion_by_keyword_daily.keyword_id is 'The platform''s id of the keyword (Google: criterion id), unique within its ad group; unknown where it names none.';
comment on column marts.cost_per_conversion_by_keyword_daily.keyword is 'Text of the keyword; NULL where the platform names none.';
comment on column marts.cost_per_conversion_by_keyword_daily.match_type is 'How a search must match the keyword, as the platform says it.';

create view marts.cost_per_conversion_by_search_term_daily as
select m.account_key, m.date, a.platform, a.account_id, a.name as account_name, m.campaign_id,
       c.name as campaign_name, m.ad_group_id, g.name as ad_group_name, m.search_term,
       m.currency, m.spend, m.impressions, m.clicks, m.conversions, m.conversion_value, m.organic_conversions,
       figures.ratio(m.spend, m.conversions)::numeric(18, 6) as cost_per_conversion,
       figures.ratio(m.spend, m.clicks)::numeric(18, 6) as cost_per_click,
       figures.ratio(m.conversions, m.clicks)::numeric(18, 6) as conversion_rate,
       figures.ratio(m.conversion_value, m.spend)::numeric(18, 6) as return_on_ad_spend,
       m.reporting_currency, m.spend_reporting, m.conversion_value_reporting,
       figures.ratio(m.spend_reporting, m.conversions)::numeric(18, 6) as cost_per_conversion_reporting,
       coalesce(m.date < ops.first_open_day(t.today, a.restatement_days), false) as is_final,
       m.refreshed_at
from figures.cost_per_conversion_by_search_term_daily m
left join warehouse.account a on a.account_key = m.account_key
left join ops.rollup_day t on t.account_key = m.account_key
left join warehouse.campaign c on c.account_key = m.account_key and c.campaign_id = m.campaign_id
left join warehouse.ad_group g on g.account_key = m.account_key and g.ad_group_id = m.ad_group_id;
comment on view marts.cost_per_conversion_by_search_term_daily is 'Cost per conversion by search term: one row per account, date, campaign and search term, on the days that were asked for so (ops.breakdown_day). The row unknown completes them, so that they add up to cost_per_conversion_daily.';
comment on column marts.cost_per_conversion_by_search_term_daily.ad_group_id is 'The ad group; '''' for figures that belong to none.';
comment on column marts.cost_per_conversion_by_search_term_daily.search_term is 'What was searched for; unknown where the platform does not say. A search for that very word has quotes around it.';

-- A column of one name means the same in each of them.
do $$
declare
  part record;
begin
  for part in
    select a.attrelid::regclass as relation, a.attname, m.meaning
    from pg_attribute a
    join (values
      ('account_key', 'The account; see warehouse.account.'),
      ('date', 'Reporting day of the account.'),
      ('platform', 'Name of the ad platform, such as google; see warehouse.platform.'),
      ('account_id', 'The platform''s id of the account, bare.'),
      ('account_name', 'Name of the account today.'),
      ('campaign_id', 'The platform''s campaign id; '''' for spend of a campaign that the platform does not name.'),
      ('campaign_name', 'Name of the campaign today; NULL where the platform names none.'),
      ('currency', 'ISO 4217 code of every amount of the row that does not end in _reporting.'),
      ('spend', 'Paid spend in the account''s currency.'),
      ('impressions', 'Paid impressions.'),
      ('clicks', 'Paid clicks, as the platform counts them.'),
      ('conversions', 'Paid conversions of counted actions; may be fractional.'),
      ('conversion_value', 'Value of those conversions in the account''s currency.'),
      ('organic_conversions', 'Conversions of counted actions that were left out because their traffic was organic.'),
      ('cost_per_conversion', 'spend / conversions in the account''s currency; NULL where conversions are 0.'),
      ('cost_per_click', 'spend / clicks in the account''s currency; NULL where clicks are 0.'),
      ('conversion_rate', 'conversions / clicks, a share; NULL where clicks are 0.'),
      ('return_on_ad_spend', 'conversion_value / spend; NULL where spend is 0.'),
      ('reporting_currency', 'ISO 4217 code of the amounts that end in _reporting; NULL where none is configured.'),
      ('spend_reporting', 'spend at the day''s exchange rate; NULL where no rate is known, and for more than twelve digits.'),
      ('conversion_value_reporting', 'conversion_value at the day''s exchange rate; NULL where no rate is known, and for more than twelve digits.'),
      ('cost_per_conversion_reporting', 'spend_reporting / conversions; NULL where either is unknown or conversions are 0.'),
      ('projected_conversions', 'What conversions are expected to be once the day is final, by marts.conversion_maturity; NULL for final days.'),
      ('projected_cost_per_conversion', 'spend / projected_conversions in the account''s currency; NULL for final days.'),
      ('is_final', 'Whether the day lies outside the platform''s restatement window, so that its figures no longer move.'),
      ('refreshed_at', 'When a figure or the currency of this row last changed (not: a name, is_final).'),
      ('ad_group_id', 'Ad group (Meta: ad set); '''' for figures of the campaign that belong to none of its ad groups.'),
      ('ad_group_name', 'Name of the ad group today; NULL where the platform names none.')
    ) m (attname, meaning) on m.attname = a.attname::text
    where a.attrelid in (
      select oid from pg_class where relnamespace = 'marts'::regnamespace and relname ~ '^cost_per_conversion_')
      and a.attnum > 0 and col_description(a.attrelid, a.attnum) is null
  loop
    execute format('comment on column %s.%I is %L', part.relation, part.attname, part.meaning);
  end loop;
end
$$;
