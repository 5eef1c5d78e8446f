-- What the dashboard reads where the daily figures are too many to add up on every visit. The account's days follow the
-- daily figures by a trigger, in the transaction that writes them; the months of campaigns, networks and actions are
-- marked stale by it, and brought up to date by the dashboard.

create table ops.stale_campaign_month (
  account_key integer not null,
  month date not null,
  marked_at timestamptz not null default now(),
  primary key (account_key, month)
);

-- sum(bigint) carries numeric along, which costs more than all the rest of a breakdown; this one fails where bigint ends.
create aggregate ops.add_up(bigint) (
  sfunc = int8pl, stype = bigint, initcond = '0', combinefunc = int8pl, parallel = safe
);

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

-- Campaigns over any range from four rows each, however long the range: sums that run on from the campaign's first month
-- on, by month, and from each month's first day, by day. What a range has is the difference of two such points. Late
-- figures rewrite the days of their month only, and one row a month after it.
create table ops.campaign_key (
  campaign_key integer generated always as identity primary key,
  account_key integer not null,
  campaign_id text not null,
  unique (account_key, campaign_id)
);
comment on table ops.campaign_key is 'A short name for each campaign of the daily mart, for the running sums. The mart gives it by itself.';

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
  account_key integer not null,
  date date not null,
  campaign_key integer not null,
  currency text not null
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
create index campaign_day_sum_account_date on ops.campaign_day_sum (account_key, date);
comment on table ops.campaign_day_sum is 'For the dashboard: the daily mart''s campaigns from the first day of the month up to each day, on every day from the first one with a row to the month''s end. Amounts and conversions in millionths; reporting amounts of days with a known rate. May lag behind for months that ops.stale_campaign_month marks.';

create table ops.campaign_month_sum (
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
  account_key integer not null,
  month date not null,
  campaign_key integer not null,
  currency text not null
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
create index campaign_month_sum_account_month on ops.campaign_month_sum (account_key, month);
comment on table ops.campaign_month_sum is 'For the dashboard: the same up to the end of each month, from the campaign''s first month to the last one of its account. Always the sum of the months'' last days in ops.campaign_day_sum.';

create function ops.refresh_campaign_days(key integer, month_start date) returns void
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
comment on function ops.refresh_campaign_sums is 'Brings ops.campaign_month_sum up to date for one account from a month on.';

-- Networks and actions over any range without reading every campaign: one row per account, day and part, and of whole
-- months, so that three years are not a thousand rows for each of them.
create table ops.part_day (
  part_kind text not null check (part_kind in ('network', 'action')),
  account_key integer not null,
  date date not null,
  part_id text not null,
  currency text not null,
  platform text not null,
  spend numeric,
  impressions bigint,
  clicks bigint,
  conversions numeric not null,
  conversion_value numeric not null,
  organic_conversions numeric,
  spend_reporting numeric,
  conversion_value_reporting numeric,
  primary key (part_kind, account_key, date, part_id, currency)
);
create index part_day_by_date on ops.part_day (part_kind, date);
comment on table ops.part_day is 'For the dashboard: the network and action marts added up over campaigns. May lag behind for months that ops.stale_campaign_month marks. Actions have no spend of their own.';

create table ops.part_month (
  part_kind text not null constraint part_day_part_kind_check check (part_kind in ('network', 'action')),
  account_key integer not null,
  month date not null,
  part_id text not null,
  currency text not null,
  platform text not null,
  spend numeric,
  impressions bigint,
  clicks bigint,
  conversions numeric not null,
  conversion_value numeric not null,
  organic_conversions numeric,
  spend_reporting numeric,
  conversion_value_reporting numeric,
  last_date date not null,
  primary key (part_kind, account_key, month, part_id, currency)
);
create index part_month_by_month on ops.part_month (part_kind, month);
comment on table ops.part_month is 'For the dashboard: ops.part_day added up by month.';

-- One account and month at a time: then the partitions of other months are not looked at.
create function ops.refresh_part_days(keys integer[], months date[]) returns void
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
comment on function ops.refresh_part_days is 'Adds the networks and actions of pairs of account and month up again.';

create function ops.refresh_part_months(key integer, months date[]) returns void
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
comment on function ops.refresh_part_months is 'Adds the days of ops.part_day of one account up again, for some months.';

create function marts.refresh_campaign_months(at_most integer) returns integer
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
    continue when not ops.try_hold('costper.campaign_sums', one.key);
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
