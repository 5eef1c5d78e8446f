-- What the dashboard reads where the daily mart is too big to add up on every visit: one row per account and day.
-- The daily mart keeps it up to date by itself, in the transaction that writes it, so that the two never disagree.

create table marts.cost_per_conversion_by_account_daily (
  account_key integer not null,
  date date not null,
  platform text not null,
  account_id text not null,
  account_name text,
  currency text not null,
  campaigns integer not null,
  spend numeric(18, 6) not null,
  impressions bigint not null,
  clicks bigint not null,
  conversions numeric(18, 6) not null,
  conversion_value numeric(18, 6) not null,
  organic_conversions numeric(18, 6) not null,
  reporting_currency text,
  spend_reporting numeric(18, 6),
  conversion_value_reporting numeric(18, 6),
  projected_conversions numeric(18, 6),
  is_final boolean not null,
  refreshed_at timestamptz not null,
  primary key (account_key, date)
);
create index cost_per_conversion_by_account_daily_date on marts.cost_per_conversion_by_account_daily (date);
comment on table marts.cost_per_conversion_by_account_daily is 'The daily mart added up: one row per account and date with any campaign. Kept up to date by the daily mart itself.';
comment on column marts.cost_per_conversion_by_account_daily.account_key is 'The account; see warehouse.account.';
comment on column marts.cost_per_conversion_by_account_daily.date is 'Reporting day of the account.';
comment on column marts.cost_per_conversion_by_account_daily.platform is 'Name of the ad platform, such as google; see warehouse.platform.';
comment on column marts.cost_per_conversion_by_account_daily.account_id is 'The platform''s id of the account, bare.';
comment on column marts.cost_per_conversion_by_account_daily.account_name is 'Name of the account when the day was last added up.';
comment on column marts.cost_per_conversion_by_account_daily.currency is 'ISO 4217 code of every amount of the row that does not end in _reporting.';
comment on column marts.cost_per_conversion_by_account_daily.campaigns is 'Campaigns with a row on that day.';
comment on column marts.cost_per_conversion_by_account_daily.spend is 'Paid spend in the account''s currency.';
comment on column marts.cost_per_conversion_by_account_daily.impressions is 'Paid impressions.';
comment on column marts.cost_per_conversion_by_account_daily.clicks is 'Paid clicks, as the platform counts them.';
comment on column marts.cost_per_conversion_by_account_daily.conversions is 'Paid conversions of counted actions; may be fractional.';
comment on column marts.cost_per_conversion_by_account_daily.conversion_value is 'Value of those conversions in the account''s currency.';
comment on column marts.cost_per_conversion_by_account_daily.organic_conversions is 'Conversions of counted actions that were left out because their traffic was organic.';
comment on column marts.cost_per_conversion_by_account_daily.reporting_currency is 'ISO 4217 code of the amounts that end in _reporting; NULL where none is configured.';
comment on column marts.cost_per_conversion_by_account_daily.spend_reporting is 'spend at the day''s exchange rate; NULL where it is unknown for any campaign.';
comment on column marts.cost_per_conversion_by_account_daily.conversion_value_reporting is 'conversion_value at the day''s exchange rate; NULL where it is unknown for any campaign.';
comment on column marts.cost_per_conversion_by_account_daily.projected_conversions is 'What conversions are expected to be once the day is final; the conversions themselves where it is, NULL where nothing is known yet.';
comment on column marts.cost_per_conversion_by_account_daily.is_final is 'Whether the day lies outside the platform''s restatement window.';
comment on column marts.cost_per_conversion_by_account_daily.refreshed_at is 'When a figure of any campaign of the day last changed.';

-- Adds the account's days up again. The rollup need not call it; it is there for a table that was loaded around its triggers.
create function marts.add_up_account_days(keys integer[], days date[]) returns void
language sql as $$
  with touched as (
    select distinct account_key, date from unnest(keys, days) as t (account_key, date)
  ), summed as (
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
    from touched t
    join marts.cost_per_conversion_daily m on m.account_key = t.account_key and m.date = t.date
    group by m.account_key, m.date
  ), gone as (
    delete from marts.cost_per_conversion_by_account_daily s
    using touched t
    where s.account_key = t.account_key and s.date = t.date
      and not exists (select from summed n where n.account_key = t.account_key and n.date = t.date)
  )
  insert into marts.cost_per_conversion_by_account_daily as s
  select * from summed
  on conflict (account_key, date) do update
  set platform = excluded.platform, account_id = excluded.account_id, account_name = excluded.account_name,
      currency = excluded.currency, campaigns = excluded.campaigns, spend = excluded.spend,
      impressions = excluded.impressions, clicks = excluded.clicks, conversions = excluded.conversions,
      conversion_value = excluded.conversion_value, organic_conversions = excluded.organic_conversions,
      reporting_currency = excluded.reporting_currency, spend_reporting = excluded.spend_reporting,
      conversion_value_reporting = excluded.conversion_value_reporting,
      projected_conversions = excluded.projected_conversions, is_final = excluded.is_final,
      refreshed_at = excluded.refreshed_at
  where row(s.*) is distinct from row(excluded.*)
