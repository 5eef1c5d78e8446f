-- Marts store figures; what follows the calendar (finality, projection) or the dictionary (names) is joined by the view
-- that analysts read, under the names and columns that the tables had. So a night on which nothing changed writes nothing.

create schema figures;
comment on schema figures is 'What the rollup writes: the figures under the views of marts. Not for analysts; read marts.';

create table ops.rollup_day (
  account_key integer primary key,
  today date not null
);
comment on table ops.rollup_day is 'Which day it was in each account''s time zone when it was last rolled up: days become final and grow older by it. One row an account.';

-- Multiplied before it is divided: no divisor of 0, and no ratio that its column cannot hold.
create function figures.ratio(dividend numeric, divisor numeric) returns numeric
language sql immutable parallel safe as $$
  select case when abs($1) < 999999999999 * abs($2) then round($1 / $2, 6) end
$$;
comment on function figures.ratio is 'One division of a row''s own sums, to six decimals; NULL where the divisor is 0 or the ratio has more than twelve digits.';

create or replace function pg_temp.copy_comments(source regclass, target regclass) returns void
language plpgsql as $$
declare
  part record;
begin
  execute format('comment on %s %s is %L', case when (select relkind from pg_class where oid = target) = 'v' then 'view' else 'table' end,
                 target, obj_description(source, 'pg_class'));
  for part in
    select t.attname, col_description(source, s.attnum) as meaning
    from pg_attribute t join pg_attribute s on s.attrelid = source and s.attname = t.attname
    where t.attrelid = target and t.attnum > 0 and col_description(source, s.attnum) is not null
  loop
    execute format('comment on column %s.%I is %L', target, part.attname, part.meaning);
  end loop;
end
$$;

-- The order of the columns leaves no gaps between them.
create table figures.cost_per_conversion_by_ad_daily (
  account_key integer not null,
  date date not null,
  impressions bigint not null,
  clicks bigint not null,
  refreshed_at timestamptz not null,
  campaign_id text not null,
  ad_group_id text not null,
  ad_id text not null,
  currency text not null,
  spend numeric(18, 6) not null,
  conversions numeric(18, 6) not null,
  conversion_value numeric(18, 6) not null,
  organic_conversions numeric(18, 6) not null,
  reporting_currency text,
  spend_reporting numeric(18, 6),
  conversion_value_reporting numeric(18, 6),
  primary key (account_key, date, campaign_id, ad_group_id, ad_id)
) partition by range (date);
comment on table figures.cost_per_conversion_by_ad_daily is 'Under marts.cost_per_conversion_by_ad_daily.';

create table figures.cost_per_conversion_by_ad_group_daily (
  account_key integer not null,
  date date not null,
  impressions bigint not null,
  clicks bigint not null,
  refreshed_at timestamptz not null,
  campaign_id text not null,
  ad_group_id text not null,
  currency text not null,
  spend numeric(18, 6) not null,
  conversions numeric(18, 6) not null,
  conversion_value numeric(18, 6) not null,
  organic_conversions numeric(18, 6) not null,
  reporting_currency text,
  spend_reporting numeric(18, 6),
  conversion_value_reporting numeric(18, 6),
  primary key (account_key, date, campaign_id, ad_group_id)
) partition by range (date);
comment on table figures.cost_per_conversion_by_ad_group_daily is 'Under marts.cost_per_conversion_by_ad_group_daily.';

create table figures.cost_per_conversion_daily (
  account_key integer not null,
  date date not null,
  impressions bigint not null,
  clicks bigint not null,
  refreshed_at timestamptz not null,
  campaign_id text not null,
  currency text not null,
  spend numeric(18, 6) not null,
  conversions numeric(18, 6) not null,
  conversion_value numeric(18, 6) not null,
  organic_conversions numeric(18, 6) not null,
  reporting_currency text,
  spend_reporting numeric(18, 6),
  conversion_value_reporting numeric(18, 6),
  primary key (account_key, date, campaign_id)
) partition by range (date);
comment on table figures.cost_per_conversion_daily is 'Under marts.cost_per_conversion_daily.';

