-- What analysts query. Tables are written by the rollup, never by the reader. A ratio is always the ratio of the row's own sums.

create schema marts;
comment on schema marts is 'Cost per conversion, ready to query.';

create table marts.cost_per_conversion_daily (
  account_key integer not null,
  date date not null,
  platform text not null,
  account_id text not null,
  account_name text,
  campaign_id text not null,
  campaign_name text,
  currency text not null,
  spend numeric(18, 6) not null,
  impressions bigint not null,
  clicks bigint not null,
  conversions numeric(18, 6) not null,
  conversion_value numeric(18, 6) not null,
  organic_conversions numeric(18, 6) not null,
  cost_per_conversion numeric,
  cost_per_click numeric,
  conversion_rate numeric,
  return_on_ad_spend numeric,
  reporting_currency text,
  spend_reporting numeric(18, 6),
  conversion_value_reporting numeric(18, 6),
  cost_per_conversion_reporting numeric,
  projected_conversions numeric(18, 6),
  projected_cost_per_conversion numeric,
  is_final boolean not null,
  refreshed_at timestamptz not null,
  primary key (account_key, date, campaign_id)
) partition by range (date);
comment on table marts.cost_per_conversion_daily is 'Cost per conversion: one row per account, date and campaign with any fact. Organic conversions are left out.';
comment on column marts.cost_per_conversion_daily.account_key is 'The account; see warehouse.account.';
comment on column marts.cost_per_conversion_daily.date is 'Reporting day of the account.';
comment on column marts.cost_per_conversion_daily.platform is 'Name of the ad platform, such as google; see warehouse.platform.';
comment on column marts.cost_per_conversion_daily.account_id is 'The platform''s id of the account, bare.';
comment on column marts.cost_per_conversion_daily.account_name is 'Name of the account today.';
comment on column marts.cost_per_conversion_daily.campaign_id is 'The platform''s campaign id; '''' for spend of a campaign that the platform does not name.';
comment on column marts.cost_per_conversion_daily.campaign_name is 'Name of the campaign today; NULL where the platform names none.';
comment on column marts.cost_per_conversion_daily.currency is 'ISO 4217 code of every amount of the row that does not end in _reporting.';
comment on column marts.cost_per_conversion_daily.spend is 'Paid spend in the account''s currency.';
comment on column marts.cost_per_conversion_daily.impressions is 'Paid impressions.';
comment on column marts.cost_per_conversion_daily.clicks is 'Paid clicks, as the platform counts them.';
comment on column marts.cost_per_conversion_daily.conversions is 'Paid conversions of counted actions; may be fractional.';
comment on column marts.cost_per_conversion_daily.conversion_value is 'Value of those conversions in the account''s currency.';
comment on column marts.cost_per_conversion_daily.organic_conversions is 'Conversions of counted actions that were left out because their traffic was organic.';
comment on column marts.cost_per_conversion_daily.cost_per_conversion is 'spend / conversions in the account''s currency; NULL where conversions are 0.';
comment on column marts.cost_per_conversion_daily.cost_per_click is 'spend / clicks in the account''s currency; NULL where clicks are 0.';
comment on column marts.cost_per_conversion_daily.conversion_rate is 'conversions / clicks, a share; NULL where clicks are 0.';
comment on column marts.cost_per_conversion_daily.return_on_ad_spend is 'conversion_value / spend; NULL where spend is 0.';
comment on column marts.cost_per_conversion_daily.reporting_currency is 'ISO 4217 code of the amounts that end in _reporting; NULL where none is configured.';
comment on column marts.cost_per_conversion_daily.spend_reporting is 'spend at the day''s exchange rate; NULL where no rate is known.';
comment on column marts.cost_per_conversion_daily.conversion_value_reporting is 'conversion_value at the day''s exchange rate; NULL where no rate is known.';
comment on column marts.cost_per_conversion_daily.cost_per_conversion_reporting is 'spend_reporting / conversions; NULL where either is unknown or conversions are 0.';
comment on column marts.cost_per_conversion_daily.projected_conversions is 'What conversions are expected to be once the day is final, by marts.conversion_maturity; NULL for final days.';
comment on column marts.cost_per_conversion_daily.projected_cost_per_conversion is 'spend / projected_conversions in the account''s currency; NULL for final days.';
comment on column marts.cost_per_conversion_daily.is_final is 'Whether the day lies outside the platform''s restatement window, so that its figures no longer move.';
comment on column marts.cost_per_conversion_daily.refreshed_at is 'When a figure or the currency of this row last changed (not: a name, is_final).';

-- Each rollup looks for days that became final or whose projection moved: among the open ones, however long the history.
create index on marts.cost_per_conversion_daily (account_key, date) where not is_final;

create table marts.cost_per_conversion_by_network_daily (
  account_key integer not null,
  date date not null,
  platform text not null,
  account_id text not null,
  account_name text,
  campaign_id text not null,
  campaign_name text,
  currency text not null,
  network text not null,
  spend numeric(18, 6) not null,
  impressions bigint not null,
  clicks bigint not null,
  conversions numeric(18, 6) not null,
  conversion_value numeric(18, 6) not null,
  organic_conversions numeric(18, 6) not null,
  cost_per_conversion numeric,
  cost_per_click numeric,
  conversion_rate numeric,
  return_on_ad_spend numeric,
  reporting_currency text,
  spend_reporting numeric(18, 6),
  conversion_value_reporting numeric(18, 6),
  cost_per_conversion_reporting numeric,
  is_final boolean not null,
  refreshed_at timestamptz not null,
  primary key (account_key, date, campaign_id, network)
) partition by range (date);
comment on table marts.cost_per_conversion_by_network_daily is 'Cost per conversion by network: one row per account, date, campaign and network; adds up to cost_per_conversion_daily.';
comment on column marts.cost_per_conversion_by_network_daily.account_key is 'The account; see warehouse.account.';
comment on column marts.cost_per_conversion_by_network_daily.date is 'Reporting day of the account.';
comment on column marts.cost_per_conversion_by_network_daily.platform is 'Name of the ad platform, such as google; see warehouse.platform.';
comment on column marts.cost_per_conversion_by_network_daily.account_id is 'The platform''s id of the account, bare.';
comment on column marts.cost_per_conversion_by_network_daily.account_name is 'Name of the account today.';
comment on column marts.cost_per_conversion_by_network_daily.campaign_id is 'The platform''s campaign id; '''' for spend of a campaign that the platform does not name.';
comment on column marts.cost_per_conversion_by_network_daily.campaign_name is 'Name of the campaign today; NULL where the platform names none.';
comment on column marts.cost_per_conversion_by_network_daily.currency is 'ISO 4217 code of every amount of the row that does not end in _reporting.';
comment on column marts.cost_per_conversion_by_network_daily.network is 'The platform''s name of the network (SEARCH, YOUTUBE, facebook, instagram ...); unknown completes an estimated split.';
comment on column marts.cost_per_conversion_by_network_daily.spend is 'Paid spend in the account''s currency.';
comment on column marts.cost_per_conversion_by_network_daily.impressions is 'Paid impressions.';
comment on column marts.cost_per_conversion_by_network_daily.clicks is 'Paid clicks, as the platform counts them.';
comment on column marts.cost_per_conversion_by_network_daily.conversions is 'Paid conversions of counted actions; may be fractional.';
comment on column marts.cost_per_conversion_by_network_daily.conversion_value is 'Value of those conversions in the account''s currency.';
comment on column marts.cost_per_conversion_by_network_daily.organic_conversions is 'Conversions of counted actions that were left out because their traffic was organic.';
comment on column marts.cost_per_conversion_by_network_daily.cost_per_conversion is 'spend / conversions in the account''s currency; NULL where conversions are 0.';
comment on column marts.cost_per_conversion_by_network_daily.cost_per_click is 'spend / clicks in the account''s currency; NULL where clicks are 0.';
comment on column marts.cost_per_conversion_by_network_daily.conversion_rate is 'conversions / clicks, a share; NULL where clicks are 0.';
comment on column marts.cost_per_conversion_by_network_daily.return_on_ad_spend is 'conversion_value / spend; NULL where spend is 0.';
comment on column marts.cost_per_conversion_by_network_daily.reporting_currency is 'ISO 4217 code of the amounts that end in _reporting; NULL where none is configured.';
comment on column marts.cost_per_conversion_by_network_daily.spend_reporting is 'spend at the day''s exchange rate; NULL where no rate is known.';
comment on column marts.cost_per_conversion_by_network_daily.conversion_value_reporting is 'conversion_value at the day''s exchange rate; NULL where no rate is known.';
comment on column marts.cost_per_conversion_by_network_daily.cost_per_conversion_reporting is 'spend_reporting / conversions; NULL where either is unknown or conversions are 0.';
comment on column marts.cost_per_conversion_by_network_daily.is_final is 'Whether the day lies outside the platform''s restatement window, so that its figures no longer move.';
comment on column marts.cost_per_conversion_by_network_daily.refreshed_at is 'When a figure or the currency of this row last changed (not: a name, is_final).';

