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

create function ops.refresh_part_days(keys integer[], months date[]) returns void
language sql as $$
  delete from ops.part_day p
  using unnest(keys, months) as t (account_key, month)
  where p.account_key = t.account_key and p.date >= t.month and p.date < t.month + interval '1 month';
  insert into ops.part_day
  select 'network', m.account_key, m.date, m.network, m.currency, m.network, max(m.platform), sum(m.spend),
         sum(m.impressions), sum(m.clicks), sum(m.conversions), sum(m.conversion_value), sum(m.organic_conversions),
         case when count(*) = count(m.spend_reporting) then sum(m.spend_reporting) end,
         case when count(*) = count(m.conversion_value_reporting) then sum(m.conversion_value_reporting) end,
         bool_and(m.is_final)
  from unnest(keys, months) as t (account_key, month)
  join marts.cost_per_conversion_by_network_daily m
    on m.account_key = t.account_key and m.date >= t.month and m.date < t.month + interval '1 month'
  group by m.account_key, m.date, m.network, m.currency
  union all
  select 'action', m.account_key, m.date, m.conversion_action_id, m.currency, max(m.conversion_action_name),
         max(m.platform), null, null, null, sum(m.conversions), sum(m.conversion_value), null, null,
         case when count(*) = count(m.conversion_value_reporting) then sum(m.conversion_value_reporting) end,
         bool_and(m.is_final)
  from unnest(keys, months) as t (account_key, month)
  join marts.cost_per_conversion_by_action_daily m
    on m.account_key = t.account_key and m.date >= t.month and m.date < t.month + interval '1 month'
  group by m.account_key, m.date, m.conversion_action_id, m.currency
$$;
comment on function ops.refresh_part_days is 'Adds the networks and actions of pairs of account and month up again.';

create or replace function marts.refresh_campaign_months(at_most integer) returns integer
language plpgsql as $$
declare
  keys integer[];
  months date[];
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
      select distinct t.account_key, t.month, n.campaign_id, n.currency
      from unnest(keys, months) as t (account_key, month)
      join marts.cost_per_conversion_daily n
        on n.account_key = t.account_key and n.date >= t.month and n.date < t.month + interval '1 month'
    ) g
    cross join generate_series(1, 31) as d (day)
    left join marts.cost_per_conversion_daily m
      on m.account_key = g.account_key and m.campaign_id = g.campaign_id and m.currency = g.currency
      and m.date = g.month + (d.day - 1) and m.date < g.month + interval '1 month'
    window running as (partition by g.account_key, g.month, g.campaign_id, g.currency order by d.day)
  ) s
  group by account_key, month, campaign_id, currency;
  perform ops.refresh_part_days(keys, months);
  return cardinality(keys);
end
$$;

-- What was added up before this table was there is added up once more.
insert into ops.stale_campaign_month (account_key, month)
select distinct account_key, date_trunc('month', date)::date from marts.cost_per_conversion_by_account_daily
on conflict do nothing;

-- Rows are written in the order of the clock: a few pages of index find the changes of the last night.
create index cost_per_conversion_history_observed on marts.cost_per_conversion_history
  using brin (observed_at) with (pages_per_range = 32);