create table figures.cost_per_conversion_by_network_daily (
  account_key integer not null,
  date date not null,
  impressions bigint not null,
  clicks bigint not null,
  refreshed_at timestamptz not null,
  campaign_id text not null,
  network text not null,
  currency text not null,
  spend numeric(18, 6) not null,
  conversions numeric(18, 6) not null,
  conversion_value numeric(18, 6) not null,
  organic_conversions numeric(18, 6) not null,
  reporting_currency text,
  spend_reporting numeric(18, 6),
  conversion_value_reporting numeric(18, 6),
  primary key (account_key, date, campaign_id, network)
) partition by range (date);
comment on table figures.cost_per_conversion_by_network_daily is 'Under marts.cost_per_conversion_by_network_daily.';

-- Costs are stored here: they take the whole spend of the campaign-day, which the row does not have.
create table figures.cost_per_conversion_by_action_daily (
  account_key integer not null,
  date date not null,
  refreshed_at timestamptz not null,
  campaign_id text not null,
  conversion_action_id text not null,
  currency text not null,
  conversions numeric(18, 6) not null,
  conversion_value numeric(18, 6) not null,
  cost_per_conversion numeric(18, 6),
  reporting_currency text,
  conversion_value_reporting numeric(18, 6),
  cost_per_conversion_reporting numeric(18, 6),
  primary key (account_key, date, campaign_id, conversion_action_id)
) partition by range (date);
comment on table figures.cost_per_conversion_by_action_daily is 'Under marts.cost_per_conversion_by_action_daily.';

create table figures.cost_per_conversion_by_account_daily (
  account_key integer not null,
  date date not null,
  impressions bigint not null,
  clicks bigint not null,
  refreshed_at timestamptz not null,
  campaigns integer not null,
  currency text not null,
  spend numeric(18, 6) not null,
  conversions numeric(18, 6) not null,
  conversion_value numeric(18, 6) not null,
  organic_conversions numeric(18, 6) not null,
  reporting_currency text,
  spend_reporting numeric(18, 6),
  conversion_value_reporting numeric(18, 6),
  primary key (account_key, date)
);
create index cost_per_conversion_by_account_daily_date on figures.cost_per_conversion_by_account_daily (date);
comment on table figures.cost_per_conversion_by_account_daily is 'Under marts.cost_per_conversion_by_account_daily. Kept up to date by the daily figures themselves.';

-- What the marts hold already moves over, without the columns that are joined from now on.
do $$
declare
  mart text;
  month date;
  shared text;
begin
  foreach mart in array array['cost_per_conversion_daily', 'cost_per_conversion_by_network_daily',
                              'cost_per_conversion_by_action_daily', 'cost_per_conversion_by_account_daily'] loop
    execute format('alter table marts.%I rename to %I', mart, mart || '_before');
    if mart <> 'cost_per_conversion_by_account_daily' then
      for month in execute format('select distinct date_trunc(''month'', date)::date from marts.%I', mart || '_before') loop
        perform warehouse.ensure_partition(format('figures.%I', mart)::regclass, month);
      end loop;
    end if;
    select string_agg(quote_ident(attname), ', ') into shared from pg_attribute
    where attrelid = format('figures.%I', mart)::regclass and attnum > 0 and not attisdropped;
    execute format('insert into figures.%I (%s) select %s from marts.%I', mart, shared, shared, mart || '_before');
  end loop;
end
$$;

drop view marts.cost_per_conversion_weekly, marts.cost_per_conversion_monthly;
drop schema ad_reporting cascade;

-- Ratios have the one type of figures, wherever they are stored.
alter table marts.conversion_maturity alter column share type numeric(18, 6);

