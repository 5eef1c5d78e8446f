-- What the dashboard adds up beforehand follows the figures, and holds neither names nor finality either.

create view ops.first_open_day as
select a.account_key, t.today - a.restatement_days as date
from warehouse.account a join ops.rollup_day t using (account_key);
comment on view ops.first_open_day is 'The first day of each account that is not final: a day is final where it lies before.';

alter table ops.campaign_day_sum drop column days_open;
alter table ops.campaign_month_sum drop column days_open;
alter table ops.part_day drop column is_final, drop column part_name;
alter table ops.part_month drop column is_final, drop column part_name;
alter table ops.part_month add column last_date date;
update ops.part_month set last_date = (month + interval '1 month - 1 day')::date;
alter table ops.part_month alter column last_date set not null;

drop function marts.add_up_account_days(integer[], date[]);

create function figures.add_up_account_days(keys integer[], days date[]) returns void
language plpgsql as $$
declare
  one record;
begin
  for one in
    select t.key, array_agg(distinct t.day) as touched, min(t.day) as first, max(t.day) as last
    from unnest(keys, days) as t (key, day) group by t.key
  loop
    delete from figures.cost_per_conversion_by_account_daily s
    where s.account_key = one.key and s.date = any (one.touched)
      and not exists (select from figures.cost_per_conversion_daily m
                      where m.account_key = one.key and m.date = s.date and m.date between one.first and one.last);
    insert into figures.cost_per_conversion_by_account_daily as s
      (account_key, date, impressions, clicks, refreshed_at, campaigns, currency, spend, conversions, conversion_value,
       organic_conversions, reporting_currency, spend_reporting, conversion_value_reporting)
    select m.account_key, m.date, sum(m.impressions)::bigint, sum(m.clicks)::bigint, max(m.refreshed_at),
           count(*)::integer, max(m.currency), sum(m.spend), sum(m.conversions), sum(m.conversion_value),
           sum(m.organic_conversions), max(m.reporting_currency),
           case when count(*) = count(m.spend_reporting) then sum(m.spend_reporting) end,
           case when count(*) = count(m.conversion_value_reporting) then sum(m.conversion_value_reporting) end
    from figures.cost_per_conversion_daily m
    where m.account_key = one.key and m.date between one.first and one.last and m.date = any (one.touched)
    group by m.account_key, m.date
    on conflict (account_key, date) do update
    set impressions = excluded.impressions, clicks = excluded.clicks, refreshed_at = excluded.refreshed_at,
        campaigns = excluded.campaigns, currency = excluded.currency, spend = excluded.spend,
        conversions = excluded.conversions, conversion_value = excluded.conversion_value,
        organic_conversions = excluded.organic_conversions, reporting_currency = excluded.reporting_currency,
        spend_reporting = excluded.spend_reporting, conversion_value_reporting = excluded.conversion_value_reporting
    where row(s.*) is distinct from row(excluded.*);
  end loop;
end
$$;
comment on function figures.add_up_account_days is 'Brings figures.cost_per_conversion_by_account_daily up to date for pairs of account and day.';

create or replace function ops.refresh_campaign_days(key integer, month_start date) returns void
language plpgsql as $$
declare
  month_end date := month_start + interval '1 month - 1 day';
