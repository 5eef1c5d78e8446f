-- Campaign-days by device, country, keyword and search term, where the settings ask for them. All four have the same
-- tables and views: what a platform reported in `warehouse`, the figures that add up to the campaign-day in `figures`,
-- and the view that analysts read in `marts`.

create table warehouse.device_daily (
  account_key integer not null,
  date date not null,
  campaign_id text not null,
  device text not null,
  spend numeric(18, 6) not null,
  impressions bigint not null,
  clicks bigint not null,
  primary key (account_key, date, campaign_id, device)
) partition by range (date);
comment on table warehouse.device_daily is 'Paid delivery by device, as the platform reports it: one row per account, date, campaign and device. What it reports for a campaign and not by device is in no row here; the mart has it as unknown.';

create table warehouse.device_conversion_daily (
  account_key integer not null,
  date date not null,
  campaign_id text not null,
  device text not null,
  conversion_action_id text not null,
  attribution text not null,
  traffic text not null check (traffic in ('paid', 'organic')),
  conversions numeric(18, 6) not null,
  conversion_value numeric(18, 6) not null,
  primary_conversions numeric(18, 6) not null,
  primary_conversion_value numeric(18, 6) not null,
  all_conversions numeric(18, 6) not null,
  all_conversion_value numeric(18, 6) not null,
  primary key (account_key, date, campaign_id, device, conversion_action_id, attribution, traffic)
) partition by range (date);
comment on table warehouse.device_conversion_daily is 'Conversions by device, as the platform reports them: one row per account, date, campaign, device, conversion action, attribution and traffic, counted or not.';

create table warehouse.country_daily (
  account_key integer not null,
  date date not null,
  campaign_id text not null,
  country text not null,
  spend numeric(18, 6) not null,
  impressions bigint not null,
  clicks bigint not null,
  primary key (account_key, date, campaign_id, country)
) partition by range (date);
comment on table warehouse.country_daily is 'Paid delivery by country, as the platform reports it: one row per account, date, campaign and country. What it reports for a campaign and not by country is in no row here; the mart has it as unknown.';

create table warehouse.country_conversion_daily (
  account_key integer not null,
  date date not null,
  campaign_id text not null,
  country text not null,
  conversion_action_id text not null,
  attribution text not null,
  traffic text not null check (traffic in ('paid', 'organic')),
  conversions numeric(18, 6) not null,
  conversion_value numeric(18, 6) not null,
  primary_conversions numeric(18, 6) not null,
  primary_conversion_value numeric(18, 6) not null,
  all_conversions numeric(18, 6) not null,
  all_conversion_value numeric(18, 6) not null,
  primary key (account_key, date, campaign_id, country, conversion_action_id, attribution, traffic)
) partition by range (date);
comment on table warehouse.country_conversion_daily is 'Conversions by country, as the platform reports them: one row per account, date, campaign, country, conversion action, attribution and traffic, counted or not.';

create table warehouse.keyword_daily (
  account_key integer not null,
  date date not null,
  campaign_id text not null,
  ad_group_id text not null,
  keyword_id text not null,
  spend numeric(18, 6) not null,
  impressions bigint not null,
  clicks bigint not null,
  primary key (account_key, date, campaign_id, ad_group_id, keyword_id)
) partition by range (date);
comment on table warehouse.keyword_daily is 'Paid delivery by keyword, as the platform reports it: one row per account, date, campaign and keyword. What it reports for a campaign and not by keyword is in no row here; the mart has it as unknown.';

