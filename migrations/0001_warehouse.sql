-- Facts and dimensions. Money and counts of conversions are numeric(18,6); money is in the account's currency.
-- Days are the account's own reporting days. Ids are the platforms' own, bare, as text; '' where a platform names none.

create schema warehouse;
comment on schema warehouse is 'Facts and dimensions as the ad platforms report them.';

create table warehouse.platform (
  platform text primary key,
  label text not null,
  ad_reporting_name text not null,
  campaign_is_ad_group boolean not null
);
comment on table warehouse.platform is 'The ad platforms that this costper knows. Every migrate brings it up to date.';
comment on column warehouse.platform.platform is 'Name of the platform in every other table, such as google.';
comment on column warehouse.platform.label is 'The name for people.';
comment on column warehouse.platform.ad_reporting_name is 'What the views of ad_reporting call it, such as google_ads.';
comment on column warehouse.platform.campaign_is_ad_group is 'Whether the campaign stands in for the ad group in ad_reporting.';

create table warehouse.account (
  account_key integer generated always as identity primary key,
  platform text not null,
  account_id text not null,
  name text not null,
  currency text not null,
  time_zone text not null,
  status text not null,
  is_active boolean not null,
  restatement_days integer not null,
  first_seen_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  unique (platform, account_id)
);
comment on table warehouse.account is 'One row per ad account that discovery ever found. Accounts that vanish stay.';
comment on column warehouse.account.account_key is 'Short key that facts carry for the account.';
comment on column warehouse.account.platform is 'Name of the ad platform, such as google; see warehouse.platform.';
comment on column warehouse.account.account_id is 'The platform''s id, bare: ten digits without dashes, without act_, without URN.';
comment on column warehouse.account.name is 'Name of the account at the last sync.';
comment on column warehouse.account.currency is 'ISO 4217 code of every amount of this account.';
comment on column warehouse.account.time_zone is 'IANA zone whose days the account reports in.';
comment on column warehouse.account.status is 'The platform''s own word for the account''s state.';
comment on column warehouse.account.is_active is 'False where the platform says that the account is closed, cancelled or not enabled.';
comment on column warehouse.account.restatement_days is 'Days after which the platform no longer revises a day''s figures; older days are final.';
comment on column warehouse.account.first_seen_at is 'When discovery found the account first.';
comment on column warehouse.account.last_seen_at is 'When discovery found the account last.';

create table warehouse.campaign (
  account_key integer not null references warehouse.account,
  campaign_id text not null,
  name text not null,
  status text not null,
  type text not null,
  updated_at timestamptz not null default now(),
  primary key (account_key, campaign_id)
);
comment on table warehouse.campaign is 'One row per campaign, removed ones included (LinkedIn: campaign, not campaign group).';
comment on column warehouse.campaign.account_key is 'The account; see warehouse.account.';
comment on column warehouse.campaign.campaign_id is 'The platform''s campaign id.';
comment on column warehouse.campaign.name is 'Name at the last sync.';
comment on column warehouse.campaign.status is 'The platform''s own word for the campaign''s state.';
comment on column warehouse.campaign.type is 'The platform''s type of campaign or objective, such as SEARCH or PERFORMANCE_MAX.';
comment on column warehouse.campaign.updated_at is 'When this row last changed.';

create table warehouse.ad_group (
  account_key integer not null references warehouse.account,
  ad_group_id text not null,
  campaign_id text not null,
  name text not null,
  status text not null,
  updated_at timestamptz not null default now(),
  primary key (account_key, ad_group_id)
);
comment on table warehouse.ad_group is 'One row per ad group (Meta: ad set), removed ones included.';
comment on column warehouse.ad_group.account_key is 'The account; see warehouse.account.';
comment on column warehouse.ad_group.ad_group_id is 'The platform''s ad group or ad set id.';
comment on column warehouse.ad_group.campaign_id is 'The campaign it belongs to.';
comment on column warehouse.ad_group.name is 'Name at the last sync.';
comment on column warehouse.ad_group.status is 'The platform''s own word for its state.';
comment on column warehouse.ad_group.updated_at is 'When this row last changed.';