create view marts.cost_per_conversion_daily as
select m.account_key, m.date, a.platform, a.account_id, a.name as account_name, m.campaign_id,
       c.name as campaign_name, m.currency, m.spend, m.impressions, m.clicks, m.conversions, m.conversion_value,
       m.organic_conversions,
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
from figures.cost_per_conversion_daily m
left join warehouse.account a on a.account_key = m.account_key
left join ops.rollup_day t on t.account_key = m.account_key
left join warehouse.campaign c on c.account_key = m.account_key and c.campaign_id = m.campaign_id
left join marts.conversion_maturity s
  on s.platform = a.platform and s.account_id = a.account_id and s.age_days = t.today - m.date;
select pg_temp.copy_comments('marts.cost_per_conversion_daily_before', 'marts.cost_per_conversion_daily');

create view marts.cost_per_conversion_by_network_daily as
select m.account_key, m.date, a.platform, a.account_id, a.name as account_name, m.campaign_id,
       c.name as campaign_name, m.currency, m.network, m.spend, m.impressions, m.clicks, m.conversions,
       m.conversion_value, m.organic_conversions,
       figures.ratio(m.spend, m.conversions)::numeric(18, 6) as cost_per_conversion,
       figures.ratio(m.spend, m.clicks)::numeric(18, 6) as cost_per_click,
       figures.ratio(m.conversions, m.clicks)::numeric(18, 6) as conversion_rate,
       figures.ratio(m.conversion_value, m.spend)::numeric(18, 6) as return_on_ad_spend,
       m.reporting_currency, m.spend_reporting, m.conversion_value_reporting,
       figures.ratio(m.spend_reporting, m.conversions)::numeric(18, 6) as cost_per_conversion_reporting,
       coalesce(m.date < t.today - a.restatement_days, false) as is_final,
       m.refreshed_at
from figures.cost_per_conversion_by_network_daily m
left join warehouse.account a on a.account_key = m.account_key
left join ops.rollup_day t on t.account_key = m.account_key
left join warehouse.campaign c on c.account_key = m.account_key and c.campaign_id = m.campaign_id;
select pg_temp.copy_comments('marts.cost_per_conversion_by_network_daily_before', 'marts.cost_per_conversion_by_network_daily');

create view marts.cost_per_conversion_by_action_daily as
select m.account_key, m.date, a.platform, a.account_id, a.name as account_name, m.campaign_id,
       c.name as campaign_name, m.currency, m.conversion_action_id, n.name as conversion_action_name,
       m.conversions, m.conversion_value, m.cost_per_conversion, m.reporting_currency,
       m.conversion_value_reporting, m.cost_per_conversion_reporting,
       coalesce(m.date < t.today - a.restatement_days, false) as is_final,
       m.refreshed_at
from figures.cost_per_conversion_by_action_daily m
left join warehouse.account a on a.account_key = m.account_key
left join ops.rollup_day t on t.account_key = m.account_key
left join warehouse.campaign c on c.account_key = m.account_key and c.campaign_id = m.campaign_id
left join warehouse.conversion_action n
  on n.account_key = m.account_key and n.conversion_action_id = m.conversion_action_id;
select pg_temp.copy_comments('marts.cost_per_conversion_by_action_daily_before', 'marts.cost_per_conversion_by_action_daily');

create view marts.cost_per_conversion_by_account_daily as
select m.account_key, m.date, a.platform, a.account_id, a.name as account_name, m.currency, m.campaigns, m.spend,
       m.impressions, m.clicks, m.conversions, m.conversion_value, m.organic_conversions, m.reporting_currency,
       m.spend_reporting, m.conversion_value_reporting,
       case when m.date < t.today - a.restatement_days then m.conversions
         else figures.ratio(m.conversions, s.share) end::numeric(18, 6) as projected_conversions,
       coalesce(m.date < t.today - a.restatement_days, false) as is_final,
       m.refreshed_at