create table warehouse.keyword_conversion_daily (
  account_key integer not null,
  date date not null,
  campaign_id text not null,
  ad_group_id text not null,
  keyword_id text not null,
  conversion_action_id text not null,
  attribution text not null,
  traffic text not null check (traffic in ('paid', 'organic')),
  conversions numeric(18, 6) not null,
  conversion_value numeric(18, 6) not null,
  primary_conversions numeric(18, 6) not null,
  primary_conversion_value numeric(18, 6) not null,
  all_conversions numeric(18, 6) not null,
  all_conversion_value numeric(18, 6) not null,
  primary key (account_key, date, campaign_id, ad_group_id, keyword_id, conversion_action_id, attribution, traffic)
) partition by range (date);
comment on table warehouse.keyword_conversion_daily is 'Conversions by keyword, as the platform reports them: one row per account, date, campaign, keyword, conversion action, attribution and traffic, counted or not.';

create table warehouse.search_term_daily (
  account_key integer not null,
  date date not null,
  campaign_id text not null,
  ad_group_id text not null,
  search_term text not null,
  spend numeric(18, 6) not null,
  impressions bigint not null,
  clicks bigint not null,
  primary key (account_key, date, campaign_id, ad_group_id, search_term)
) partition by range (date);
comment on table warehouse.search_term_daily is 'Paid delivery by search term, as the platform reports it: one row per account, date, campaign and search term. What it reports for a campaign and not by search term is in no row here; the mart has it as unknown.';

create table warehouse.search_term_conversion_daily (
  account_key integer not null,
  date date not null,
  campaign_id text not null,
  ad_group_id text not null,
  search_term text not null,
  conversion_action_id text not null,
  attribution text not null,
  traffic text not null check (traffic in ('paid', 'organic')),
  conversions numeric(18, 6) not null,
  conversion_value numeric(18, 6) not null,
  primary_conversions numeric(18, 6) not null,
  primary_conversion_value numeric(18, 6) not null,
  all_conversions numeric(18, 6) not null,
  all_conversion_value numeric(18, 6) not null,
  primary key (account_key, date, campaign_id, ad_group_id, search_term, conversion_action_id, attribution, traffic)
) partition by range (date);
comment on table warehouse.search_term_conversion_daily is 'Conversions by search term, as the platform reports them: one row per account, date, campaign, search term, conversion action, attribution and traffic, counted or not.';

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
      ('device', 'Kind of device: desktop, mobile, tablet, tv, other, or unknown.'),
      ('spend', 'Spend in the account''s currency.'),
      ('impressions', 'Paid impressions.'),
      ('clicks', 'Paid clicks, as the platform counts them.'),
      ('conversion_action_id', 'The conversion action; see warehouse.conversion_action.'),
      ('attribution', 'Attribution window, such as 7d_click, or the part of a platform''s figure (Microsoft: view_through, which never counts; X: post_view, post_engagement); '''' where the platform has one model.'),
      ('traffic', 'paid or organic.'),
      ('conversions', 'Conversions, as in warehouse.conversion_daily.'),
      ('conversion_value', 'Their value in the account''s currency.'),
      ('primary_conversions', 'The part that the platform counts in its own total of conversions.'),
      ('primary_conversion_value', 'Value of that part in the account''s currency.'),
      ('all_conversions', 'With what the platform''s headline leaves out (Google: all_conversions).'),
      ('all_conversion_value', 'Value of all_conversions in the account''s currency.'),
      ('country', 'Country as ISO 3166-1 alpha-2, of where the person was if the platform tells that, or unknown.'),
      ('ad_group_id', 'The ad group; '''' for figures that belong to none.'),
      ('keyword_id', 'The platform''s id of the keyword (Google: criterion id), unique within its ad group; unknown where it names none.'),
      ('search_term', 'What was searched for; unknown where the platform does not say. A search for that very word has quotes around it.')
    ) m (attname, meaning) on m.attname = a.attname::text
    where a.attrelid in (
      select oid from pg_class where relnamespace = 'warehouse'::regnamespace and relname ~ '^(device|country|keyword|search_term)_.*daily$')
      and a.attnum > 0 and col_description(a.attrelid, a.attnum) is null
  loop
    execute format('comment on column %s.%I is %L', part.relation, part.attname, part.meaning);
  end loop;
end
$$;