create table warehouse.ad (
  account_key integer not null references warehouse.account,
  ad_group_id text not null,
  ad_id text not null,
  campaign_id text not null,
  name text not null,
  status text not null,
  updated_at timestamptz not null default now(),
  primary key (account_key, ad_group_id, ad_id)
);
comment on table warehouse.ad is 'One row per ad in an ad group (Google: one ad can sit in several), removed ones included.';
comment on column warehouse.ad.account_key is 'The account; see warehouse.account.';
comment on column warehouse.ad.ad_group_id is 'The ad group it sits in.';
comment on column warehouse.ad.ad_id is 'The platform''s ad id (LinkedIn: creative).';
comment on column warehouse.ad.campaign_id is 'The campaign it belongs to.';
comment on column warehouse.ad.name is 'Name at the last sync; may be empty.';
comment on column warehouse.ad.status is 'The platform''s own word for its state.';
comment on column warehouse.ad.updated_at is 'When this row last changed.';

create table warehouse.conversion_action (
  account_key integer not null references warehouse.account,
  conversion_action_id text not null,
  name text not null,
  status text not null,
  category text not null,
  origin text not null,
  is_primary boolean not null,
  click_window_days integer,
  view_window_days integer,
  updated_at timestamptz not null default now(),
  primary key (account_key, conversion_action_id)
);
comment on table warehouse.conversion_action is 'One row per conversion action (Meta: action type; LinkedIn: conversion rule, and oneClickLeads).';
comment on column warehouse.conversion_action.account_key is 'The account; see warehouse.account.';
comment on column warehouse.conversion_action.conversion_action_id is 'The platform''s id or name of the action, unique in the account.';
comment on column warehouse.conversion_action.name is 'Name at the last sync.';
comment on column warehouse.conversion_action.status is 'The platform''s own word for its state.';
comment on column warehouse.conversion_action.category is 'The platform''s category, such as PURCHASE or LEAD; may be empty.';
comment on column warehouse.conversion_action.origin is 'Where the conversion happens, such as WEBSITE; may be empty.';
comment on column warehouse.conversion_action.is_primary is 'Whether the platform itself counts it in its headline conversions today.';
comment on column warehouse.conversion_action.click_window_days is 'Days after a click in which a conversion is credited; NULL where unknown.';
comment on column warehouse.conversion_action.view_window_days is 'Days after a view in which a conversion is credited; NULL where unknown.';
comment on column warehouse.conversion_action.updated_at is 'When this row last changed.';

create table warehouse.ad_daily (
  account_key integer not null,
  date date not null,
  campaign_id text not null,
  ad_group_id text not null,
  ad_id text not null,
  spend numeric(18, 6) not null,
  impressions bigint not null,
  clicks bigint not null,
  primary key (account_key, date, campaign_id, ad_group_id, ad_id)
) partition by range (date);
comment on table warehouse.ad_daily is 'Paid delivery: one row per account, date, campaign, ad group and ad. Rows with an empty ad hold what the platform reports for the campaign or account but for none of its ads, so that a day adds up to the platform''s own account total.';
comment on column warehouse.ad_daily.account_key is 'The account; see warehouse.account.';
comment on column warehouse.ad_daily.date is 'Reporting day of the account.';
comment on column warehouse.ad_daily.campaign_id is 'The campaign; '''' where the platform names none.';
comment on column warehouse.ad_daily.ad_group_id is 'The ad group; '''' in residual rows and where the platform has none.';
comment on column warehouse.ad_daily.ad_id is 'The ad; '''' in residual rows and where the figures are by campaign.';
comment on column warehouse.ad_daily.spend is 'Spend in the account''s currency.';
comment on column warehouse.ad_daily.impressions is 'Paid impressions.';
comment on column warehouse.ad_daily.clicks is 'Paid clicks, as the platform counts them.';

create table warehouse.network_daily (
  account_key integer not null,
  date date not null,
  campaign_id text not null,
  network text not null,
  spend numeric(18, 6) not null,
  impressions bigint not null,
  clicks bigint not null,
  conversions numeric(18, 6) not null default 0,
  conversion_value numeric(18, 6) not null default 0,
  primary key (account_key, date, campaign_id, network)
) partition by range (date);
comment on table warehouse.network_daily is 'Paid delivery by network: one row per account, date, campaign and network. The row ''unknown'' completes a platform''s estimate to the campaign''s day.';
comment on column warehouse.network_daily.account_key is 'The account; see warehouse.account.';
comment on column warehouse.network_daily.date is 'Reporting day of the account.';
comment on column warehouse.network_daily.campaign_id is 'The campaign; '''' where the platform names none.';
comment on column warehouse.network_daily.network is 'The platform''s name of the network (SEARCH, YOUTUBE, facebook, instagram ...), or unknown.';
comment on column warehouse.network_daily.spend is 'Spend in the account''s currency.';
comment on column warehouse.network_daily.impressions is 'Paid impressions.';
comment on column warehouse.network_daily.clicks is 'Paid clicks, as the platform counts them.';
comment on column warehouse.network_daily.conversions is 'Paid conversions of counted actions; set by the rollup.';
comment on column warehouse.network_daily.conversion_value is 'Value of those conversions in the account''s currency; set by the rollup.';