$$;
comment on function marts.add_up_account_days is 'Brings marts.cost_per_conversion_by_account_daily up to date for pairs of account and day.';

create function marts.follow_daily_mart() returns trigger
language plpgsql as $$
declare
  keys integer[];
  days date[];
begin
  if tg_op = 'TRUNCATE' then
    truncate marts.cost_per_conversion_by_account_daily, marts.campaign_month, ops.stale_campaign_month;
    return null;
  end if;
  select array_agg(account_key), array_agg(date) into keys, days
  from (select distinct account_key, date from changed) t;
  if keys is not null then
    perform marts.add_up_account_days(keys, days);
    -- To mark what is marked already waits for whoever is clearing it, so that no change slips between the two.
    insert into ops.stale_campaign_month as s (account_key, month)
    select distinct account_key, date_trunc('month', date)::date from unnest(keys, days) as t (account_key, date)
    order by 1, 2
    on conflict (account_key, month) do update set marked_at = now();
  end if;
  return null;
end
$$;

-- Campaigns over any range: within a month the sums run on from day to day, so that a range takes a difference of two
-- elements a month instead of a row a day. Too dear to keep at every write: the daily mart marks what is stale, and the
-- dashboard brings it up to date and reads the daily mart itself for as long as a mark stands.
create table marts.campaign_month (
  account_key integer not null,
  month date not null,
  campaign_id text not null,
  currency text not null,
  days_with_row smallint[] not null,
  days_without_rate smallint[] not null,
  spend bigint[] not null,
  impressions bigint[] not null,
  clicks bigint[] not null,
  conversions bigint[] not null,
  conversion_value bigint[] not null,
  organic_conversions bigint[] not null,
  spend_reporting bigint[] not null,
  conversion_value_reporting bigint[] not null,
  first_open_date date,
  primary key (account_key, month, campaign_id, currency)
) with (toast_tuple_target = 8160);
create index campaign_month_by_month on marts.campaign_month (month);
comment on table marts.campaign_month is 'For the dashboard: the daily mart by campaign and month, as sums that run on within the month. Element n is the sum of the days 1 to n. May lag behind; see ops.stale_campaign_month.';
comment on column marts.campaign_month.account_key is 'The account; see warehouse.account.';
comment on column marts.campaign_month.month is 'First day of the month, in the account''s days.';
comment on column marts.campaign_month.campaign_id is 'The platform''s campaign id; '''' where it names none.';
comment on column marts.campaign_month.currency is 'ISO 4217 code of the amounts that do not end in _reporting.';
comment on column marts.campaign_month.days_with_row is 'Days that have a row in the daily mart.';
comment on column marts.campaign_month.days_without_rate is 'Days whose amounts in reporting currency are unknown.';
comment on column marts.campaign_month.spend is 'Paid spend, in millionths of the account''s currency.';
comment on column marts.campaign_month.impressions is 'Paid impressions.';
comment on column marts.campaign_month.clicks is 'Paid clicks, as the platform counts them.';
comment on column marts.campaign_month.conversions is 'Paid conversions of counted actions, in millionths.';
comment on column marts.campaign_month.conversion_value is 'Value of those conversions, in millionths of the account''s currency.';
comment on column marts.campaign_month.organic_conversions is 'Conversions left out because their traffic was organic, in millionths.';
comment on column marts.campaign_month.spend_reporting is 'Spend in reporting currency where known, in millionths.';
comment on column marts.campaign_month.conversion_value_reporting is 'Value of conversions in reporting currency where known, in millionths.';
comment on column marts.campaign_month.first_open_date is 'First day of the month that is not final; NULL where all are.';

create table ops.stale_campaign_month (
  account_key integer not null,
  month date not null,
  marked_at timestamptz not null default now(),
  primary key (account_key, month)
);

-- Brings up to so many stale months up to date, the youngest first; those that somebody is writing to right now are
-- left for the next time. Returns how many it did.
create function marts.refresh_campaign_months(at_most integer) returns integer
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
  return cardinality(keys);
end
$$;
comment on function marts.refresh_campaign_months is 'Brings marts.campaign_month up to date, so many stale account-months at a time. Returns how many it did.';

create trigger follow_insert after insert on marts.cost_per_conversion_daily
  referencing new table as changed for each statement execute function marts.follow_daily_mart();
-- A key never changes in an update: the rollup deletes and inserts.
create trigger follow_update after update on marts.cost_per_conversion_daily
  referencing new table as changed for each statement execute function marts.follow_daily_mart();
create trigger follow_delete after delete on marts.cost_per_conversion_daily
  referencing old table as changed for each statement execute function marts.follow_daily_mart();
create trigger follow_truncate after truncate on marts.cost_per_conversion_daily
  for each statement execute function marts.follow_daily_mart();

select marts.add_up_account_days(array_agg(account_key), array_agg(date))
from (select distinct account_key, date from marts.cost_per_conversion_daily) t
having count(*) > 0;

insert into ops.stale_campaign_month (account_key, month)
select distinct account_key, date_trunc('month', date)::date from marts.cost_per_conversion_by_account_daily;

create index account_day_by_date on ops.account_day (date);
