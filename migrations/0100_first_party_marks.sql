-- What of the company's own figures is to be made again: marks, so that a night costs what changed and not what is kept.
-- docs/what-is-dirty.md says who marks what.

create table ops.touched_first_party (
  what text not null check (what in ('days', 'lead', 'conversion', 'click', 'entity', 'name', 'account', 'visits')),
  id text,
  from_date date,
  to_date date,
  check (case what when 'days' then from_date <= to_date else id is not null end)
);
comment on table ops.touched_first_party is 'What the first-party marts are to be made again for: stretches of days, leads, conversions and clicks by id, ids and names of campaigns, ad groups and ads, accounts; visits: all leads and conversions. Written in the transaction that changes them; taken away by the rollup that makes the marts again.';

-- Many write these tables, all of them on the coordinator: each table marks for itself, so that no writer can forget to.
-- The rollup of these marts changes leads and conversions too, which is no news to it.
create function ops.touch_leads() returns trigger language plpgsql as $$
begin
  insert into ops.touched_first_party (what, id) select 'lead', lead_id from changed;
  -- The zone is the configuration's: a moment lies on one of three days.
  insert into ops.touched_first_party (what, from_date, to_date)
  select distinct 'days', first, last
  from changed, lateral (values (date, date), (qualified_date, qualified_date), (customer_date, customer_date),
    ((lost_at at time zone 'UTC')::date - 1, (lost_at at time zone 'UTC')::date + 1)) as day (first, last)
  where first is not null;
  return null;
end
$$;

create function ops.touch_lead_history() returns trigger language plpgsql as $$
begin
  insert into ops.touched_first_party (what, id) select distinct 'lead', lead_id from changed;
  return null;
end
$$;

create function ops.touch_conversions() returns trigger language plpgsql as $$
begin
  insert into ops.touched_first_party (what, id) select 'conversion', conversion_id from changed;
  insert into ops.touched_first_party (what, from_date, to_date)
  select distinct 'days', date, date from changed where date is not null;
  return null;
end
$$;

create function ops.touch_clicks() returns trigger language plpgsql as $$
begin
  insert into ops.touched_first_party (what, id) select 'click', click_id from changed;
  return null;
end
$$;

create function ops.touch_dates() returns trigger language plpgsql as $$
begin
  insert into ops.touched_first_party (what, from_date, to_date) select distinct 'days', date, date from changed;
  return null;
end
$$;

-- A campaign that spend is imported for is known by it.
create function ops.touch_costs() returns trigger language plpgsql as $$
begin
  insert into ops.touched_first_party (what, from_date, to_date)
  select distinct 'days', period_start, period_end from changed;
  insert into ops.touched_first_party (what, id)
  select distinct 'entity', campaign_id from changed where campaign_id <> '';
  return null;
end
$$;

-- A rate holds for its day and the ten after it: see warehouse.rate_on.
create function ops.touch_rates() returns trigger language plpgsql as $$
begin
  insert into ops.touched_first_party (what, from_date, to_date)
  select 'days', min(date), max(date) + 10
  from (select date, date - row_number() over (order by date)::integer as stretch
        from (select distinct rate_date as date from changed) rated) stretches
  group by stretch;
  return null;
end
$$;

do $$
declare
  watched record;
  change record;
begin
  for watched in
    select * from (values
      ('warehouse.lead', 'ops.touch_leads'),
      ('warehouse.lead_stage', 'ops.touch_lead_history'),
      ('warehouse.lead_score', 'ops.touch_lead_history'),
      ('warehouse.first_party_conversion', 'ops.touch_conversions'),
      ('warehouse.click', 'ops.touch_clicks'),
      ('warehouse.cost', 'ops.touch_costs'),
      ('warehouse.measure_daily', 'ops.touch_dates'),
      ('warehouse.ga4_session_daily', 'ops.touch_dates'),
      ('warehouse.ga4_key_event_daily', 'ops.touch_dates'),
      ('warehouse.exchange_rate', 'ops.touch_rates')) as t (name, function)
  loop
    for change in
      select * from (values
        ('touched_by_insert', 'insert', 'new'), ('touched_by_delete', 'delete', 'old'),
        ('touched_before_update', 'update', 'old'), ('touched_after_update', 'update', 'new')) as c (name, event, side)
    loop
      execute format(
        'create trigger %I after %s on %s referencing %s table as changed
         when (current_setting(''costper.settles'', true) is distinct from ''on'') execute function %s()',
        change.name, change.event, watched.name, change.side, watched.function);
    end loop;
  end loop;