create table warehouse.network_conversion_daily (
  account_key integer not null,
  date date not null,
  campaign_id text not null,
  network text not null,
  conversion_action_id text not null,
  attribution text not null,
  traffic text not null check (traffic in ('paid', 'organic')),
  conversions numeric(18, 6) not null,
  conversion_value numeric(18, 6) not null,
  primary_conversions numeric(18, 6) not null,
  primary_conversion_value numeric(18, 6) not null,
  all_conversions numeric(18, 6) not null,
  all_conversion_value numeric(18, 6) not null,
  primary key (account_key, date, campaign_id, network, conversion_action_id, attribution, traffic)
) partition by range (date);
comment on table warehouse.network_conversion_daily is 'Conversions by network: one row per account, date, campaign, network, conversion action, attribution and traffic, counted or not.';
comment on column warehouse.network_conversion_daily.account_key is 'The account; see warehouse.account.';
comment on column warehouse.network_conversion_daily.date is 'Reporting day of the account.';
comment on column warehouse.network_conversion_daily.campaign_id is 'The campaign; '''' where the platform names none.';
comment on column warehouse.network_conversion_daily.network is 'The platform''s name of the network, or unknown.';
comment on column warehouse.network_conversion_daily.conversion_action_id is 'The conversion action; see warehouse.conversion_action.';
comment on column warehouse.network_conversion_daily.attribution is 'Attribution window, such as 7d_click; '''' where the platform has one model.';
comment on column warehouse.network_conversion_daily.traffic is 'paid or organic.';
comment on column warehouse.network_conversion_daily.conversions is 'Conversions, as in warehouse.conversion_daily.';
comment on column warehouse.network_conversion_daily.conversion_value is 'Their value in the account''s currency.';
comment on column warehouse.network_conversion_daily.primary_conversions is 'The part that the platform counts in its own total of conversions.';
comment on column warehouse.network_conversion_daily.primary_conversion_value is 'Value of that part in the account''s currency.';
comment on column warehouse.network_conversion_daily.all_conversions is 'With what the platform''s headline leaves out (Google: all_conversions).';
comment on column warehouse.network_conversion_daily.all_conversion_value is 'Value of all_conversions in the account''s currency.';

