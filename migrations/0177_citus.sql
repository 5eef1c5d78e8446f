-- What the same schema needs to run split by account over several machines (Citus): docs/decisions/citus.md.

-- Every table of an account's figures says whose they are. What is staged is of a slice under way: it is read again.
truncate staging.delivery_part, staging.outcome_part;
alter table staging.delivery_part add column account_key integer not null;
alter table staging.outcome_part add column account_key integer not null;

-- A function that takes a row hangs on the row's table, and the table's views on the function: such a circle cannot be
-- made on another machine.
create function ops.counts(
  actions text[], excluded_actions text[], attributions text[], action text, attribution text
) returns boolean
language sql immutable parallel safe as $$
  select ($1 is null or $4 = any ($1)) and $4 <> all ($2) and ($3 is null or $5 = any ($3))
$$;
comment on function ops.counts(text[], text[], text[], text, text) is 'Whether a conversion of this action and attribution window counts under the rule of its account.';

do $$
declare
  known record;
  source text;
begin
  for known in
    select distinct r.ev_class::regclass as name, pg_get_viewdef(r.ev_class) as source
    from pg_depend d
    join pg_rewrite r on r.oid = d.objid
    where d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_proc'::regclass
      and d.refobjid = 'ops.counts(ops.counting_rule, text, text)'::regprocedure
  loop
    source := replace(known.source, 'ops.counts(r.*, ', 'ops.counts(r.actions, r.excluded_actions, r.attributions, ');
    if source = known.source then
      raise exception 'view % calls ops.counts in another way than expected', known.name;
    end if;
    execute format('create or replace view %s as %s', known.name, source);
  end loop;
end
$$;
drop function ops.counts(ops.counting_rule, text, text);

-- A function in plain SQL is planned with its parameters still open, which no machine can be chosen by.
create or replace function marts.cost_per_conversion_as_of(moment timestamptz)
returns table (
  date date, platform text, account_id text, account_name text, campaign_id text, campaign_name text, currency text,
  spend numeric, impressions bigint, clicks bigint, conversions numeric, conversion_value numeric,
  organic_conversions numeric, cost_per_conversion numeric, cost_per_click numeric, conversion_rate numeric,
  return_on_ad_spend numeric, refreshed_at timestamptz
)
language plpgsql stable as $$
#variable_conflict use_column
begin
  return query
  select h.date, h.platform, h.account_id, a.name, h.campaign_id, c.name, h.currency,
         h.spend, h.impressions, h.clicks, h.conversions, h.conversion_value,
         h.organic_conversions, h.cost_per_conversion, h.spend / nullif(h.clicks, 0),
         h.conversions / nullif(h.clicks, 0), h.conversion_value / nullif(h.spend, 0), h.observed_at
  from (
    select distinct on (account_key, date, campaign_id) *
    from marts.cost_per_conversion_history
    where observed_at <= moment
    order by account_key, date, campaign_id, observed_at desc
  ) h
  join warehouse.account a on a.account_key = h.account_key
  left join warehouse.campaign c on c.account_key = h.account_key and c.campaign_id = h.campaign_id
  where h.spend is not null;
end
$$;