create table marts.cost_per_conversion_by_action_daily (
  account_key integer not null,
  date date not null,
  platform text not null,
  account_id text not null,
  account_name text,
  campaign_id text not null,
  campaign_name text,
  currency text not null,
  conversion_action_id text not null,
  conversion_action_name text,
  conversions numeric(18, 6) not null,
  conversion_value numeric(18, 6) not null,
  cost_per_conversion numeric,
  reporting_currency text,
  conversion_value_reporting numeric(18, 6),
  cost_per_conversion_reporting numeric,
  is_final boolean not null,
  refreshed_at timestamptz not null,
  primary key (account_key, date, campaign_id, conversion_action_id)
) partition by range (date);
comment on table marts.cost_per_conversion_by_action_daily is 'Cost per conversion by action: one row per account, date, campaign and counted action. There is no spend column: every action is set against the campaign''s whole spend, so costs of several actions must not be added.';
comment on column marts.cost_per_conversion_by_action_daily.account_key is 'The account; see warehouse.account.';
comment on column marts.cost_per_conversion_by_action_daily.date is 'Reporting day of the account.';
comment on column marts.cost_per_conversion_by_action_daily.platform is 'Name of the ad platform, such as google; see warehouse.platform.';
comment on column marts.cost_per_conversion_by_action_daily.account_id is 'The platform''s id of the account, bare.';
comment on column marts.cost_per_conversion_by_action_daily.account_name is 'Name of the account today.';
comment on column marts.cost_per_conversion_by_action_daily.campaign_id is 'The platform''s campaign id; '''' for spend of a campaign that the platform does not name.';
comment on column marts.cost_per_conversion_by_action_daily.campaign_name is 'Name of the campaign today; NULL where the platform names none.';
comment on column marts.cost_per_conversion_by_action_daily.currency is 'ISO 4217 code of every amount of the row that does not end in _reporting.';
comment on column marts.cost_per_conversion_by_action_daily.conversion_action_id is 'The conversion action; see warehouse.conversion_action.';
comment on column marts.cost_per_conversion_by_action_daily.conversion_action_name is 'Name of the action today.';
comment on column marts.cost_per_conversion_by_action_daily.conversions is 'Paid conversions of counted actions; may be fractional.';
comment on column marts.cost_per_conversion_by_action_daily.conversion_value is 'Value of those conversions in the account''s currency.';
comment on column marts.cost_per_conversion_by_action_daily.cost_per_conversion is 'The campaign-day''s whole spend / this action''s conversions, in the account''s currency; NULL where conversions are 0.';
comment on column marts.cost_per_conversion_by_action_daily.reporting_currency is 'ISO 4217 code of the amounts that end in _reporting; NULL where none is configured.';
comment on column marts.cost_per_conversion_by_action_daily.conversion_value_reporting is 'conversion_value at the day''s exchange rate; NULL where no rate is known.';
comment on column marts.cost_per_conversion_by_action_daily.cost_per_conversion_reporting is 'The same in reporting currency at the day''s exchange rate; NULL where no rate is known.';
comment on column marts.cost_per_conversion_by_action_daily.is_final is 'Whether the day lies outside the platform''s restatement window, so that its figures no longer move.';
comment on column marts.cost_per_conversion_by_action_daily.refreshed_at is 'When a figure or the currency of this row last changed (not: a name, is_final).';

create view marts.cost_per_conversion_weekly as
select
  account_key,
  date_trunc('week', date)::date as week,
  platform,
  account_id,
  max(account_name) as account_name,
  campaign_id,
  max(campaign_name) as campaign_name,
  currency,
  sum(spend) as spend,
  sum(impressions)::bigint as impressions,
  sum(clicks)::bigint as clicks,
  sum(conversions) as conversions,
  sum(conversion_value) as conversion_value,
  sum(organic_conversions) as organic_conversions,
  sum(spend) / nullif(sum(conversions), 0) as cost_per_conversion,
  sum(spend) / nullif(sum(clicks), 0) as cost_per_click,
  sum(conversions) / nullif(sum(clicks), 0) as conversion_rate,
  sum(conversion_value) / nullif(sum(spend), 0) as return_on_ad_spend,
  max(reporting_currency) as reporting_currency,
  case when count(*) = count(spend_reporting) then sum(spend_reporting) end as spend_reporting,
  case when count(*) = count(conversion_value_reporting) then sum(conversion_value_reporting) end as conversion_value_reporting,
  case when count(*) = count(spend_reporting) then sum(spend_reporting) / nullif(sum(conversions), 0) end as cost_per_conversion_reporting,
  bool_and(is_final) as is_final,
  max(refreshed_at) as refreshed_at
from marts.cost_per_conversion_daily
group by account_key, date_trunc('week', date), platform, account_id, campaign_id, currency;
comment on view marts.cost_per_conversion_weekly is 'Cost per conversion by week: one row per account, week and campaign; every ratio is a ratio of the week''s sums.';
comment on column marts.cost_per_conversion_weekly.account_key is 'The account; see warehouse.account.';
comment on column marts.cost_per_conversion_weekly.platform is 'Name of the ad platform, such as google; see warehouse.platform.';
comment on column marts.cost_per_conversion_weekly.account_id is 'The platform''s id of the account, bare.';
comment on column marts.cost_per_conversion_weekly.account_name is 'Name of the account today.';
comment on column marts.cost_per_conversion_weekly.campaign_id is 'The platform''s campaign id; '''' for spend of a campaign that the platform does not name.';
comment on column marts.cost_per_conversion_weekly.campaign_name is 'Name of the campaign today; NULL where the platform names none.';
comment on column marts.cost_per_conversion_weekly.currency is 'ISO 4217 code of every amount of the row that does not end in _reporting.';
comment on column marts.cost_per_conversion_weekly.spend is 'Paid spend in the account''s currency.';
comment on column marts.cost_per_conversion_weekly.impressions is 'Paid impressions.';
comment on column marts.cost_per_conversion_weekly.clicks is 'Paid clicks, as the platform counts them.';
comment on column marts.cost_per_conversion_weekly.conversions is 'Paid conversions of counted actions; may be fractional.';
comment on column marts.cost_per_conversion_weekly.conversion_value is 'Value of those conversions in the account''s currency.';
comment on column marts.cost_per_conversion_weekly.organic_conversions is 'Conversions of counted actions that were left out because their traffic was organic.';
comment on column marts.cost_per_conversion_weekly.cost_per_conversion is 'spend / conversions in the account''s currency; NULL where conversions are 0.';
comment on column marts.cost_per_conversion_weekly.cost_per_click is 'spend / clicks in the account''s currency; NULL where clicks are 0.';
comment on column marts.cost_per_conversion_weekly.conversion_rate is 'conversions / clicks, a share; NULL where clicks are 0.';
comment on column marts.cost_per_conversion_weekly.return_on_ad_spend is 'conversion_value / spend; NULL where spend is 0.';
comment on column marts.cost_per_conversion_weekly.reporting_currency is 'ISO 4217 code of the amounts that end in _reporting; NULL where none is configured.';
comment on column marts.cost_per_conversion_weekly.spend_reporting is 'Sum of the days'' spend_reporting; NULL where one of them is.';
comment on column marts.cost_per_conversion_weekly.conversion_value_reporting is 'Sum of the days'' conversion_value_reporting; NULL where one of them is.';
comment on column marts.cost_per_conversion_weekly.cost_per_conversion_reporting is 'spend_reporting / conversions; NULL where either is unknown or conversions are 0.';
comment on column marts.cost_per_conversion_weekly.is_final is 'Whether every day of the week with figures is final.';
comment on column marts.cost_per_conversion_weekly.refreshed_at is 'When a figure of the week last changed.';
comment on column marts.cost_per_conversion_weekly.week is 'Monday of the ISO week, in the account''s days.';

