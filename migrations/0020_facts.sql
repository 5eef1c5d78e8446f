-- What the platforms report, by day. Money and counts of conversions are numeric(18, 6); money is in the account's
-- currency. Days are the account's own reporting days.

-- Monthly partitions are no tables to look at: they live where analysts do not.
create schema partitions;
comment on schema partitions is 'The monthly parts of partitioned tables, named schema_table_month; ask the table itself.';

-- Makes the monthly partition of a table that holds a day. Attached rather than created in place: attaching does not
-- wait for loads that are under way in other months.
create function warehouse.ensure_partition(parent regclass, day date) returns void
language plpgsql as $$
declare
  month_start date := date_trunc('month', day::timestamp)::date;
  month_end date := (date_trunc('month', day::timestamp) + interval '1 month')::date;
  partition_name text;
begin
  select n.nspname || '_' || c.relname || '_' || to_char(month_start, 'YYYYMM') into partition_name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = parent;
  if to_regclass(format('partitions.%I', partition_name)) is not null then
    return;
  end if;
  perform ops.hold('costper.partition', hashtext(parent::text));
  -- Asked of the table itself: a name that was missing a moment ago is remembered as missing.
  if exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where n.nspname = 'partitions' and c.relname = partition_name) then
    return;
  end if;
  execute format('create table partitions.%I (like %s including all)', partition_name, parent);
  execute format('alter table %s attach partition partitions.%I for values from (%L) to (%L)',
                 parent, partition_name, month_start, month_end);
end
$$;
comment on function warehouse.ensure_partition is 'Makes the monthly partition of a table that holds a day, if it is missing.';

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

-- What is left out of every figure is few rows among many; whoever asks for it need not read the others.
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
create index conversion_daily_organic on warehouse.conversion_daily (date) where traffic = 'organic';
comment on table warehouse.conversion_daily is 'Conversions: one row per account, date, campaign, ad group, ad, conversion action, attribution and traffic, whether or not the configuration counts them. Rows with an empty ad hold what the platform counts for the campaign but for none of its ads.';
comment on column warehouse.conversion_daily.account_key is 'The account; see warehouse.account.';
comment on column warehouse.conversion_daily.date is 'Reporting day of the account (Google: day of the ad interaction).';
comment on column warehouse.conversion_daily.campaign_id is 'The campaign; '''' where the platform names none.';
comment on column warehouse.conversion_daily.ad_group_id is 'The ad group; '''' in residual rows and where the platform has none.';
comment on column warehouse.conversion_daily.ad_id is 'The ad; '''' in residual rows and where the figures are by campaign.';
comment on column warehouse.conversion_daily.conversion_action_id is 'The conversion action; see warehouse.conversion_action.';
comment on column warehouse.conversion_daily.attribution is 'Attribution window, such as 7d_click, or the part of a platform''s figure (Microsoft: view_through, which never counts; X: post_view, post_engagement); '''' where the platform has one model. Click windows nest: never add 1d_click to 7d_click.';
comment on column warehouse.conversion_daily.traffic is 'paid, or organic where no ad was clicked or seen as one (LinkedIn viral).';
comment on column warehouse.conversion_daily.conversions is 'Conversions as the platform reports them for the action; may be fractional. Google: metrics.conversions where Google counts the action in it, else its all_conversions.';
comment on column warehouse.conversion_daily.conversion_value is 'Value of conversions in the account''s currency.';
comment on column warehouse.conversion_daily.primary_conversions is 'The part that the platform counts in its own total of conversions (Google: metrics.conversions).';
comment on column warehouse.conversion_daily.primary_conversion_value is 'Value of that part in the account''s currency.';
comment on column warehouse.conversion_daily.all_conversions is 'With what the platform''s headline leaves out (Google: all_conversions).';
comment on column warehouse.conversion_daily.all_conversion_value is 'Value of all_conversions in the account''s currency.';

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
comment on column warehouse.network_daily.network is 'The platform''s name of the network (SEARCH, YOUTUBE, facebook, instagram ...; Microsoft: bing_yahoo_search, search_partners, aol_search, audience, content, other: Yahoo cannot be told from Bing; X: placement), or unknown.';
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
comment on column warehouse.network_conversion_daily.attribution is 'Attribution window, such as 7d_click, or the part of a platform''s figure (Microsoft: view_through, which never counts; X: post_view, post_engagement); '''' where the platform has one model.';
comment on column warehouse.network_conversion_daily.traffic is 'paid or organic.';
comment on column warehouse.network_conversion_daily.conversions is 'Conversions, as in warehouse.conversion_daily.';
comment on column warehouse.network_conversion_daily.conversion_value is 'Their value in the account''s currency.';
comment on column warehouse.network_conversion_daily.primary_conversions is 'The part that the platform counts in its own total of conversions.';
comment on column warehouse.network_conversion_daily.primary_conversion_value is 'Value of that part in the account''s currency.';
comment on column warehouse.network_conversion_daily.all_conversions is 'With what the platform''s headline leaves out (Google: all_conversions).';
comment on column warehouse.network_conversion_daily.all_conversion_value is 'Value of all_conversions in the account''s currency.';

create table warehouse.click (
  platform text not null,
  click_id text not null,
  date date not null,
  account_id text not null,
  campaign_id text not null,
  ad_group_id text not null default '',
  ad_id text not null default '',
  network text not null default '',
  primary key (platform, click_id)
);
create index on warehouse.click (platform, account_id, date);
comment on table warehouse.click is 'Ad clicks as the platform''s click report explains them: one row per click id.';
comment on column warehouse.click.platform is 'google; no other platform has such a report.';
comment on column warehouse.click.click_id is 'The id in the landing URL (gclid).';
comment on column warehouse.click.date is 'Day of the click in the account''s zone.';
comment on column warehouse.click.account_id is 'The ad account, bare.';
comment on column warehouse.click.campaign_id is 'The campaign.';
comment on column warehouse.click.ad_group_id is 'The ad group.';
comment on column warehouse.click.ad_id is 'The ad.';
comment on column warehouse.click.network is 'The platform''s name of the network.';