from figures.cost_per_conversion_by_account_daily m
left join warehouse.account a on a.account_key = m.account_key
left join ops.rollup_day t on t.account_key = m.account_key
left join marts.conversion_maturity s
  on s.platform = a.platform and s.account_id = a.account_id and s.age_days = t.today - m.date;
select pg_temp.copy_comments('marts.cost_per_conversion_by_account_daily_before', 'marts.cost_per_conversion_by_account_daily');
comment on column marts.cost_per_conversion_by_account_daily.account_name is 'Name of the account today.';

create view marts.cost_per_conversion_by_ad_group_daily as
select m.account_key, m.date, a.platform, a.account_id, a.name as account_name, m.campaign_id,
       c.name as campaign_name, m.ad_group_id, g.name as ad_group_name, m.currency, m.spend, m.impressions, m.clicks,
       m.conversions, m.conversion_value, m.organic_conversions,
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
from figures.cost_per_conversion_by_ad_group_daily m
left join warehouse.account a on a.account_key = m.account_key
left join ops.rollup_day t on t.account_key = m.account_key
left join warehouse.campaign c on c.account_key = m.account_key and c.campaign_id = m.campaign_id
left join warehouse.ad_group g on g.account_key = m.account_key and g.ad_group_id = m.ad_group_id
left join marts.conversion_maturity s
  on s.platform = a.platform and s.account_id = a.account_id and s.age_days = t.today - m.date;
select pg_temp.copy_comments('marts.cost_per_conversion_daily', 'marts.cost_per_conversion_by_ad_group_daily');
comment on view marts.cost_per_conversion_by_ad_group_daily is 'Cost per conversion by ad group: one row per account, date, campaign and ad group; adds up to cost_per_conversion_daily.';
comment on column marts.cost_per_conversion_by_ad_group_daily.ad_group_id is 'Ad group (Meta: ad set); '''' for figures of the campaign that belong to none of its ad groups.';
comment on column marts.cost_per_conversion_by_ad_group_daily.ad_group_name is 'Name of the ad group today; NULL where the platform names none.';

create view marts.cost_per_conversion_by_ad_daily as
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
select pg_temp.copy_comments('marts.cost_per_conversion_by_ad_group_daily', 'marts.cost_per_conversion_by_ad_daily');
comment on view marts.cost_per_conversion_by_ad_daily is 'Cost per conversion by ad: one row per account, date, campaign, ad group and ad; adds up to cost_per_conversion_by_ad_group_daily.';
comment on column marts.cost_per_conversion_by_ad_daily.ad_id is 'Ad (LinkedIn: creative); '''' for figures that belong to none.';
comment on column marts.cost_per_conversion_by_ad_daily.ad_name is 'Name of the ad today; may be empty, NULL where the platform names none.';

drop table marts.cost_per_conversion_daily_before, marts.cost_per_conversion_by_network_daily_before,
           marts.cost_per_conversion_by_action_daily_before, marts.cost_per_conversion_by_account_daily_before;

-- Weeks and months: the same columns over longer periods.
do $$
declare
  period record;