create view marts.cost_per_conversion_monthly as
select
  account_key,
  date_trunc('month', date)::date as month,
  platform,
  account_id,
  max(account_name) as account_name,
  campaign_id,
  max(campaign_name) as campaign_name,
  currency,
  sum(spend) as spend,
  sum(impressions)::bigint as impressions,
  sum(clicks)::bigint as clicks,
  sum(conversions) as conversions,
  sum(conversion_value) as conversion_value,
  sum(organic_conversions) as organic_conversions,
  sum(spend) / nullif(sum(conversions), 0) as cost_per_conversion,
  sum(spend) / nullif(sum(clicks), 0) as cost_per_click,
  sum(conversions) / nullif(sum(clicks), 0) as conversion_rate,
  sum(conversion_value) / nullif(sum(spend), 0) as return_on_ad_spend,
  max(reporting_currency) as reporting_currency,
  case when count(*) = count(spend_reporting) then sum(spend_reporting) end as spend_reporting,
  case when count(*) = count(conversion_value_reporting) then sum(conversion_value_reporting) end as conversion_value_reporting,
  case when count(*) = count(spend_reporting) then sum(spend_reporting) / nullif(sum(conversions), 0) end as cost_per_conversion_reporting,
  bool_and(is_final) as is_final,
  max(refreshed_at) as refreshed_at