create table warehouse.conversion_daily (
  account_key integer not null,
  date date not null,
  campaign_id text not null,
  ad_group_id text not null,
  ad_id text not null,
  conversion_action_id text not null,
  attribution text not null,
  traffic text not null check (traffic in ('paid', 'organic')),
  conversions numeric(18, 6) not null,
  conversion_value numeric(18, 6) not null,
  primary_conversions numeric(18, 6) not null,
  primary_conversion_value numeric(18, 6) not null,
  all_conversions numeric(18, 6) not null,
  all_conversion_value numeric(18, 6) not null,
  primary key (account_key, date, campaign_id, ad_group_id, ad_id, conversion_action_id, attribution, traffic)
) partition by range (date);
comment on table warehouse.conversion_daily is 'Conversions: one row per account, date, campaign, ad group, ad, conversion action, attribution and traffic, whether or not the configuration counts them. Rows with an empty ad hold what the platform counts for the campaign but for none of its ads.';
comment on column warehouse.conversion_daily.account_key is 'The account; see warehouse.account.';
comment on column warehouse.conversion_daily.date is 'Reporting day of the account (Google: day of the ad interaction).';
comment on column warehouse.conversion_daily.campaign_id is 'The campaign; '''' where the platform names none.';
comment on column warehouse.conversion_daily.ad_group_id is 'The ad group; '''' in residual rows and where the platform has none.';
comment on column warehouse.conversion_daily.ad_id is 'The ad; '''' in residual rows and where the figures are by campaign.';
comment on column warehouse.conversion_daily.conversion_action_id is 'The conversion action; see warehouse.conversion_action.';
comment on column warehouse.conversion_daily.attribution is 'Attribution window, such as 7d_click; '''' where the platform has one model. Click windows nest: never add 1d_click to 7d_click.';
comment on column warehouse.conversion_daily.traffic is 'paid, or organic where no ad was clicked or seen as one (LinkedIn viral; Google hosted actions).';
comment on column warehouse.conversion_daily.conversions is 'Conversions as the platform reports them for the action; may be fractional. Google: metrics.conversions where Google counts the action in it, else its all_conversions.';
comment on column warehouse.conversion_daily.conversion_value is 'Value of conversions in the account''s currency.';
comment on column warehouse.conversion_daily.primary_conversions is 'The part that the platform counts in its own total of conversions (Google: metrics.conversions).';
comment on column warehouse.conversion_daily.primary_conversion_value is 'Value of that part in the account''s currency.';
comment on column warehouse.conversion_daily.all_conversions is 'With what the platform''s headline leaves out (Google: all_conversions).';
comment on column warehouse.conversion_daily.all_conversion_value is 'Value of all_conversions in the account''s currency.';

create table warehouse.exchange_rate (
  rate_date date not null,
  base text not null,
  quote text not null,
  rate numeric(24, 12) not null check (rate > 0),
  source text not null,
  loaded_at timestamptz not null default now(),
  primary key (base, quote, rate_date)
);
comment on table warehouse.exchange_rate is 'Published daily exchange rates: one unit of base costs rate units of quote.';
comment on column warehouse.exchange_rate.rate_date is 'Day for which the rate was published.';
comment on column warehouse.exchange_rate.base is 'ISO 4217 code of the one unit.';
comment on column warehouse.exchange_rate.quote is 'ISO 4217 code of the price.';
comment on column warehouse.exchange_rate.rate is 'Units of quote for one unit of base.';
comment on column warehouse.exchange_rate.source is 'Where the rate comes from: ecb, or the name of an imported file.';
comment on column warehouse.exchange_rate.loaded_at is 'When the rate was loaded.';

-- Makes the monthly partition of a table that holds a day. Attached rather than created in place: attaching does not
-- wait for loads that are under way in other months.
create function warehouse.ensure_partition(parent regclass, day date) returns void
language plpgsql as $$
declare
  month_start date := date_trunc('month', day)::date;
  month_end date := (date_trunc('month', day) + interval '1 month')::date;
  namespace text;
  parent_name text;
  partition_name text;
begin
  select n.nspname, c.relname into namespace, parent_name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = parent;
  partition_name := parent_name || '_' || to_char(month_start, 'YYYYMM');
  if to_regclass(format('%I.%I', namespace, partition_name)) is not null then
    return;
  end if;
  perform pg_advisory_xact_lock(hashtext('costper.partition'), hashtext(parent::text));
  -- Asked of the table itself: a name that was missing a moment ago is remembered as missing.
  if exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where n.nspname = namespace and c.relname = partition_name) then
    return;
  end if;
  execute format('create table %I.%I (like %s including all)', namespace, partition_name, parent);
  execute format('alter table %s attach partition %I.%I for values from (%L) to (%L)',
                 parent, namespace, partition_name, month_start, month_end);
end
$$;
comment on function warehouse.ensure_partition is 'Makes the monthly partition of a table that holds a day, if it is missing.';