begin
  delete from ops.campaign_day_sum s where s.account_key = key and s.date between month_start and month_end;
  insert into ops.campaign_day_sum
    (spend, impressions, clicks, conversions, conversion_value, organic_conversions, spend_reporting,
     conversion_value_reporting, days, days_without_rate, account_key, date, campaign_key, currency)
  with mart as materialized (
    select k.campaign_key, m.currency, m.date, m.impressions, m.clicks,
           (m.spend * 1000000)::bigint as spend, (m.conversions * 1000000)::bigint as conversions,
           (m.conversion_value * 1000000)::bigint as conversion_value,
           (m.organic_conversions * 1000000)::bigint as organic_conversions,
           (m.spend_reporting * 1000000)::bigint as spend_reporting,
           (m.conversion_value_reporting * 1000000)::bigint as conversion_value_reporting
    from figures.cost_per_conversion_daily m
    join ops.campaign_key k on k.account_key = key and k.campaign_id = m.campaign_id
    where m.account_key = key and m.date between month_start and month_end
  )
  select ops.add_up(m.spend) over running, ops.add_up(m.impressions) over running, ops.add_up(m.clicks) over running,
         ops.add_up(m.conversions) over running, ops.add_up(m.conversion_value) over running,
         ops.add_up(m.organic_conversions) over running, ops.add_up(m.spend_reporting) over running,
         ops.add_up(m.conversion_value_reporting) over running, count(m.date) over running,
         count(m.date) filter (where m.spend_reporting is null or m.conversion_value_reporting is null) over running,
         key, d.date, s.campaign_key, s.currency
  from (select campaign_key, currency, min(date) as first from mart group by 1, 2) s
  join (select g::date as date from generate_series(month_start, month_end, interval '1 day') g) d on d.date >= s.first
  left join mart m on m.campaign_key = s.campaign_key and m.currency = s.currency and m.date = d.date
  window running as (partition by s.campaign_key, s.currency order by d.date)
  order by d.date, s.campaign_key;
end
$$;

create or replace function ops.refresh_campaign_sums(key integer, since date) returns void
language plpgsql as $$
declare
  before date;
  last date;
begin
  delete from ops.campaign_month_sum s where s.account_key = key and s.month >= since;
  -- Months without a row lie between where the account paused: the sums run on through them.
  select max(s.month) into before from ops.campaign_month_sum s where s.account_key = key;
  select date_trunc('month', max(s.date)) into last from ops.campaign_day_sum s where s.account_key = key;
  insert into ops.campaign_month_sum
    (spend, impressions, clicks, conversions, conversion_value, organic_conversions, spend_reporting,
     conversion_value_reporting, days, days_without_rate, account_key, month, campaign_key, currency)
  select spend, impressions, clicks, conversions, conversion_value, organic_conversions, spend_reporting,
         conversion_value_reporting, days, days_without_rate, key, month, campaign_key, currency
  from (
    with part as materialized (
      select s.* from ops.campaign_month_sum s where s.account_key = key and s.month = before
      union all
      select s.* from ops.campaign_day_sum s
      where s.account_key = key and s.date = any (
        select (g + interval '1 month - 1 day')::date
        from generate_series(coalesce(before + interval '1 month', since), last, interval '1 month') g)
    ), span as (
      select campaign_key, currency, min(date_trunc('month', p.month))::date as first from part p group by 1, 2
    )
    select ops.add_up(p.spend) over running as spend, ops.add_up(p.impressions) over running as impressions,
           ops.add_up(p.clicks) over running as clicks, ops.add_up(p.conversions) over running as conversions,
           ops.add_up(p.conversion_value) over running as conversion_value,
           ops.add_up(p.organic_conversions) over running as organic_conversions,
           ops.add_up(p.spend_reporting) over running as spend_reporting,
           ops.add_up(p.conversion_value_reporting) over running as conversion_value_reporting,
           sum(p.days) over running as days, sum(p.days_without_rate) over running as days_without_rate,
           d.month, s.campaign_key, s.currency
    from span s
    join (
      select g::date as month
      from generate_series(least(before, since), last, interval '1 month') g
    ) d on d.month >= s.first
    left join part p
      on p.campaign_key = s.campaign_key and p.currency = s.currency and date_trunc('month', p.month) = d.month
    window running as (partition by s.campaign_key, s.currency order by d.month)
  ) run
  where before is null or month > before
  order by month, campaign_key;
end
$$;

create or replace function ops.refresh_part_days(keys integer[], months date[]) returns void
language plpgsql as $$
declare
  one record;