from marts.cost_per_conversion_daily
group by account_key, date_trunc('month', date), platform, account_id, campaign_id, currency;
comment on view marts.cost_per_conversion_monthly is 'Cost per conversion by month: one row per account, month and campaign; every ratio is a ratio of the month''s sums.';
comment on column marts.cost_per_conversion_monthly.account_key is 'The account; see warehouse.account.';
comment on column marts.cost_per_conversion_monthly.platform is 'Name of the ad platform, such as google; see warehouse.platform.';
comment on column marts.cost_per_conversion_monthly.account_id is 'The platform''s id of the account, bare.';
comment on column marts.cost_per_conversion_monthly.account_name is 'Name of the account today.';
comment on column marts.cost_per_conversion_monthly.campaign_id is 'The platform''s campaign id; '''' for spend of a campaign that the platform does not name.';
comment on column marts.cost_per_conversion_monthly.campaign_name is 'Name of the campaign today; NULL where the platform names none.';
comment on column marts.cost_per_conversion_monthly.currency is 'ISO 4217 code of every amount of the row that does not end in _reporting.';
comment on column marts.cost_per_conversion_monthly.spend is 'Paid spend in the account''s currency.';
comment on column marts.cost_per_conversion_monthly.impressions is 'Paid impressions.';
comment on column marts.cost_per_conversion_monthly.clicks is 'Paid clicks, as the platform counts them.';
comment on column marts.cost_per_conversion_monthly.conversions is 'Paid conversions of counted actions; may be fractional.';
comment on column marts.cost_per_conversion_monthly.conversion_value is 'Value of those conversions in the account''s currency.';
comment on column marts.cost_per_conversion_monthly.organic_conversions is 'Conversions of counted actions that were left out because their traffic was organic.';
comment on column marts.cost_per_conversion_monthly.cost_per_conversion is 'spend / conversions in the account''s currency; NULL where conversions are 0.';
comment on column marts.cost_per_conversion_monthly.cost_per_click is 'spend / clicks in the account''s currency; NULL where clicks are 0.';
comment on column marts.cost_per_conversion_monthly.conversion_rate is 'conversions / clicks, a share; NULL where clicks are 0.';
comment on column marts.cost_per_conversion_monthly.return_on_ad_spend is 'conversion_value / spend; NULL where spend is 0.';
comment on column marts.cost_per_conversion_monthly.reporting_currency is 'ISO 4217 code of the amounts that end in _reporting; NULL where none is configured.';
comment on column marts.cost_per_conversion_monthly.spend_reporting is 'Sum of the days'' spend_reporting; NULL where one of them is.';
comment on column marts.cost_per_conversion_monthly.conversion_value_reporting is 'Sum of the days'' conversion_value_reporting; NULL where one of them is.';
comment on column marts.cost_per_conversion_monthly.cost_per_conversion_reporting is 'spend_reporting / conversions; NULL where either is unknown or conversions are 0.';
comment on column marts.cost_per_conversion_monthly.is_final is 'Whether every day of the month with figures is final.';
comment on column marts.cost_per_conversion_monthly.refreshed_at is 'When a figure of the month last changed.';
comment on column marts.cost_per_conversion_monthly.month is 'First day of the month, in the account''s days.';

create table marts.cost_per_conversion_history (
  account_key integer not null,
  date date not null,
  platform text not null,
  account_id text not null,
  campaign_id text not null,
  observed_at timestamptz not null,
  currency text not null,
  spend numeric(18, 6),
  impressions bigint,
  clicks bigint,
  conversions numeric(18, 6),
  conversion_value numeric(18, 6),
  organic_conversions numeric(18, 6),
  cost_per_conversion numeric,
  primary key (account_key, date, campaign_id, observed_at)
) partition by range (date);
comment on table marts.cost_per_conversion_history is 'Every change of a campaign-day''s figures: one row per account, date, campaign and change. A day that never moved has one row; one that vanished has a last row without figures.';
comment on column marts.cost_per_conversion_history.account_key is 'The account; see warehouse.account.';
comment on column marts.cost_per_conversion_history.date is 'Reporting day of the account.';
comment on column marts.cost_per_conversion_history.platform is 'Name of the ad platform, such as google; see warehouse.platform.';
comment on column marts.cost_per_conversion_history.account_id is 'The platform''s id of the account, bare.';
comment on column marts.cost_per_conversion_history.campaign_id is 'The platform''s campaign id; '''' where it names none.';
comment on column marts.cost_per_conversion_history.observed_at is 'From when on the figures stood like this.';
comment on column marts.cost_per_conversion_history.currency is 'ISO 4217 code of the amounts.';
comment on column marts.cost_per_conversion_history.spend is 'Paid spend in the account''s currency; NULL once the campaign-day had vanished.';
comment on column marts.cost_per_conversion_history.impressions is 'Paid impressions; NULL once the campaign-day had vanished.';
comment on column marts.cost_per_conversion_history.clicks is 'Paid clicks, as the platform counts them; NULL once the campaign-day had vanished.';
comment on column marts.cost_per_conversion_history.conversions is 'Paid conversions of counted actions; may be fractional; NULL once the campaign-day had vanished.';
comment on column marts.cost_per_conversion_history.conversion_value is 'Value of those conversions in the account''s currency; NULL once the campaign-day had vanished.';
comment on column marts.cost_per_conversion_history.organic_conversions is 'Conversions of counted actions that were left out because their traffic was organic; NULL once the campaign-day had vanished.';
comment on column marts.cost_per_conversion_history.cost_per_conversion is 'spend / conversions; NULL where conversions are 0 or the campaign-day had vanished.';

