-- Which conversions count: the configuration's choice as data, and the one predicate that applies it.

-- changed_at: what was observed before says nothing about how the new choice matures.
create table ops.counting_rule (
  account_key integer primary key references warehouse.account,
  measure text not null check (measure in ('conversions', 'primary', 'all')),
  actions text[],
  excluded_actions text[] not null default '{}',
  attributions text[],
  changed_at timestamptz not null default '-infinity'
);
comment on table ops.counting_rule is 'Which conversions of an account count, as the configuration says. NULL in actions or attributions means every one.';
comment on column ops.counting_rule.changed_at is 'When the rule last became another one; -infinity where it never did.';

-- A name in the configuration keeps meaning the action that it once matched, whatever the platform calls it later.
create table ops.action_match (
  account_key integer not null references warehouse.account,
  name text not null,
  conversion_action_id text not null,
  matched_at timestamptz not null default now(),
  primary key (account_key, name, conversion_action_id)
);
comment on table ops.action_match is 'Which conversion actions a configured name (in lower case) has ever matched in an account.';

-- It takes columns rather than the rule's row: a function that takes a row hangs on the row's table, and the table's
-- views on the function. Such a circle cannot be made on another machine (docs/decisions/citus.md).
create function ops.counts(
  actions text[], excluded_actions text[], attributions text[], action text, attribution text
) returns boolean
language sql immutable parallel safe as $$
  select ($1 is null or $4 = any ($1)) and $4 <> all ($2) and ($3 is null or $5 = any ($3))
$$;
comment on function ops.counts is 'Whether a conversion of this action and attribution window counts under the rule of its account.';

create view warehouse.counted_conversion_daily as
select c.account_key, c.date, c.campaign_id, c.ad_group_id, c.ad_id, c.conversion_action_id, c.attribution, c.traffic,
       case r.measure when 'primary' then c.primary_conversions when 'all' then c.all_conversions
                      else c.conversions end as conversions,
       case r.measure when 'primary' then c.primary_conversion_value when 'all' then c.all_conversion_value
                      else c.conversion_value end as conversion_value
from warehouse.conversion_daily c
join ops.counting_rule r on r.account_key = c.account_key
where ops.counts(r.actions, r.excluded_actions, r.attributions, c.conversion_action_id, c.attribution);
comment on view warehouse.counted_conversion_daily is 'The conversions of warehouse.conversion_daily that the configuration counts, paid and organic, with the figure that it counts them by.';
comment on column warehouse.counted_conversion_daily.ad_group_id is 'The ad group; '''' in residual rows.';
comment on column warehouse.counted_conversion_daily.ad_id is 'The ad; '''' in residual rows.';

create view warehouse.counted_network_conversion_daily as
select c.account_key, c.date, c.campaign_id, c.network, c.conversion_action_id, c.attribution, c.traffic,
       case r.measure when 'primary' then c.primary_conversions when 'all' then c.all_conversions
                      else c.conversions end as conversions,
       case r.measure when 'primary' then c.primary_conversion_value when 'all' then c.all_conversion_value
                      else c.conversion_value end as conversion_value
from warehouse.network_conversion_daily c
join ops.counting_rule r on r.account_key = c.account_key
where ops.counts(r.actions, r.excluded_actions, r.attributions, c.conversion_action_id, c.attribution);
comment on view warehouse.counted_network_conversion_daily is 'The conversions of warehouse.network_conversion_daily that the configuration counts, paid and organic.';
comment on column warehouse.counted_network_conversion_daily.network is 'The platform''s name of the network, or unknown.';

create view warehouse.counted_device_conversion_daily as
select c.account_key, c.date, c.campaign_id, c.device, c.conversion_action_id, c.attribution, c.traffic,
       case r.measure when 'primary' then c.primary_conversions when 'all' then c.all_conversions
                      else c.conversions end as conversions,
       case r.measure when 'primary' then c.primary_conversion_value when 'all' then c.all_conversion_value
                      else c.conversion_value end as conversion_value
from warehouse.device_conversion_daily c
join ops.counting_rule r on r.account_key = c.account_key
where ops.counts(r.actions, r.excluded_actions, r.attributions, c.conversion_action_id, c.attribution);
comment on view warehouse.counted_device_conversion_daily is 'The conversions of warehouse.device_conversion_daily that the configuration counts, paid and organic.';
comment on column warehouse.counted_device_conversion_daily.device is 'Kind of device: desktop, mobile, tablet, tv, other, or unknown.';

