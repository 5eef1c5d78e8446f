-- What the rollup writes. Figures only: what follows the calendar (finality, projection) or the dictionary (names) is
-- joined by the views of marts, so that a night on which nothing changed writes nothing. The order of the columns leaves
-- no gaps between them.

create schema figures;
comment on schema figures is 'What the rollup writes: the figures under the views of marts. Not for analysts; read marts.';

-- Multiplied before it is divided: no divisor of 0, and no ratio that its column cannot hold.
create function figures.ratio(dividend numeric, divisor numeric) returns numeric
language sql immutable parallel safe as $$
  select case when abs($1) < 999999999999 * abs($2) then round($1 / $2, 6) end
$$;
comment on function figures.ratio is 'One division of a row''s own sums, to six decimals; NULL where the divisor is 0 or the ratio has more than twelve digits.';

-- One odd figure must stop neither a whole rollup nor the rows beside it in an answer.
create function figures.storable(figure numeric) returns numeric
language sql immutable parallel safe as $$
  select case when abs($1) < 999999999999 then round($1, 6) end
$$;
comment on function figures.storable is 'A figure to six decimals; NULL where it has more than twelve digits before them, which no column holds.';

create table ops.rollup_day (
  account_key integer primary key,
  today date not null
);
comment on table ops.rollup_day is 'Which day it was in each account''s time zone when it was last rolled up: days become final and grow older by it. One row an account.';

create function ops.first_open_day(today date, restatement_days integer) returns date
language sql immutable parallel safe as $$ select $1 - $2 $$;
comment on function ops.first_open_day is 'The first day of an account that is not final, from ops.rollup_day and warehouse.account: a day is final where it lies before.';

create table ops.rollup_setting (
  name text primary key,
  value text not null
);
comment on table ops.rollup_setting is 'What was chosen when something was last made by it: no mark, but the memory that tells a new choice from an old one.';

create table figures.day_rate (
  account_key integer not null,
  date date not null,
  rate numeric,
  primary key (account_key, date)
);
comment on table figures.day_rate is 'What one unit of the account''s currency was worth in the reporting currency when the day was rolled up; only where there is one.';

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

-- Rows by ad are the facts themselves: to store them once more was half of what every rollup cost, and as much room as
-- the facts take. They are added up when somebody asks; what the rollup alone knows of them comes from their ad group's row.
-- On several machines they can be joined to the names of an account only by way of a table that is there once: therefore
-- ad_group_account_key, the ad group's row's own; the account is the same.
create view figures.cost_per_conversion_by_ad_daily as
select f.account_key, f.date, f.impressions, f.clicks, g.refreshed_at, f.campaign_id, f.ad_group_id, f.ad_id, g.currency,
       f.spend, f.conversions, f.conversion_value, f.organic_conversions, g.reporting_currency,
       case when g.reporting_currency is not null
         then figures.storable(f.spend * r.rate) end::numeric(18, 6) as spend_reporting,
       case when g.reporting_currency is not null
         then figures.storable(f.conversion_value * r.rate) end::numeric(18, 6) as conversion_value_reporting,
       g.account_key as ad_group_account_key
from (
  select account_key, date, campaign_id, ad_group_id, ad_id, sum(spend)::numeric(18, 6) as spend,
         sum(impressions)::bigint as impressions, sum(clicks)::bigint as clicks,
         sum(conversions)::numeric(18, 6) as conversions, sum(conversion_value)::numeric(18, 6) as conversion_value,
         sum(organic_conversions)::numeric(18, 6) as organic_conversions
  from (
    select account_key, date, campaign_id, ad_group_id, ad_id, spend, impressions, clicks, 0 as conversions,
           0 as conversion_value, 0 as organic_conversions
    from warehouse.ad_daily
    union all
    -- A conversion that is not counted makes a row too.
    select account_key, date, campaign_id, ad_group_id, ad_id, 0, 0, 0, 0, 0, 0
    from warehouse.conversion_daily
    union all
    select account_key, date, campaign_id, ad_group_id, ad_id, 0, 0, 0,
           case when traffic = 'paid' then conversions else 0 end,
           case when traffic = 'paid' then conversion_value else 0 end,
           case when traffic = 'paid' then 0 else conversions end
    from warehouse.counted_conversion_daily
  ) facts
  group by account_key, date, campaign_id, ad_group_id, ad_id
) f
join figures.cost_per_conversion_by_ad_group_daily g
  on g.account_key = f.account_key and g.date = f.date and g.campaign_id = f.campaign_id and g.ad_group_id = f.ad_group_id
