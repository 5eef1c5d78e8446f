-- A small company's September and October 2026, written by rule: every machine gets the same figures.
-- Four accounts on three platforms in three currencies; Performance Max and a deleted ad as rows without an ad, LinkedIn's
-- viral conversions as organic, a network split, some history.

insert into warehouse.account (account_key, platform, account_id, name, currency, time_zone, status, is_active, restatement_days)
overriding system value values
  (1, 'google', '1112223333', 'Acme Denmark', 'DKK', 'Europe/Copenhagen', 'ENABLED', true, 33),
  (2, 'google', '4445556666', 'Acme Europe', 'EUR', 'Europe/Berlin', 'ENABLED', true, 33),
  (3, 'meta', '7001', 'Acme Social', 'USD', 'America/New_York', '1', true, 29),
  (4, 'linkedin', '512345678', 'Acme B2B', 'EUR', 'Europe/Copenhagen', 'ACTIVE', true, 33);

insert into warehouse.campaign (account_key, campaign_id, name, status, type) values
  (1, '101', 'Brand DK', 'ENABLED', 'SEARCH'),
  (1, '102', 'Performance Max DK', 'ENABLED', 'PERFORMANCE_MAX'),
  (2, '201', 'Generic EU', 'ENABLED', 'SEARCH'),
  (2, '202', 'Video EU', 'PAUSED', 'VIDEO'),
  (3, '301', 'Prospecting', 'ACTIVE', 'OUTCOME_SALES'),
  (3, '302', 'Retargeting', 'ACTIVE', 'OUTCOME_LEADS'),
  (4, '401', 'CTO Whitepaper', 'ACTIVE', 'LEAD_GENERATION');

insert into warehouse.ad_group (account_key, ad_group_id, campaign_id, name, status)
select account_key, campaign_id || '1', campaign_id, name || ' / main', 'ENABLED'
from warehouse.campaign where account_key < 4 and campaign_id <> '102';

insert into warehouse.ad (account_key, ad_group_id, ad_id, campaign_id, name, status)
select account_key, case account_key when 4 then '' else campaign_id || '1' end, campaign_id || variant, campaign_id,
       name || ' ' || variant, 'ENABLED'
from warehouse.campaign, (values ('a'), ('b')) v (variant)
where campaign_id <> '102';

insert into warehouse.conversion_action
  (account_key, conversion_action_id, name, status, category, origin, is_primary, click_window_days, view_window_days)
select account_key, case platform when 'meta' then 'purchase' else account_key || '01' end,
       case platform when 'linkedin' then 'Demo request' else 'Purchase' end, 'ENABLED',
       case platform when 'linkedin' then 'LEAD' else 'PURCHASE' end, 'WEBSITE', true, 30, 1
from warehouse.account
union all
select account_key, case platform when 'meta' then 'lead' else account_key || '02' end,
       case platform when 'linkedin' then 'One-click leads' else 'Newsletter' end, 'ENABLED', 'LEAD', 'WEBSITE',
       platform <> 'google', 30, 1
from warehouse.account;

select warehouse.ensure_partition(parent::regclass, month)
from unnest(array['warehouse.ad_daily', 'warehouse.network_daily', 'warehouse.conversion_daily',
                  'warehouse.network_conversion_daily']) parent,
     unnest(array['2026-09-01', '2026-10-01']::date[]) month;

-- A number between 0 and 19 that depends on the day and the campaign only.
create function pg_temp.noise(day date, id text) returns integer language sql immutable as
$$ select ((extract(doy from day)::integer * 7 + ascii(right(id, 1)) * 11 + length(id) * 3 + ascii(left(id, 1)) * 5
   + ascii(substr(id, 3)) * 13) % 20) $$;

-- Spend by ad; campaign 102 has no ads, and on every tenth day 201 has a little that belongs to none of its ads.
insert into warehouse.ad_daily (account_key, date, campaign_id, ad_group_id, ad_id, spend, impressions, clicks)
select account_key, day::date, campaign_id, ad_group_id, ad_id,
       round(rate * case when extract(isodow from day) > 5 then 0.6 else 1 end * (20 + noise) / 10, 2),
       (20 + noise) * 60, (20 + noise) * 2