create function marts.cost_per_conversion_as_of(moment timestamptz)
returns table (
  date date, platform text, account_id text, account_name text, campaign_id text, campaign_name text, currency text,
  spend numeric, impressions bigint, clicks bigint, conversions numeric, conversion_value numeric,
  organic_conversions numeric, cost_per_conversion numeric, cost_per_click numeric, conversion_rate numeric,
  return_on_ad_spend numeric, refreshed_at timestamptz
)
language sql stable as $$
  select h.date, h.platform, h.account_id, a.name, h.campaign_id, c.name, h.currency,
         h.spend, h.impressions, h.clicks, h.conversions, h.conversion_value,
         h.organic_conversions, h.cost_per_conversion, h.spend / nullif(h.clicks, 0),
         h.conversions / nullif(h.clicks, 0), h.conversion_value / nullif(h.spend, 0), h.observed_at
  from (
    select distinct on (account_key, date, campaign_id) *
    from marts.cost_per_conversion_history
    where observed_at <= moment
    order by account_key, date, campaign_id, observed_at desc
  ) h
  join warehouse.account a on a.account_key = h.account_key
  left join warehouse.campaign c on c.account_key = h.account_key and c.campaign_id = h.campaign_id
  where h.spend is not null
$$;
comment on function marts.cost_per_conversion_as_of is 'The daily mart as it stood at a moment: keys and figures of then, names of today. Campaign-days that had vanished are left out.';

create table marts.conversion_maturity (
  platform text not null,
  account_id text not null,
  age_days integer not null,
  share numeric not null,
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
comment on column marts.conversion_maturity.learned_from_days is 'How many account-days the share was learned from; 0 for a stated default.';
comment on column marts.conversion_maturity.basis is 'account, platform (pooled over the platform''s accounts) or default.';
comment on column marts.conversion_maturity.updated_at is 'When the share was last learned.';
