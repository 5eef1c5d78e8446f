-- What is added up from several facts can be joined to the names of an account on several machines only by way of a table
-- that is there once: the ad group's row. The account is the same.
create or replace view figures.cost_per_conversion_by_ad_daily as
select f.account_key, f.date, f.impressions, f.clicks, g.refreshed_at, f.campaign_id, f.ad_group_id, f.ad_id, g.currency,
       f.spend, f.conversions, f.conversion_value, f.organic_conversions, g.reporting_currency,
       case when g.reporting_currency is not null
         then figures.ratio(f.spend * r.rate, 1) end::numeric(18, 6) as spend_reporting,
       case when g.reporting_currency is not null
         then figures.ratio(f.conversion_value * r.rate, 1) end::numeric(18, 6) as conversion_value_reporting,
       g.account_key as ad_group_account_key
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
left join figures.day_rate r on r.account_key = g.account_key and r.date = f.date;

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
left join warehouse.account a on a.account_key = m.ad_group_account_key
left join ops.rollup_day t on t.account_key = m.ad_group_account_key
left join warehouse.campaign c on c.account_key = m.ad_group_account_key and c.campaign_id = m.campaign_id
left join warehouse.ad_group g on g.account_key = m.ad_group_account_key and g.ad_group_id = m.ad_group_id
left join warehouse.ad d on d.account_key = m.ad_group_account_key and d.ad_group_id = m.ad_group_id and d.ad_id = m.ad_id
left join marts.conversion_maturity s
  on s.platform = a.platform and s.account_id = a.account_id and s.age_days = t.today - m.date;