end
$$;

-- Which rows a change of a click, a lead, a campaign or a day concerns is looked up, not searched for.
create index on warehouse.lead (date);
create index on warehouse.lead (qualified_date) where qualified_date is not null;
create index on warehouse.lead (customer_date) where customer_date is not null;
create index on warehouse.lead (lost_at) where lost_at is not null;
create index on warehouse.lead (gclid) where gclid is not null;
create index on warehouse.lead (joined_campaign_id) where joined_campaign_id <> '';
create index on warehouse.lead (lower(trim(campaign))) where campaign is not null;
create index on warehouse.lead (
  (coalesce(nullif(trim(campaign_id), ''), click_ids ->> 'gad_campaignid',
            case when trim(campaign) ~ '^[0-9]+$' then trim(campaign) end)));
create index on warehouse.first_party_conversion (lead_id) where lead_id is not null;
create index on warehouse.first_party_conversion (gclid) where gclid is not null;
create index on warehouse.first_party_conversion (joined_campaign_id) where joined_campaign_id <> '';
create index on warehouse.first_party_conversion (lower(trim(campaign))) where campaign is not null;
create index on warehouse.first_party_conversion (
  (coalesce(nullif(trim(campaign_id), ''), click_ids ->> 'gad_campaignid',
            case when trim(campaign) ~ '^[0-9]+$' then trim(campaign) end)));
create index on warehouse.ga4_session_daily (date);
create index on warehouse.ga4_key_event_daily (date);

alter table warehouse.first_party_conversion add column repeats_id text;
create index on warehouse.first_party_conversion (repeats_id) where repeats_id is not null;
comment on column warehouse.first_party_conversion.repeats_id is 'The conversion that counts for its order, where this one repeats it; set by the rollup.';

create table ops.costed_span (
  platform text primary key,
  from_date date not null,
  to_date date not null
);
comment on table ops.costed_span is 'From when to when each platform''s spend was known when the first-party marts were made: no mark, but the memory by which a span that grew or shrank is noticed.';

create table figures.kpi_measure_daily (
  date date not null,
  measure text not null,
  platform text not null,
  currency text not null,
  amount numeric,
  refreshed_at timestamptz not null,
  primary key (date, measure, platform, currency)
);
create index on figures.kpi_measure_daily (measure);
comment on table figures.kpi_measure_daily is 'Under marts.kpi_daily: the measures that KPIs are made of, by day, platform and currency ('''' for none).';

-- Names are joined by the view, as in the other marts: a renamed campaign writes no figure.
alter table marts.paid_cost_per_conversion_first_party_daily set schema figures;
alter table figures.paid_cost_per_conversion_first_party_daily drop column account_name, drop column campaign_name;
comment on table figures.paid_cost_per_conversion_first_party_daily is 'Under marts.paid_cost_per_conversion_first_party_daily.';
create view marts.paid_cost_per_conversion_first_party_daily as
select f.date, f.platform, f.account_id, f.campaign_id, a.name as account_name, c.name as campaign_name, f.currency,
       f.spend, f.conversions, f.conversions_joined_by_name, f.conversion_value, f.platform_conversions,
       f.cost_per_conversion, f.refreshed_at
from figures.paid_cost_per_conversion_first_party_daily f
left join warehouse.account a on a.platform = f.platform and a.account_id = f.account_id and a.series_to is null
left join warehouse.campaign c on c.account_key = a.account_key and c.campaign_id = f.campaign_id;
comment on view marts.paid_cost_per_conversion_first_party_daily is 'Paid spend per first-party paid conversion: one row per date, platform, account and campaign. Conversions that join no campaign keep their platform and have an empty campaign; platforms without spend data are left out.';
do $$
declare
  part record;
begin
  for part in
    select attname, col_description(attrelid, attnum) as text from pg_attribute
    where attrelid = 'figures.paid_cost_per_conversion_first_party_daily'::regclass and attnum > 0 and not attisdropped
  loop
    execute format('comment on column marts.paid_cost_per_conversion_first_party_daily.%I is %L', part.attname, part.text);
  end loop;
end
$$;
comment on column marts.paid_cost_per_conversion_first_party_daily.account_name is 'Name of the account today.';
comment on column marts.paid_cost_per_conversion_first_party_daily.campaign_name is 'Name of the campaign today.';
