-- All that an ads report counts was earned by ads: the origin of an action says where its form or button lives, not who
-- sent the person. What was stored of Google's hosted actions as organic is paid, and its days are rolled up again.
insert into ops.touched_day (account_key, date)
select c.account_key, c.date
from warehouse.conversion_daily c join warehouse.account a using (account_key)
where a.platform = 'google' and c.traffic = 'organic'
union
select c.account_key, c.date
from warehouse.network_conversion_daily c join warehouse.account a using (account_key)
where a.platform = 'google' and c.traffic = 'organic'
on conflict (account_key, date) do update set touched_at = now();

-- A day is compared anew: what it was published from had another traffic.
delete from ops.day_fingerprint f
using warehouse.account a, ops.touched_day t
where a.account_key = f.account_key and a.platform = 'google' and t.account_key = f.account_key and t.date = f.date;

with organic as (
  delete from warehouse.conversion_daily c using warehouse.account a
  where a.account_key = c.account_key and a.platform = 'google' and c.traffic = 'organic'
  returning c.*
)
insert into warehouse.conversion_daily as c
  (account_key, date, campaign_id, ad_group_id, ad_id, conversion_action_id, attribution, traffic,
   conversions, conversion_value, primary_conversions, primary_conversion_value, all_conversions, all_conversion_value)
select account_key, date, campaign_id, ad_group_id, ad_id, conversion_action_id, attribution, 'paid',
       conversions, conversion_value, primary_conversions, primary_conversion_value, all_conversions, all_conversion_value
from organic
on conflict (account_key, date, campaign_id, ad_group_id, ad_id, conversion_action_id, attribution, traffic) do update
set conversions = c.conversions + excluded.conversions,
    conversion_value = c.conversion_value + excluded.conversion_value,
    primary_conversions = c.primary_conversions + excluded.primary_conversions,
    primary_conversion_value = c.primary_conversion_value + excluded.primary_conversion_value,
    all_conversions = c.all_conversions + excluded.all_conversions,
    all_conversion_value = c.all_conversion_value + excluded.all_conversion_value;

with organic as (
  delete from warehouse.network_conversion_daily c using warehouse.account a
  where a.account_key = c.account_key and a.platform = 'google' and c.traffic = 'organic'
  returning c.*
)
insert into warehouse.network_conversion_daily as c
  (account_key, date, campaign_id, network, conversion_action_id, attribution, traffic,
   conversions, conversion_value, primary_conversions, primary_conversion_value, all_conversions, all_conversion_value)
select account_key, date, campaign_id, network, conversion_action_id, attribution, 'paid',
       conversions, conversion_value, primary_conversions, primary_conversion_value, all_conversions, all_conversion_value
from organic
on conflict (account_key, date, campaign_id, network, conversion_action_id, attribution, traffic) do update
set conversions = c.conversions + excluded.conversions,
    conversion_value = c.conversion_value + excluded.conversion_value,
    primary_conversions = c.primary_conversions + excluded.primary_conversions,
    primary_conversion_value = c.primary_conversion_value + excluded.primary_conversion_value,
    all_conversions = c.all_conversions + excluded.all_conversions,
    all_conversion_value = c.all_conversion_value + excluded.all_conversion_value;

comment on column warehouse.conversion_daily.traffic is 'paid, or organic where no ad was clicked or seen as one (LinkedIn viral).';