begin
  for one in
    select t.key, t.first, (t.first + interval '1 month')::date as next, a.platform
    from unnest(keys, months) as t (key, first) join warehouse.account a on a.account_key = t.key
  loop
    delete from ops.part_day p where p.account_key = one.key and p.date >= one.first and p.date < one.next;
    insert into ops.part_day
      (part_kind, account_key, date, part_id, currency, platform, spend, impressions, clicks, conversions,
       conversion_value, organic_conversions, spend_reporting, conversion_value_reporting)
    select 'network', m.account_key, m.date, m.network, m.currency, one.platform, sum(m.spend), sum(m.impressions),
           sum(m.clicks), sum(m.conversions), sum(m.conversion_value), sum(m.organic_conversions),
           case when count(*) = count(m.spend_reporting) then sum(m.spend_reporting) end,
           case when count(*) = count(m.conversion_value_reporting) then sum(m.conversion_value_reporting) end
    from figures.cost_per_conversion_by_network_daily m
    where m.account_key = one.key and m.date >= one.first and m.date < one.next
    group by m.account_key, m.date, m.network, m.currency
    union all
    select 'action', m.account_key, m.date, m.conversion_action_id, m.currency, one.platform, null, null, null,
           sum(m.conversions), sum(m.conversion_value), null, null,
           case when count(*) = count(m.conversion_value_reporting) then sum(m.conversion_value_reporting) end
    from figures.cost_per_conversion_by_action_daily m
    where m.account_key = one.key and m.date >= one.first and m.date < one.next
    group by m.account_key, m.date, m.conversion_action_id, m.currency;
  end loop;
end
$$;

create or replace function ops.refresh_part_months(key integer, months date[]) returns void
language plpgsql as $$
begin
  delete from ops.part_month p where p.account_key = key and p.month = any (months);
  insert into ops.part_month
    (part_kind, account_key, month, part_id, currency, platform, spend, impressions, clicks, conversions,
     conversion_value, organic_conversions, spend_reporting, conversion_value_reporting, last_date)
  select p.part_kind, key, m.month, p.part_id, p.currency, max(p.platform), sum(p.spend), sum(p.impressions),
         sum(p.clicks), sum(p.conversions), sum(p.conversion_value), sum(p.organic_conversions),
         case when count(*) = count(p.spend_reporting) then sum(p.spend_reporting) end,
         case when count(*) = count(p.conversion_value_reporting) then sum(p.conversion_value_reporting) end,
         max(p.date)
  from unnest(months) as m (month)
  join ops.part_day p on p.account_key = key and p.date >= m.month and p.date < m.month + interval '1 month'
  group by p.part_kind, m.month, p.part_id, p.currency;
end
$$;

drop function marts.follow_daily_mart();

create function figures.follow_daily_mart() returns trigger
language plpgsql as $$
declare
  keys integer[];
  days date[];
begin
  if tg_op = 'TRUNCATE' then
    truncate figures.cost_per_conversion_by_account_daily, ops.campaign_day_sum, ops.campaign_month_sum,
             ops.stale_campaign_month;
    return null;
  end if;
  select array_agg(account_key), array_agg(date) into keys, days
  from (select distinct account_key, date from changed) t;
  if keys is not null then
    perform figures.add_up_account_days(keys, days);
    insert into ops.campaign_key (account_key, campaign_id)
    select distinct c.account_key, c.campaign_id from changed c
    where not exists (
      select from ops.campaign_key k where k.account_key = c.account_key and k.campaign_id = c.campaign_id)
    on conflict do nothing;
    -- To mark what is marked already waits for whoever is clearing it, so that no change slips between the two.
    insert into ops.stale_campaign_month as s (account_key, month)
    select distinct account_key, date_trunc('month', date)::date from unnest(keys, days) as t (account_key, date)
    order by 1, 2
    on conflict (account_key, month) do update set marked_at = now();
  end if;
  return null;
end
$$;

create trigger follow_insert after insert on figures.cost_per_conversion_daily
  referencing new table as changed for each statement execute function figures.follow_daily_mart();
-- A key never changes in an update: the rollup deletes and inserts.
create trigger follow_update after update on figures.cost_per_conversion_daily
  referencing new table as changed for each statement execute function figures.follow_daily_mart();
create trigger follow_delete after delete on figures.cost_per_conversion_daily
  referencing old table as changed for each statement execute function figures.follow_daily_mart();
create trigger follow_truncate after truncate on figures.cost_per_conversion_daily
  for each statement execute function figures.follow_daily_mart();
