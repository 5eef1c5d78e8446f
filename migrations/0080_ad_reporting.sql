-- The marts under the names and columns of the ad reporting models of Fivetran's dbt package, so that reports built on
-- those keep working. The models' own columns come first, as they are there; then what currencies need: what an amount is
-- in, and amounts that add up over all of them. Ids that the platform does not name are NULL here.

create schema ad_reporting;
comment on schema ad_reporting is 'The warehouse under the names that reports built on Fivetran''s ad reporting models expect.';

create view ad_reporting.ad_reporting__ad_report as
select
  ''::text as source_relation,
  m.date as date_day,
  coalesce(named.ad_reporting_name, m.platform || '_ads') as platform,
  m.account_id,
  m.account_name,
  nullif(m.campaign_id, '') as campaign_id,
  m.campaign_name,
  -- Where a platform has no level between campaign and ad, the campaign stands in for the ad group, as in the models.
  case when named.campaign_is_ad_group then nullif(m.campaign_id, '')
    else nullif(m.ad_group_id, '') end as ad_group_id,
  case when named.campaign_is_ad_group then m.campaign_name else m.ad_group_name end as ad_group_name,
  nullif(m.ad_id, '') as ad_id,
  m.ad_name,
  m.clicks,
  m.impressions,
  m.spend,
  m.conversions,
  m.conversion_value as conversions_value,
  m.currency,
  m.reporting_currency,
  m.spend_reporting,
  m.conversion_value_reporting as conversions_value_reporting
from marts.cost_per_conversion_by_ad_daily m
left join warehouse.platform named on named.platform = m.platform;
comment on view ad_reporting.ad_reporting__ad_report is 'Daily figures by ad. Figures that belong to a campaign but to none of its ads have a row without an ad, so that the rows add up to the account.';
comment on column ad_reporting.ad_reporting__ad_report.ad_id is 'Ad (LinkedIn: creative); NULL where the figures belong to none.';
comment on column ad_reporting.ad_reporting__ad_report.ad_name is 'Its name today; may be empty.';

create view ad_reporting.ad_reporting__campaign_report as
select
  ''::text as source_relation,
  m.date as date_day,
  coalesce(named.ad_reporting_name, m.platform || '_ads') as platform,
  m.account_id,
  m.account_name,
  nullif(m.campaign_id, '') as campaign_id,
  m.campaign_name,
  m.clicks,
  m.impressions,
  m.spend,
  m.conversions,
  m.conversion_value as conversions_value,
  m.currency,
  m.reporting_currency,
  m.spend_reporting,
  m.conversion_value_reporting as conversions_value_reporting
from marts.cost_per_conversion_daily m
left join warehouse.platform named on named.platform = m.platform;
comment on view ad_reporting.ad_reporting__campaign_report is 'Daily figures by campaign.';

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
  sum(spend)::numeric(18, 6) as spend,
  sum(conversions)::numeric(18, 6) as conversions,
  sum(conversions_value)::numeric(18, 6) as conversions_value,
  currency,
  max(reporting_currency) as reporting_currency,
  case when count(*) = count(spend_reporting)
    then figures.storable(sum(spend_reporting)) end::numeric(18, 6) as spend_reporting,
  case when count(*) = count(conversions_value_reporting)
    then figures.storable(sum(conversions_value_reporting)) end::numeric(18, 6) as conversions_value_reporting
from ad_reporting.ad_reporting__ad_report
group by source_relation, date_day, platform, account_id, campaign_id, ad_group_id, currency;
comment on view ad_reporting.ad_reporting__ad_group_report is 'Daily figures by ad group; figures that belong to none have a row without one.';

create view ad_reporting.ad_reporting__account_report as
select
  source_relation,
  date_day,
  platform,
  account_id,
  max(account_name) as account_name,
  sum(clicks)::bigint as clicks,
  sum(impressions)::bigint as impressions,
  sum(spend)::numeric(18, 6) as spend,
  sum(conversions)::numeric(18, 6) as conversions,
  sum(conversions_value)::numeric(18, 6) as conversions_value,
  currency,
  max(reporting_currency) as reporting_currency,
  case when count(*) = count(spend_reporting)
    then figures.storable(sum(spend_reporting)) end::numeric(18, 6) as spend_reporting,
  case when count(*) = count(conversions_value_reporting)
    then figures.storable(sum(conversions_value_reporting)) end::numeric(18, 6) as conversions_value_reporting
from ad_reporting.ad_reporting__campaign_report
group by source_relation, date_day, platform, account_id, currency;
comment on view ad_reporting.ad_reporting__account_report is 'Daily figures by account.';

-- A column of one name means the same in each of them.
do $$
declare
  part record;
begin
  for part in
    select a.attrelid::regclass as relation, a.attname, m.meaning
    from pg_attribute a
    join (values
      ('source_relation', 'Where the row comes from when several sources are united; always empty here.'),
      ('date_day', 'Reporting day of the account.'),
      ('platform', 'The platform as those models call it, such as google_ads; see warehouse.platform.'),
      ('account_id', 'The platform''s id of the account, bare.'),
      ('account_name', 'Name of the account today.'),
      ('campaign_id', 'The platform''s campaign id; NULL where the platform names none.'),
      ('campaign_name', 'Name of the campaign today.'),
      ('ad_group_id', 'Ad group (Meta: ad set; LinkedIn: the campaign); NULL where the figures belong to none.'),
      ('ad_group_name', 'Its name today.'),
      ('clicks', 'Paid clicks, as the platform counts them.'),
      ('impressions', 'Paid impressions.'),
      ('spend', 'Paid spend in the account''s currency: add up rows of one currency only, or spend_reporting.'),
      ('conversions', 'Paid conversions of counted actions.'),
      ('conversions_value', 'Value of those conversions in the account''s currency.'),
      ('currency', 'ISO 4217 code of spend and conversions_value. Not a column of the models.'),
      ('reporting_currency', 'ISO 4217 code of the amounts that end in _reporting; NULL where none is configured. Not a column of the models.'),
      ('spend_reporting', 'spend at the day''s exchange rate; NULL where no rate is known, and for more than twelve digits. Not a column of the models.'),
      ('conversions_value_reporting', 'conversions_value at the day''s exchange rate; NULL where no rate is known, and for more than twelve digits. Not a column of the models.')
    ) m (attname, meaning) on m.attname = a.attname::text
    where a.attrelid in (
      select oid from pg_class where relnamespace = 'ad_reporting'::regnamespace)
      and a.attnum > 0 and col_description(a.attrelid, a.attnum) is null
  loop
    execute format('comment on column %s.%I is %L', part.relation, part.attname, part.meaning);
  end loop;
end
$$;
