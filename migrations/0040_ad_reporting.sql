-- Views with the names and columns of the ad reporting models of Fivetran's dbt package, so that reports built on those keep
-- working. Amounts are in the account's currency, as there. Ids that the platform does not name are NULL here.

create schema ad_reporting;
comment on schema ad_reporting is 'The warehouse under the names that reports built on Fivetran''s ad reporting models expect.';

create view ad_reporting.ad_reporting__account_report as
select
  ''::text as source_relation,
  date as date_day,
  coalesce(named.ad_reporting_name, daily.platform || '_ads') as platform,
  account_id,
  max(account_name) as account_name,
  sum(clicks)::bigint as clicks,
  sum(impressions)::bigint as impressions,
  sum(spend) as spend,
  sum(conversions) as conversions,
  sum(conversion_value) as conversions_value
from marts.cost_per_conversion_daily as daily
left join warehouse.platform as named on named.platform = daily.platform
group by date, daily.platform, named.ad_reporting_name, account_id;
comment on view ad_reporting.ad_reporting__account_report is 'Daily figures by account.';
comment on column ad_reporting.ad_reporting__account_report.source_relation is 'Where the row comes from when several sources are united; always empty here.';
comment on column ad_reporting.ad_reporting__account_report.date_day is 'Reporting day of the account.';
comment on column ad_reporting.ad_reporting__account_report.platform is 'The platform as those models call it, such as google_ads; see warehouse.platform.';
comment on column ad_reporting.ad_reporting__account_report.account_id is 'The platform''s id of the account, bare.';
comment on column ad_reporting.ad_reporting__account_report.account_name is 'Name of the account today.';
comment on column ad_reporting.ad_reporting__account_report.clicks is 'Paid clicks, as the platform counts them.';
comment on column ad_reporting.ad_reporting__account_report.impressions is 'Paid impressions.';
comment on column ad_reporting.ad_reporting__account_report.spend is 'Paid spend in the account''s currency.';
comment on column ad_reporting.ad_reporting__account_report.conversions is 'Paid conversions of counted actions.';
comment on column ad_reporting.ad_reporting__account_report.conversions_value is 'Value of those conversions in the account''s currency.';

create view ad_reporting.ad_reporting__campaign_report as
select
  ''::text as source_relation,
  date as date_day,
  coalesce(named.ad_reporting_name, daily.platform || '_ads') as platform,
  account_id,
  account_name,
  nullif(campaign_id, '') as campaign_id,
  campaign_name,
  clicks,
  impressions,
  spend,
  conversions,
  conversion_value as conversions_value
from marts.cost_per_conversion_daily as daily
left join warehouse.platform as named on named.platform = daily.platform;
comment on view ad_reporting.ad_reporting__campaign_report is 'Daily figures by campaign.';
comment on column ad_reporting.ad_reporting__campaign_report.source_relation is 'Where the row comes from when several sources are united; always empty here.';
comment on column ad_reporting.ad_reporting__campaign_report.date_day is 'Reporting day of the account.';
comment on column ad_reporting.ad_reporting__campaign_report.platform is 'The platform as those models call it, such as google_ads; see warehouse.platform.';
comment on column ad_reporting.ad_reporting__campaign_report.account_id is 'The platform''s id of the account, bare.';
comment on column ad_reporting.ad_reporting__campaign_report.account_name is 'Name of the account today.';
comment on column ad_reporting.ad_reporting__campaign_report.campaign_id is 'The platform''s campaign id; NULL where the platform names none.';
comment on column ad_reporting.ad_reporting__campaign_report.campaign_name is 'Name of the campaign today.';
comment on column ad_reporting.ad_reporting__campaign_report.clicks is 'Paid clicks, as the platform counts them.';
comment on column ad_reporting.ad_reporting__campaign_report.impressions is 'Paid impressions.';
comment on column ad_reporting.ad_reporting__campaign_report.spend is 'Paid spend in the account''s currency.';
comment on column ad_reporting.ad_reporting__campaign_report.conversions is 'Paid conversions of counted actions.';
comment on column ad_reporting.ad_reporting__campaign_report.conversions_value is 'Value of those conversions in the account''s currency.';

create view ad_reporting.ad_reporting__ad_report as
with figures as (
  select account_key, date, campaign_id, ad_group_id, ad_id, clicks, impressions, spend,
         0::numeric as conversions, 0::numeric as conversions_value
  from warehouse.ad_daily
  union all
  select account_key, date, campaign_id, ad_group_id, ad_id, 0, 0, 0, conversions, conversion_value
  from warehouse.counted_conversion_daily
  where traffic = 'paid'
), ads as (
  select account_key, date, campaign_id, ad_group_id, ad_id,
         sum(clicks)::bigint as clicks, sum(impressions)::bigint as impressions, sum(spend) as spend,
         sum(conversions) as conversions, sum(conversions_value) as conversions_value
  from figures
  group by account_key, date, campaign_id, ad_group_id, ad_id
)
select
  ''::text as source_relation,
  ads.date as date_day,
  coalesce(named.ad_reporting_name, account.platform || '_ads') as platform,
  account.account_id,
  account.name as account_name,
  nullif(ads.campaign_id, '') as campaign_id,
  campaign.name as campaign_name,
  -- Where a platform has no level between campaign and ad, the campaign stands in for the ad group, as in the models.
  case when named.campaign_is_ad_group then nullif(ads.campaign_id, '')
    else nullif(ads.ad_group_id, '') end as ad_group_id,
  case when named.campaign_is_ad_group then campaign.name else ad_group.name end as ad_group_name,
  nullif(ads.ad_id, '') as ad_id,
  ad.name as ad_name,
  ads.clicks,
  ads.impressions,
  ads.spend,
  ads.conversions,
  ads.conversions_value
