-- Networks and conversion actions over any range without reading every campaign: one row per account, day and part. Kept
-- like the running months of campaigns: marked stale by whoever writes, brought up to date by the dashboard.

create table ops.part_day (
  part_kind text not null check (part_kind in ('network', 'action')),
  account_key integer not null,
  date date not null,
  part_id text not null,
  currency text not null,
  part_name text,
  platform text not null,
  spend numeric,
  impressions bigint,
  clicks bigint,
  conversions numeric not null,
  conversion_value numeric not null,
  organic_conversions numeric,
  spend_reporting numeric,
  conversion_value_reporting numeric,
  is_final boolean not null,
  primary key (part_kind, account_key, date, part_id, currency)
);
create index part_day_by_date on ops.part_day (part_kind, date);
comment on table ops.part_day is 'For the dashboard: the network and action marts added up over campaigns. May lag behind for months that ops.stale_campaign_month marks. Actions have no spend of their own.';

-- One account and month at a time, here and below: then the mart's partitions of other months are not looked at.
create function ops.refresh_part_days(keys integer[], months date[]) returns void
language plpgsql as $$
declare
  one record;
begin
  for one in
    select t.key, t.first, (t.first + interval '1 month')::date as next from unnest(keys, months) as t (key, first)
  loop
    delete from ops.part_day p where p.account_key = one.key and p.date >= one.first and p.date < one.next;
    insert into ops.part_day
    select 'network', m.account_key, m.date, m.network, m.currency, m.network, max(m.platform), sum(m.spend),
           sum(m.impressions), sum(m.clicks), sum(m.conversions), sum(m.conversion_value), sum(m.organic_conversions),
           case when count(*) = count(m.spend_reporting) then sum(m.spend_reporting) end,
           case when count(*) = count(m.conversion_value_reporting) then sum(m.conversion_value_reporting) end,
           bool_and(m.is_final)
    from marts.cost_per_conversion_by_network_daily m
    where m.account_key = one.key and m.date >= one.first and m.date < one.next
    group by m.account_key, m.date, m.network, m.currency
    union all
    select 'action', m.account_key, m.date, m.conversion_action_id, m.currency, max(m.conversion_action_name),
           max(m.platform), null, null, null, sum(m.conversions), sum(m.conversion_value), null, null,
           case when count(*) = count(m.conversion_value_reporting) then sum(m.conversion_value_reporting) end,
           bool_and(m.is_final)
    from marts.cost_per_conversion_by_action_daily m
    where m.account_key = one.key and m.date >= one.first and m.date < one.next
    group by m.account_key, m.date, m.conversion_action_id, m.currency;
  end loop;
end
$$;
comment on function ops.refresh_part_days is 'Adds the networks and actions of pairs of account and month up again.';

create or replace function marts.refresh_campaign_months(at_most integer) returns integer
language plpgsql as $$
declare
  keys integer[];
  months date[];
  one record;
begin
  with due as (
    select account_key, month from ops.stale_campaign_month
    order by month desc, account_key limit at_most for update skip locked
  ), cleared as (
    delete from ops.stale_campaign_month s using due d
    where s.account_key = d.account_key and s.month = d.month
    returning s.account_key, s.month
  )
  select array_agg(account_key), array_agg(month) into keys, months from cleared;
  if keys is null then
    return 0;
  end if;
  delete from marts.campaign_month c
  using unnest(keys, months) as t (account_key, month)
  where c.account_key = t.account_key and c.month = t.month;
  for one in
    select t.key, t.first, (t.first + interval '1 month')::date as next from unnest(keys, months) as t (key, first)
  loop
    insert into marts.campaign_month
    select account_key, month, campaign_id, currency,
           array_agg(days_with_row order by day), array_agg(days_without_rate order by day),
           array_agg(spend order by day), array_agg(impressions order by day), array_agg(clicks order by day),
           array_agg(conversions order by day), array_agg(conversion_value order by day),
           array_agg(organic_conversions order by day), array_agg(spend_reporting order by day),
           array_agg(conversion_value_reporting order by day), min(open_date)
    from (
      select g.account_key, g.month, g.campaign_id, g.currency, d.day,
             (count(m.date) over running)::smallint as days_with_row,
             (count(m.date) filter (where m.spend_reporting is null or m.conversion_value_reporting is null)
               over running)::smallint as days_without_rate,
             (coalesce(sum(m.spend * 1000000) over running, 0))::bigint as spend,
             (coalesce(sum(m.impressions) over running, 0))::bigint as impressions,
             (coalesce(sum(m.clicks) over running, 0))::bigint as clicks,
             (coalesce(sum(m.conversions * 1000000) over running, 0))::bigint as conversions,
             (coalesce(sum(m.conversion_value * 1000000) over running, 0))::bigint as conversion_value,
             (coalesce(sum(m.organic_conversions * 1000000) over running, 0))::bigint as organic_conversions,
             (coalesce(sum(m.spend_reporting * 1000000) over running, 0))::bigint as spend_reporting,
             (coalesce(sum(m.conversion_value_reporting * 1000000) over running, 0))::bigint as conversion_value_reporting,
             case when not m.is_final then m.date end as open_date
      from (
        select distinct n.account_key, one.first as month, n.campaign_id, n.currency
        from marts.cost_per_conversion_daily n
        where n.account_key = one.key and n.date >= one.first and n.date < one.next
      ) g
      cross join generate_series(1, 31) as d (day)
      left join marts.cost_per_conversion_daily m
        on m.account_key = one.key and m.date >= one.first and m.date < one.next and m.campaign_id = g.campaign_id
        and m.currency = g.currency and m.date = g.month + (d.day - 1)
      window running as (partition by g.account_key, g.month, g.campaign_id, g.currency order by d.day)
    ) s
    group by account_key, month, campaign_id, currency;
  end loop;
  perform ops.refresh_part_days(keys, months);
  return cardinality(keys);
