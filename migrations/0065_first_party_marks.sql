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

create table ops.costed_span (
  platform text primary key,
  from_date date not null,
  to_date date not null
);
comment on table ops.costed_span is 'From when to when each platform''s spend was known when the first-party marts were made: no mark, but the memory by which a span that grew or shrank is noticed.';