from ads
join warehouse.account using (account_key)
left join warehouse.platform as named on named.platform = account.platform
left join warehouse.campaign using (account_key, campaign_id)
left join warehouse.ad_group
  on ad_group.account_key = ads.account_key and ad_group.ad_group_id = ads.ad_group_id and ads.ad_group_id <> ''
left join warehouse.ad
  on ad.account_key = ads.account_key and ad.ad_group_id = ads.ad_group_id and ad.ad_id = ads.ad_id
  and ads.ad_id <> '';
comment on view ad_reporting.ad_reporting__ad_report is 'Daily figures by ad. Figures that belong to a campaign but to none of its ads have a row without an ad, so that the rows add up to the account.';
comment on column ad_reporting.ad_reporting__ad_report.source_relation is 'Where the row comes from when several sources are united; always empty here.';
comment on column ad_reporting.ad_reporting__ad_report.date_day is 'Reporting day of the account.';
comment on column ad_reporting.ad_reporting__ad_report.platform is 'The platform as those models call it, such as google_ads; see warehouse.platform.';
comment on column ad_reporting.ad_reporting__ad_report.account_id is 'The platform''s id of the account, bare.';
comment on column ad_reporting.ad_reporting__ad_report.account_name is 'Name of the account today.';
comment on column ad_reporting.ad_reporting__ad_report.campaign_id is 'The platform''s campaign id; NULL where the platform names none.';
comment on column ad_reporting.ad_reporting__ad_report.campaign_name is 'Name of the campaign today.';
comment on column ad_reporting.ad_reporting__ad_report.ad_group_id is 'Ad group (Meta: ad set; LinkedIn: the campaign); NULL where the figures belong to none.';
comment on column ad_reporting.ad_reporting__ad_report.ad_group_name is 'Its name today.';
comment on column ad_reporting.ad_reporting__ad_report.ad_id is 'Ad (LinkedIn: creative); NULL where the figures belong to none.';
comment on column ad_reporting.ad_reporting__ad_report.ad_name is 'Its name today; may be empty.';
comment on column ad_reporting.ad_reporting__ad_report.clicks is 'Paid clicks, as the platform counts them.';
comment on column ad_reporting.ad_reporting__ad_report.impressions is 'Paid impressions.';
comment on column ad_reporting.ad_reporting__ad_report.spend is 'Paid spend in the account''s currency.';
comment on column ad_reporting.ad_reporting__ad_report.conversions is 'Paid conversions of counted actions.';
comment on column ad_reporting.ad_reporting__ad_report.conversions_value is 'Value of those conversions in the account''s currency.';

create view ad_reporting.ad_reporting__ad_group_report as
select
  source_relation,
  date_day,
  platform,
  account_id,
  max(account_name) as account_name,
  campaign_id,
  max(campaign_name) as campaign_name,
  ad_group_id,
  max(ad_group_name) as ad_group_name,
  sum(clicks)::bigint as clicks,
  sum(impressions)::bigint as impressions,
  sum(spend) as spend,
  sum(conversions) as conversions,
  sum(conversions_value) as conversions_value
from ad_reporting.ad_reporting__ad_report
group by source_relation, date_day, platform, account_id, campaign_id, ad_group_id;
comment on view ad_reporting.ad_reporting__ad_group_report is 'Daily figures by ad group; figures that belong to none have a row without one.';
comment on column ad_reporting.ad_reporting__ad_group_report.source_relation is 'Where the row comes from when several sources are united; always empty here.';
comment on column ad_reporting.ad_reporting__ad_group_report.date_day is 'Reporting day of the account.';
comment on column ad_reporting.ad_reporting__ad_group_report.platform is 'The platform as those models call it, such as google_ads; see warehouse.platform.';
comment on column ad_reporting.ad_reporting__ad_group_report.account_id is 'The platform''s id of the account, bare.';
comment on column ad_reporting.ad_reporting__ad_group_report.account_name is 'Name of the account today.';
comment on column ad_reporting.ad_reporting__ad_group_report.campaign_id is 'The platform''s campaign id; NULL where the platform names none.';
comment on column ad_reporting.ad_reporting__ad_group_report.campaign_name is 'Name of the campaign today.';
comment on column ad_reporting.ad_reporting__ad_group_report.ad_group_id is 'Ad group (Meta: ad set; LinkedIn: the campaign); NULL where the figures belong to none.';
comment on column ad_reporting.ad_reporting__ad_group_report.ad_group_name is 'Its name today.';
comment on column ad_reporting.ad_reporting__ad_group_report.clicks is 'Paid clicks, as the platform counts them.';
comment on column ad_reporting.ad_reporting__ad_group_report.impressions is 'Paid impressions.';
comment on column ad_reporting.ad_reporting__ad_group_report.spend is 'Paid spend in the account''s currency.';
comment on column ad_reporting.ad_reporting__ad_group_report.conversions is 'Paid conversions of counted actions.';
comment on column ad_reporting.ad_reporting__ad_group_report.conversions_value is 'Value of those conversions in the account''s currency.';