from (
  select account_key, ad_group_id, ad_id, campaign_id, case account_key when 1 then 52 else 9 end as rate from warehouse.ad
  union all
  values (1, '', '', '102', 140)
) ads
cross join generate_series('2026-09-01'::timestamp, '2026-10-31', '1 day') day
cross join lateral (select pg_temp.noise(day::date, campaign_id || ad_id) as noise) n
where not (campaign_id = '202' and day >= '2026-10-10')
union all
select 2, day::date, '201', '', '', 3.50, 40, 2
from generate_series('2026-09-05'::timestamp, '2026-10-31', '10 days') day;

-- Two actions a campaign; Google's newsletter is not counted. LinkedIn reports viral conversions apart.
insert into warehouse.conversion_daily
select a.account_key, a.date, a.campaign_id, a.ad_group_id, a.ad_id, c.conversion_action_id,
       case a.account_key when 3 then '7d_click' else '' end, 'paid', n, v, n * primary_share, v * primary_share, n, v
from warehouse.ad_daily a
join warehouse.conversion_action c using (account_key)
cross join lateral (
  select greatest(0, (pg_temp.noise(a.date, a.ad_id || c.conversion_action_id) - 8) / 3) as n,
         case when c.is_primary then 1 else 0 end as primary_share
) conversions
cross join lateral (
  select case when c.category = 'PURCHASE' then n * case a.account_key when 1 then 900 else 120 end else 0 end as v
) worth
where a.clicks > 10 and conversions.n > 0 and a.campaign_id <> '202';

insert into warehouse.conversion_daily
select account_key, date, campaign_id, ad_group_id, ad_id, conversion_action_id, '', 'organic', 1, 0, 0, 0, 1, 0
from warehouse.conversion_daily
where account_key = 4 and ad_id like '%a' and conversion_action_id = '401' and extract(isodow from date) = 2;

insert into ops.counting_rule (account_key, measure, actions, attributions)
select account_key, 'conversions', array_agg(conversion_action_id), case account_key when 3 then array['7d_click'] end
from warehouse.conversion_action where is_primary
group by account_key;

insert into warehouse.network_daily
  (account_key, date, campaign_id, network, spend, impressions, clicks, conversions, conversion_value)
select account_key, date, campaign_id, network, round(sum(spend) * share, 2), (sum(impressions) * share)::bigint,
       (sum(clicks) * click_share)::bigint, 0, 0
from warehouse.ad_daily
join (values (1, 'SEARCH', 0.5, 0.75), (1, 'CONTENT', 0.5, 0.25), (2, 'SEARCH', 0.75, 0.5), (2, 'YOUTUBE', 0.25, 0.5),
             (3, 'facebook', 0.75, 0.5), (3, 'instagram', 0.25, 0.5), (4, 'linkedin', 1, 1))
  as split (account_key, network, share, click_share) using (account_key)
group by account_key, date, campaign_id, network, share, click_share;

insert into warehouse.network_conversion_daily
  (account_key, date, campaign_id, network, conversion_action_id, attribution, traffic, conversions, conversion_value,
   primary_conversions, primary_conversion_value, all_conversions, all_conversion_value)
select account_key, date, campaign_id, network, conversion_action_id, attribution, traffic,
       sum(conversions) * share, sum(conversion_value) * share, sum(primary_conversions) * share,
       sum(primary_conversion_value) * share, sum(all_conversions) * share, sum(all_conversion_value) * share
from warehouse.conversion_daily
join (values (1, 'SEARCH', 0.75), (1, 'CONTENT', 0.25), (2, 'SEARCH', 0.5), (2, 'YOUTUBE', 0.5), (3, 'facebook', 0.5),
             (3, 'instagram', 0.5), (4, 'linkedin', 1)) as split (account_key, network, share) using (account_key)
group by account_key, date, campaign_id, network, conversion_action_id, attribution, traffic, share
order by date, account_key, campaign_id, network, conversion_action_id, traffic;

insert into warehouse.exchange_rate (rate_date, base, quote, rate, source)
select day::date, 'EUR', currency, rate, 'ecb'
from generate_series('2026-08-25'::timestamp, '2026-10-30', '1 day') day,
     (values ('USD', 1.1), ('DKK', 7.46)) as rates (currency, rate)
where extract(isodow from day) < 6;