end
$$;

create or replace function marts.add_up_account_days(keys integer[], days date[]) returns void
language plpgsql as $$
declare
  one record;
begin
  for one in
    select t.key, array_agg(distinct t.day) as touched, min(t.day) as first, max(t.day) as last
    from unnest(keys, days) as t (key, day) group by t.key
  loop
    delete from marts.cost_per_conversion_by_account_daily s
    where s.account_key = one.key and s.date = any (one.touched)
      and not exists (select from marts.cost_per_conversion_daily m
                      where m.account_key = one.key and m.date = s.date and m.date between one.first and one.last);
    insert into marts.cost_per_conversion_by_account_daily as s
    select m.account_key, m.date, max(m.platform) as platform, max(m.account_id) as account_id,
           max(m.account_name) as account_name, max(m.currency) as currency, count(*)::integer as campaigns,
           sum(m.spend) as spend, sum(m.impressions)::bigint as impressions, sum(m.clicks)::bigint as clicks,
           sum(m.conversions) as conversions, sum(m.conversion_value) as conversion_value,
           sum(m.organic_conversions) as organic_conversions, max(m.reporting_currency) as reporting_currency,
           case when count(*) = count(m.spend_reporting) then sum(m.spend_reporting) end as spend_reporting,
           case when count(*) = count(m.conversion_value_reporting)
             then sum(m.conversion_value_reporting) end as conversion_value_reporting,
           case when bool_and(m.is_final or m.projected_conversions is not null)
             then sum(coalesce(m.projected_conversions, m.conversions)) end as projected_conversions,
           bool_and(m.is_final) as is_final, max(m.refreshed_at) as refreshed_at
    from marts.cost_per_conversion_daily m
    where m.account_key = one.key and m.date between one.first and one.last and m.date = any (one.touched)
    group by m.account_key, m.date
    on conflict (account_key, date) do update
    set platform = excluded.platform, account_id = excluded.account_id, account_name = excluded.account_name,
        currency = excluded.currency, campaigns = excluded.campaigns, spend = excluded.spend,
        impressions = excluded.impressions, clicks = excluded.clicks, conversions = excluded.conversions,
        conversion_value = excluded.conversion_value, organic_conversions = excluded.organic_conversions,
        reporting_currency = excluded.reporting_currency, spend_reporting = excluded.spend_reporting,
        conversion_value_reporting = excluded.conversion_value_reporting,
        projected_conversions = excluded.projected_conversions, is_final = excluded.is_final,
        refreshed_at = excluded.refreshed_at
    where row(s.*) is distinct from row(excluded.*);
  end loop;
end
$$;

-- What was added up before this table was there is added up once more.
insert into ops.stale_campaign_month (account_key, month)
select distinct account_key, date_trunc('month', date)::date from marts.cost_per_conversion_by_account_daily
on conflict do nothing;

-- Rows are written in the order of the clock: a few pages of index find the changes of the last night.
create index cost_per_conversion_history_observed on marts.cost_per_conversion_history
  using brin (observed_at) with (pages_per_range = 32);
