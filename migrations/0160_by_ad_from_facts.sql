-- Rows by ad are the facts themselves: to store them once more was half of what every rollup cost, and as much room as
-- the facts take. They are added up when somebody asks; what the rollup alone knows of them comes from their ad group's row.

create table figures.day_rate (
  account_key integer not null,
  date date not null,
  rate numeric,
  primary key (account_key, date)
);
comment on table figures.day_rate is 'What one unit of the account''s currency was worth in the reporting currency when the day was rolled up; only where there is one.';

alter table figures.cost_per_conversion_by_ad_daily rename to cost_per_conversion_by_ad_daily_before;

create view figures.cost_per_conversion_by_ad_daily as
select f.account_key, f.date, f.impressions, f.clicks, g.refreshed_at, f.campaign_id, f.ad_group_id, f.ad_id, g.currency,
       f.spend, f.conversions, f.conversion_value, f.organic_conversions, g.reporting_currency,
       case when g.reporting_currency is not null
         then figures.ratio(f.spend * r.rate, 1) end::numeric(18, 6) as spend_reporting,
       case when g.reporting_currency is not null
         then figures.ratio(f.conversion_value * r.rate, 1) end::numeric(18, 6) as conversion_value_reporting
from (
  select account_key, date, campaign_id, ad_group_id, ad_id, sum(spend)::numeric(18, 6) as spend,
         sum(impressions)::bigint as impressions, sum(clicks)::bigint as clicks,
         sum(conversions)::numeric(18, 6) as conversions, sum(conversion_value)::numeric(18, 6) as conversion_value,
         sum(organic_conversions)::numeric(18, 6) as organic_conversions
  from (
    select account_key, date, campaign_id, ad_group_id, ad_id, spend, impressions, clicks, 0 as conversions,
           0 as conversion_value, 0 as organic_conversions
    from warehouse.ad_daily
    union all
    -- A conversion that is not counted makes a row too.
    select account_key, date, campaign_id, ad_group_id, ad_id, 0, 0, 0, 0, 0, 0
    from warehouse.conversion_daily
    union all
    select account_key, date, campaign_id, ad_group_id, ad_id, 0, 0, 0,
           case when traffic = 'paid' then conversions else 0 end,
           case when traffic = 'paid' then conversion_value else 0 end,
           case when traffic = 'paid' then 0 else conversions end
    from warehouse.counted_conversion_daily
  ) facts
  group by account_key, date, campaign_id, ad_group_id, ad_id
) f
join figures.cost_per_conversion_by_ad_group_daily g
  on g.account_key = f.account_key and g.date = f.date and g.campaign_id = f.campaign_id and g.ad_group_id = f.ad_group_id
left join figures.day_rate r on r.account_key = f.account_key and r.date = f.date;
comment on view figures.cost_per_conversion_by_ad_daily is 'Under marts.cost_per_conversion_by_ad_daily: facts, of the ad groups and days that were rolled up.';

create or replace view marts.cost_per_conversion_by_ad_daily as
select m.account_key, m.date, a.platform, a.account_id, a.name as account_name, m.campaign_id,
       c.name as campaign_name, m.ad_group_id, g.name as ad_group_name, m.ad_id, d.name as ad_name, m.currency,
       m.spend, m.impressions, m.clicks, m.conversions, m.conversion_value, m.organic_conversions,
       figures.ratio(m.spend, m.conversions)::numeric(18, 6) as cost_per_conversion,
       figures.ratio(m.spend, m.clicks)::numeric(18, 6) as cost_per_click,
       figures.ratio(m.conversions, m.clicks)::numeric(18, 6) as conversion_rate,
       figures.ratio(m.conversion_value, m.spend)::numeric(18, 6) as return_on_ad_spend,
       m.reporting_currency, m.spend_reporting, m.conversion_value_reporting,
       figures.ratio(m.spend_reporting, m.conversions)::numeric(18, 6) as cost_per_conversion_reporting,
       case when m.date >= t.today - a.restatement_days
         then figures.ratio(m.conversions, s.share) end::numeric(18, 6) as projected_conversions,
       case when m.date >= t.today - a.restatement_days
         then figures.ratio(m.spend, figures.ratio(m.conversions, s.share)) end::numeric(18, 6) as projected_cost_per_conversion,
       coalesce(m.date < t.today - a.restatement_days, false) as is_final,
       m.refreshed_at
from figures.cost_per_conversion_by_ad_daily m
left join warehouse.account a on a.account_key = m.account_key
left join ops.rollup_day t on t.account_key = m.account_key
left join warehouse.campaign c on c.account_key = m.account_key and c.campaign_id = m.campaign_id
left join warehouse.ad_group g on g.account_key = m.account_key and g.ad_group_id = m.ad_group_id
left join warehouse.ad d on d.account_key = m.account_key and d.ad_group_id = m.ad_group_id and d.ad_id = m.ad_id
left join marts.conversion_maturity s
  on s.platform = a.platform and s.account_id = a.account_id and s.age_days = t.today - m.date;
comment on column marts.cost_per_conversion_by_ad_daily.refreshed_at is 'When a figure or the currency of the ad group''s day last changed.';

drop table figures.cost_per_conversion_by_ad_daily_before;

-- Every day is due again where amounts are converted: its rate is not known yet.
insert into ops.touched_day (account_key, date)
select distinct account_key, date from figures.cost_per_conversion_daily where reporting_currency is not null
on conflict do nothing;

-- What is left out of every figure is few rows among many; whoever asks for it need not read the others.
create index conversion_daily_organic on warehouse.conversion_daily (date) where traffic = 'organic';
