-- Which conversions count: the configuration's choice as data, and the one predicate that applies it.

create table ops.counting_rule (
  account_key integer primary key references warehouse.account,
  measure text not null check (measure in ('conversions', 'primary', 'all')),
  actions text[],
  excluded_actions text[] not null default '{}',
  attributions text[]
);
comment on table ops.counting_rule is 'Which conversions of an account count, as the configuration says. NULL in actions or attributions means every one.';

create function ops.counts(rule ops.counting_rule, action text, attribution text) returns boolean
language sql immutable as $$
  select ($1.actions is null or $2 = any ($1.actions))
     and $2 <> all ($1.excluded_actions)
     and ($1.attributions is null or $3 = any ($1.attributions))
$$;
comment on function ops.counts is 'Whether a conversion of this action and attribution window counts under the rule.';

create view warehouse.counted_conversion_daily as
select c.account_key, c.date, c.campaign_id, c.ad_group_id, c.ad_id, c.conversion_action_id, c.attribution, c.traffic,
       case r.measure when 'primary' then c.primary_conversions when 'all' then c.all_conversions
                      else c.conversions end as conversions,
       case r.measure when 'primary' then c.primary_conversion_value when 'all' then c.all_conversion_value
                      else c.conversion_value end as conversion_value
from warehouse.conversion_daily c
join ops.counting_rule r on r.account_key = c.account_key
where ops.counts(r, c.conversion_action_id, c.attribution);
comment on view warehouse.counted_conversion_daily is 'The conversions of warehouse.conversion_daily that the configuration counts, paid and organic, with the figure that it counts them by.';
comment on column warehouse.counted_conversion_daily.account_key is 'The account; see warehouse.account.';
comment on column warehouse.counted_conversion_daily.date is 'Reporting day of the account.';
comment on column warehouse.counted_conversion_daily.campaign_id is 'The campaign; '''' where the platform names none.';
comment on column warehouse.counted_conversion_daily.ad_group_id is 'The ad group; '''' in residual rows.';
comment on column warehouse.counted_conversion_daily.ad_id is 'The ad; '''' in residual rows.';
comment on column warehouse.counted_conversion_daily.conversion_action_id is 'The conversion action; see warehouse.conversion_action.';
comment on column warehouse.counted_conversion_daily.attribution is 'Attribution window; '''' where the platform has one model.';
comment on column warehouse.counted_conversion_daily.traffic is 'paid or organic.';
comment on column warehouse.counted_conversion_daily.conversions is 'Conversions by the figure that the configuration counts.';
comment on column warehouse.counted_conversion_daily.conversion_value is 'Their value in the account''s currency.';

create view warehouse.counted_network_conversion_daily as
select c.account_key, c.date, c.campaign_id, c.network, c.conversion_action_id, c.attribution, c.traffic,
       case r.measure when 'primary' then c.primary_conversions when 'all' then c.all_conversions
                      else c.conversions end as conversions,
       case r.measure when 'primary' then c.primary_conversion_value when 'all' then c.all_conversion_value
                      else c.conversion_value end as conversion_value
from warehouse.network_conversion_daily c
join ops.counting_rule r on r.account_key = c.account_key
where ops.counts(r, c.conversion_action_id, c.attribution);
comment on view warehouse.counted_network_conversion_daily is 'The conversions of warehouse.network_conversion_daily that the configuration counts, paid and organic.';
comment on column warehouse.counted_network_conversion_daily.account_key is 'The account; see warehouse.account.';
comment on column warehouse.counted_network_conversion_daily.date is 'Reporting day of the account.';
comment on column warehouse.counted_network_conversion_daily.campaign_id is 'The campaign; '''' where the platform names none.';
comment on column warehouse.counted_network_conversion_daily.network is 'The platform''s name of the network, or unknown.';
comment on column warehouse.counted_network_conversion_daily.conversion_action_id is 'The conversion action; see warehouse.conversion_action.';
comment on column warehouse.counted_network_conversion_daily.attribution is 'Attribution window; '''' where the platform has one model.';
comment on column warehouse.counted_network_conversion_daily.traffic is 'paid or organic.';
comment on column warehouse.counted_network_conversion_daily.conversions is 'Conversions by the figure that the configuration counts.';
comment on column warehouse.counted_network_conversion_daily.conversion_value is 'Their value in the account''s currency.';

create view marts.organic_excluded_daily as
select c.date, a.platform, a.account_id, a.name as account_name, c.campaign_id, p.name as campaign_name, a.currency,
       a.platform || ' ' || coalesce(nullif(n.name, ''), c.conversion_action_id) as source,
       c.conversion_action_id,
       sum(c.conversions) as conversions,
       sum(c.conversion_value) as conversion_value
from warehouse.counted_conversion_daily c
join warehouse.account a on a.account_key = c.account_key
left join warehouse.campaign p on p.account_key = c.account_key and p.campaign_id = c.campaign_id
left join warehouse.conversion_action n
  on n.account_key = c.account_key and n.conversion_action_id = c.conversion_action_id
where c.traffic = 'organic'
group by c.date, a.platform, a.account_id, a.name, c.campaign_id, p.name, a.currency, n.name, c.conversion_action_id;
comment on view marts.organic_excluded_daily is 'What the cost per conversion leaves out because its traffic was organic: one row per account, date, campaign and action. Paid and organic together are all that the platforms reported for counted actions.';
comment on column marts.organic_excluded_daily.date is 'Reporting day of the account.';
comment on column marts.organic_excluded_daily.platform is 'Name of the ad platform, such as google; see warehouse.platform.';
comment on column marts.organic_excluded_daily.account_id is 'The platform''s id of the account, bare.';
comment on column marts.organic_excluded_daily.account_name is 'Name of the account today.';
comment on column marts.organic_excluded_daily.campaign_id is 'The campaign; '''' where the platform names none.';
comment on column marts.organic_excluded_daily.campaign_name is 'Name of the campaign today.';
comment on column marts.organic_excluded_daily.currency is 'ISO 4217 code of conversion_value.';
comment on column marts.organic_excluded_daily.source is 'Where the organic conversions come from: the platform and its action, such as LinkedIn''s viral leads.';
comment on column marts.organic_excluded_daily.conversion_action_id is 'The conversion action; see warehouse.conversion_action.';
comment on column marts.organic_excluded_daily.conversions is 'Organic conversions that were left out.';
comment on column marts.organic_excluded_daily.conversion_value is 'Their value in the account''s currency.';

-- A sync that was cut off is continued by the next one that asks for the same.
alter table ops.run add column plan text not null default '';
