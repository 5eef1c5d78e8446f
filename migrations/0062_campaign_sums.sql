-- Campaigns over any range from four rows each, however long the range: sums that run on from the campaign's first month
-- on, by month, and from each month's first day, by day. What a range has is the difference of two such points. Late
-- figures rewrite the days of their month only, and one row a month after it.

drop table marts.campaign_month;

create table ops.campaign_key (
  campaign_key integer generated always as identity primary key,
  account_key integer not null,
  campaign_id text not null,
  unique (account_key, campaign_id)
);
comment on table ops.campaign_key is 'A short name for each campaign of the daily mart, for the running sums. The mart gives it by itself.';
insert into ops.campaign_key (account_key, campaign_id)
select distinct account_key, campaign_id from marts.cost_per_conversion_daily;

create table ops.campaign_day_sum (
  spend bigint not null,
  impressions bigint not null,
  clicks bigint not null,
  conversions bigint not null,
  conversion_value bigint not null,
  organic_conversions bigint not null,
  spend_reporting bigint not null,
  conversion_value_reporting bigint not null,
  days integer not null,
  days_without_rate integer not null,
  days_open integer not null,
  account_key integer not null,
  date date not null,
  campaign_key integer not null,
  currency text not null
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
create index campaign_day_sum_account_date on ops.campaign_day_sum (account_key, date);
comment on table ops.campaign_day_sum is 'For the dashboard: the daily mart''s campaigns from the first day of the month up to each day, on every day from the first one with a row to the month''s end. Amounts and conversions in millionths; reporting amounts of days with a known rate. May lag behind for months that ops.stale_campaign_month marks.';

create table ops.campaign_month_sum (
  like ops.campaign_day_sum including defaults
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
alter table ops.campaign_month_sum rename column date to month;
create index campaign_month_sum_account_month on ops.campaign_month_sum (account_key, month);
comment on table ops.campaign_month_sum is 'For the dashboard: the same up to the end of each month, from the campaign''s first month to the last one of its account. Always the sum of the months'' last days in ops.campaign_day_sum.';

-- sum(bigint) carries numeric along, which costs more than all the rest of a breakdown; this one fails where bigint ends.
create aggregate ops.add_up(bigint) (
  sfunc = int8pl, stype = bigint, initcond = '0', combinefunc = int8pl, parallel = safe
);

create function ops.refresh_campaign_days(key integer, month_start date) returns void
language plpgsql as $$
declare
  month_end date := month_start + interval '1 month - 1 day';
begin
  delete from ops.campaign_day_sum s where s.account_key = key and s.date between month_start and month_end;
  insert into ops.campaign_day_sum
    (spend, impressions, clicks, conversions, conversion_value, organic_conversions, spend_reporting,
     conversion_value_reporting, days, days_without_rate, days_open, account_key, date, campaign_key, currency)
  with mart as materialized (
    select k.campaign_key, m.currency, m.date, m.impressions, m.clicks, m.is_final,
           (m.spend * 1000000)::bigint as spend, (m.conversions * 1000000)::bigint as conversions,
           (m.conversion_value * 1000000)::bigint as conversion_value,
           (m.organic_conversions * 1000000)::bigint as organic_conversions,
           (m.spend_reporting * 1000000)::bigint as spend_reporting,
           (m.conversion_value_reporting * 1000000)::bigint as conversion_value_reporting
    from marts.cost_per_conversion_daily m
    join ops.campaign_key k on k.account_key = key and k.campaign_id = m.campaign_id
    where m.account_key = key and m.date between month_start and month_end
  )
  select ops.add_up(m.spend) over running, ops.add_up(m.impressions) over running, ops.add_up(m.clicks) over running,
         ops.add_up(m.conversions) over running, ops.add_up(m.conversion_value) over running,
         ops.add_up(m.organic_conversions) over running, ops.add_up(m.spend_reporting) over running,
         ops.add_up(m.conversion_value_reporting) over running, count(m.date) over running,
         count(m.date) filter (where m.spend_reporting is null or m.conversion_value_reporting is null) over running,
         count(m.date) filter (where not m.is_final) over running, key, d.date, s.campaign_key, s.currency
  from (select campaign_key, currency, min(date) as first from mart group by 1, 2) s
  join (select g::date as date from generate_series(month_start, month_end, interval '1 day') g) d on d.date >= s.first
  left join mart m on m.campaign_key = s.campaign_key and m.currency = s.currency and m.date = d.date
  window running as (partition by s.campaign_key, s.currency order by d.date)
  order by d.date, s.campaign_key;
end
$$;
comment on function ops.refresh_campaign_days is 'Brings ops.campaign_day_sum up to date for one account and month.';

create function ops.refresh_campaign_sums(key integer, since date) returns void
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
     conversion_value_reporting, days, days_without_rate, days_open, account_key, month, campaign_key, currency)
  select spend, impressions, clicks, conversions, conversion_value, organic_conversions, spend_reporting,
         conversion_value_reporting, days, days_without_rate, days_open, key, month, campaign_key, currency
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
           sum(p.days_open) over running as days_open, d.month, s.campaign_key, s.currency
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
comment on function ops.refresh_campaign_sums is 'Brings ops.campaign_month_sum up to date for one account from a month on.';

-- Networks and conversion actions of whole months, so that three years are not a thousand rows for each of them.
create table ops.part_month (like ops.part_day including constraints);
alter table ops.part_month rename column date to month;
alter table ops.part_month add primary key (part_kind, account_key, month, part_id, currency);
create index part_month_by_month on ops.part_month (part_kind, month);
comment on table ops.part_month is 'For the dashboard: ops.part_day added up by month.';

create function ops.refresh_part_months(key integer, months date[]) returns void
language plpgsql as $$
begin
  delete from ops.part_month p where p.account_key = key and p.month = any (months);
  insert into ops.part_month
  select p.part_kind, key, m.month, p.part_id, p.currency, max(p.part_name), max(p.platform), sum(p.spend),
         sum(p.impressions), sum(p.clicks), sum(p.conversions), sum(p.conversion_value), sum(p.organic_conversions),
         case when count(*) = count(p.spend_reporting) then sum(p.spend_reporting) end,
         case when count(*) = count(p.conversion_value_reporting) then sum(p.conversion_value_reporting) end,
         bool_and(p.is_final)
  from unnest(months) as m (month)
  join ops.part_day p on p.account_key = key and p.date >= m.month and p.date < m.month + interval '1 month'
  group by p.part_kind, m.month, p.part_id, p.currency;
end
$$;
comment on function ops.refresh_part_months is 'Adds the days of ops.part_day of one account up again, for some months.';

create or replace function marts.refresh_campaign_months(at_most integer) returns integer
language plpgsql as $$
declare
  one record;
  months date[];
  first date;
begin
  for one in
    select account_key as key from ops.stale_campaign_month group by account_key order by max(month) desc, account_key
  loop
    -- The sums of an account run through all of its months: one session at a time writes them.
    continue when not pg_try_advisory_xact_lock(hashtext('costper.campaign_sums'), one.key);
    with due as (
      select month from ops.stale_campaign_month
      where account_key = one.key order by month desc limit at_most for update skip locked
    ), cleared as (
      delete from ops.stale_campaign_month s using due d
      where s.account_key = one.key and s.month = d.month
      returning s.month
    )
    select array_agg(month order by month) into months from cleared;
    continue when months is null;
    foreach first in array months loop
      perform ops.refresh_campaign_days(one.key, first);
    end loop;
    perform ops.refresh_campaign_sums(one.key, months[1]);
    perform ops.refresh_part_days(array_fill(one.key, array[cardinality(months)]), months);
    perform ops.refresh_part_months(one.key, months);
    return cardinality(months);
  end loop;
  return 0;
end
$$;
comment on function marts.refresh_campaign_months is 'Brings what the dashboard reads of campaigns, networks and actions up to date: so many stale months of one account, the youngest first. Returns how many it did; 0 where none is left that nobody else is at.';

create or replace function marts.follow_daily_mart() returns trigger
language plpgsql as $$
declare
  keys integer[];
  days date[];
begin
  if tg_op = 'TRUNCATE' then
    truncate marts.cost_per_conversion_by_account_daily, ops.campaign_day_sum, ops.campaign_month_sum,
             ops.stale_campaign_month;
    return null;
  end if;
  select array_agg(account_key), array_agg(date) into keys, days
  from (select distinct account_key, date from changed) t;
  if keys is not null then
    perform marts.add_up_account_days(keys, days);
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

insert into ops.stale_campaign_month (account_key, month)
select distinct account_key, date_trunc('month', date)::date from marts.cost_per_conversion_by_account_daily
on conflict do nothing;