left join figures.day_rate r on r.account_key = g.account_key and r.date = f.date;
comment on view figures.cost_per_conversion_by_ad_daily is 'Under marts.cost_per_conversion_by_ad_daily: facts, of the ad groups and days that were rolled up.';

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
comment on table figures.cost_per_conversion_by_account_daily is 'Under marts.cost_per_conversion_by_account_daily: the daily figures added up over campaigns.';

create table figures.cost_per_conversion_by_device_daily (
  account_key integer not null,
  date date not null,
  impressions bigint not null,
  clicks bigint not null,
  refreshed_at timestamptz not null,
  campaign_id text not null,
  device text not null,
  currency text not null,
  spend numeric(18, 6) not null,
  conversions numeric(18, 6) not null,
  conversion_value numeric(18, 6) not null,
  organic_conversions numeric(18, 6) not null,
  reporting_currency text,
  spend_reporting numeric(18, 6),
  conversion_value_reporting numeric(18, 6),
  primary key (account_key, date, campaign_id, device)
) partition by range (date);
comment on table figures.cost_per_conversion_by_device_daily is 'Under marts.cost_per_conversion_by_device_daily.';

create table figures.cost_per_conversion_by_country_daily (
  account_key integer not null,
  date date not null,
  impressions bigint not null,
  clicks bigint not null,
  refreshed_at timestamptz not null,
  campaign_id text not null,
  country text not null,
  currency text not null,
  spend numeric(18, 6) not null,
  conversions numeric(18, 6) not null,
  conversion_value numeric(18, 6) not null,
  organic_conversions numeric(18, 6) not null,
  reporting_currency text,
  spend_reporting numeric(18, 6),
  conversion_value_reporting numeric(18, 6),
  primary key (account_key, date, campaign_id, country)
) partition by range (date);
comment on table figures.cost_per_conversion_by_country_daily is 'Under marts.cost_per_conversion_by_country_daily.';

create table figures.cost_per_conversion_by_keyword_daily (
  account_key integer not null,
  date date not null,
  impressions bigint not null,
  clicks bigint not null,
  refreshed_at timestamptz not null,
  campaign_id text not null,
  ad_group_id text not null,
  keyword_id text not null,
  currency text not null,
  spend numeric(18, 6) not null,
  conversions numeric(18, 6) not null,
  conversion_value numeric(18, 6) not null,
  organic_conversions numeric(18, 6) not null,
  reporting_currency text,
  spend_reporting numeric(18, 6),
  conversion_value_reporting numeric(18, 6),
  primary key (account_key, date, campaign_id, ad_group_id, keyword_id)
) partition by range (date);
comment on table figures.cost_per_conversion_by_keyword_daily is 'Under marts.cost_per_conversion_by_keyword_daily.';

create table figures.cost_per_conversion_by_search_term_daily (
  account_key integer not null,
  date date not null,
  impressions bigint not null,
  clicks bigint not null,
  refreshed_at timestamptz not null,
  campaign_id text not null,
  ad_group_id text not null,
  search_term text not null,
  currency text not null,
  spend numeric(18, 6) not null,
  conversions numeric(18, 6) not null,
  conversion_value numeric(18, 6) not null,
  organic_conversions numeric(18, 6) not null,
  reporting_currency text,
  spend_reporting numeric(18, 6),
  conversion_value_reporting numeric(18, 6),
  primary key (account_key, date, campaign_id, ad_group_id, search_term)
) partition by range (date);
comment on table figures.cost_per_conversion_by_search_term_daily is 'Under marts.cost_per_conversion_by_search_term_daily.';