create view warehouse.counted_country_conversion_daily as
select c.account_key, c.date, c.campaign_id, c.country, c.conversion_action_id, c.attribution, c.traffic,
       case r.measure when 'primary' then c.primary_conversions when 'all' then c.all_conversions
                      else c.conversions end as conversions,
       case r.measure when 'primary' then c.primary_conversion_value when 'all' then c.all_conversion_value
                      else c.conversion_value end as conversion_value
from warehouse.country_conversion_daily c
join ops.counting_rule r on r.account_key = c.account_key
where ops.counts(r.actions, r.excluded_actions, r.attributions, c.conversion_action_id, c.attribution);
comment on view warehouse.counted_country_conversion_daily is 'The conversions of warehouse.country_conversion_daily that the configuration counts, paid and organic.';
comment on column warehouse.counted_country_conversion_daily.country is 'Country as ISO 3166-1 alpha-2, of where the person was if the platform tells that, or unknown.';

create view warehouse.counted_keyword_conversion_daily as
select c.account_key, c.date, c.campaign_id, c.ad_group_id, c.keyword_id, c.conversion_action_id, c.attribution,
       c.traffic,
       case r.measure when 'primary' then c.primary_conversions when 'all' then c.all_conversions
                      else c.conversions end as conversions,
       case r.measure when 'primary' then c.primary_conversion_value when 'all' then c.all_conversion_value
                      else c.conversion_value end as conversion_value
from warehouse.keyword_conversion_daily c
join ops.counting_rule r on r.account_key = c.account_key
where ops.counts(r.actions, r.excluded_actions, r.attributions, c.conversion_action_id, c.attribution);
comment on view warehouse.counted_keyword_conversion_daily is 'The conversions of warehouse.keyword_conversion_daily that the configuration counts, paid and organic.';
comment on column warehouse.counted_keyword_conversion_daily.keyword_id is 'The platform''s id of the keyword (Google: criterion id), unique within its ad group; unknown where it names none.';

create view warehouse.counted_search_term_conversion_daily as
select c.account_key, c.date, c.campaign_id, c.ad_group_id, c.search_term, c.conversion_action_id, c.attribution,
       c.traffic,
       case r.measure when 'primary' then c.primary_conversions when 'all' then c.all_conversions
                      else c.conversions end as conversions,
       case r.measure when 'primary' then c.primary_conversion_value when 'all' then c.all_conversion_value
                      else c.conversion_value end as conversion_value
from warehouse.search_term_conversion_daily c
join ops.counting_rule r on r.account_key = c.account_key
where ops.counts(r.actions, r.excluded_actions, r.attributions, c.conversion_action_id, c.attribution);
comment on view warehouse.counted_search_term_conversion_daily is 'The conversions of warehouse.search_term_conversion_daily that the configuration counts, paid and organic.';
comment on column warehouse.counted_search_term_conversion_daily.search_term is 'What was searched for; unknown where the platform does not say. A search for that very word has quotes around it.';

-- A column of one name means the same in each of them.
do $$
declare
  part record;
begin
  for part in
    select a.attrelid::regclass as relation, a.attname, m.meaning
    from pg_attribute a
    join (values
      ('account_key', 'The account; see warehouse.account.'),
      ('date', 'Reporting day of the account.'),
      ('campaign_id', 'The campaign; '''' where the platform names none.'),
      ('ad_group_id', 'The ad group; '''' for figures that belong to none.'),
      ('conversion_action_id', 'The conversion action; see warehouse.conversion_action.'),
      ('attribution', 'Attribution window; '''' where the platform has one model.'),
      ('traffic', 'paid or organic.'),
      ('conversions', 'Conversions by the figure that the configuration counts.'),
      ('conversion_value', 'Their value in the account''s currency.')
    ) m (attname, meaning) on m.attname = a.attname::text
    where a.attrelid in (
      select oid from pg_class where relnamespace = 'warehouse'::regnamespace and relname ~ '^counted_')
      and a.attnum > 0 and col_description(a.attrelid, a.attnum) is null
  loop
    execute format('comment on column %s.%I is %L', part.relation, part.attname, part.meaning);
  end loop;
end
$$;