begin
  for period in
    select * from (values ('week', 'cost_per_conversion_weekly', 'Monday of the ISO week, in the account''s days.'),
                          ('month', 'cost_per_conversion_monthly', 'First day of the month, in the account''s days.')
                  ) p (grain, name, meaning)
  loop
    execute format($view$
      create view marts.%2$I as
      select account_key, date_trunc(%1$L, date::timestamp)::date as %1$I, platform, account_id,
             max(account_name) as account_name, campaign_id, max(campaign_name) as campaign_name, currency,
             sum(spend)::numeric(18, 6) as spend, sum(impressions)::bigint as impressions,
             sum(clicks)::bigint as clicks, sum(conversions)::numeric(18, 6) as conversions,
             sum(conversion_value)::numeric(18, 6) as conversion_value,
             sum(organic_conversions)::numeric(18, 6) as organic_conversions,
             figures.ratio(sum(spend), sum(conversions))::numeric(18, 6) as cost_per_conversion,
             figures.ratio(sum(spend), sum(clicks))::numeric(18, 6) as cost_per_click,
             figures.ratio(sum(conversions), sum(clicks))::numeric(18, 6) as conversion_rate,
             figures.ratio(sum(conversion_value), sum(spend))::numeric(18, 6) as return_on_ad_spend,
             max(reporting_currency) as reporting_currency,
             case when count(*) = count(spend_reporting) then sum(spend_reporting) end::numeric(18, 6) as spend_reporting,
             case when count(*) = count(conversion_value_reporting)
               then sum(conversion_value_reporting) end::numeric(18, 6) as conversion_value_reporting,
             case when count(*) = count(spend_reporting)
               then figures.ratio(sum(spend_reporting), sum(conversions)) end::numeric(18, 6) as cost_per_conversion_reporting,
             bool_and(is_final) as is_final, max(refreshed_at) as refreshed_at
      from marts.cost_per_conversion_daily
      group by account_key, date_trunc(%1$L, date::timestamp), platform, account_id, campaign_id, currency
      $view$, period.grain, period.name);
    perform pg_temp.copy_comments('marts.cost_per_conversion_daily', format('marts.%I', period.name)::regclass);
    execute format('comment on view marts.%I is %L', period.name, format(
      'Cost per conversion by %s: one row per account, %1$s and campaign; every ratio is a ratio of the %1$s''s sums.', period.grain));
    execute format('comment on column marts.%I.%I is %L', period.name, period.grain, period.meaning);
    execute format('comment on column marts.%I.spend_reporting is %L', period.name, 'Sum of the days'' spend_reporting; NULL where one of them is.');
    execute format('comment on column marts.%I.conversion_value_reporting is %L', period.name, 'Sum of the days'' conversion_value_reporting; NULL where one of them is.');
    execute format('comment on column marts.%I.is_final is %L', period.name, format('Whether every day of the %s with figures is final.', period.grain));
    execute format('comment on column marts.%I.refreshed_at is %L', period.name, format('When a figure of the %s last changed.', period.grain));
  end loop;
end
$$;

alter view marts.organic_excluded_daily rename to organic_excluded_daily_before;
create view marts.organic_excluded_daily as
select date, platform, account_id, account_name, campaign_id, campaign_name, currency, source, conversion_action_id,
       sum(conversions)::numeric(18, 6) as conversions, sum(conversion_value)::numeric(18, 6) as conversion_value
from (
  select c.date, a.platform, a.account_id, a.name as account_name, c.campaign_id, p.name as campaign_name, a.currency,
         a.platform || ' ' || coalesce(nullif(n.name, ''), c.conversion_action_id) as source,
         c.conversion_action_id, c.conversions, c.conversion_value
  from warehouse.counted_conversion_daily c
  join warehouse.account a on a.account_key = c.account_key
  left join warehouse.campaign p on p.account_key = c.account_key and p.campaign_id = c.campaign_id
  left join warehouse.conversion_action n
    on n.account_key = c.account_key and n.conversion_action_id = c.conversion_action_id
  where c.traffic = 'organic'
) organic
group by date, platform, account_id, account_name, campaign_id, campaign_name, currency, source, conversion_action_id;
select pg_temp.copy_comments('marts.organic_excluded_daily_before', 'marts.organic_excluded_daily');
drop view marts.organic_excluded_daily_before;

alter table marts.cost_per_conversion_history
  alter column cost_per_conversion type numeric(18, 6) using figures.ratio(spend, conversions);

-- The names that the marts were given last need no longer be remembered.
delete from ops.rollup_setting where name like 'names of %';
insert into ops.rollup_day (account_key, today)
select account_key, (now() at time zone time_zone)::date from warehouse.account;
