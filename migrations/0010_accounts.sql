-- Whose figures these are: the platforms, their accounts, and what an account is divided into. Ids are the platforms'
-- own, bare, as text; '' where a platform names none.

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

-- An account whose currency or time zone changed at the platform goes on as a new series, with a key of its own: all
-- that is kept by key stays in one currency and one zone.
create table warehouse.account (
  account_key integer generated always as identity primary key,
  platform text not null,
  account_id text not null,
  name text not null,
  currency text not null,
  time_zone text not null,
  series_from date,
  series_to date,
  status text not null,
  is_active boolean not null,
  restatement_days integer not null,
  first_seen_at timestamptz not null default now()
);
create unique index account_current on warehouse.account (platform, account_id) where series_to is null;
create index account_by_id on warehouse.account (platform, account_id);
comment on table warehouse.account is 'One row per ad account that discovery ever found. Accounts that vanish stay.';
comment on column warehouse.account.account_key is 'Short key that facts carry for the account.';
comment on column warehouse.account.platform is 'Name of the ad platform, such as google; see warehouse.platform.';
comment on column warehouse.account.account_id is 'The platform''s id, bare: ten digits without dashes, without act_, without URN. A further currency of an X account is an account of its own, <id>:<CUR>.';
comment on column warehouse.account.name is 'Name of the account at the last sync.';
comment on column warehouse.account.currency is 'ISO 4217 code of every amount of this account.';
comment on column warehouse.account.time_zone is 'IANA zone whose days the account reports in.';
comment on column warehouse.account.series_from is 'First day of this series, where the account''s currency or time zone changed before it; NULL for the first series.';
comment on column warehouse.account.series_to is 'Last day of this series, after which the account''s currency or time zone is another; NULL for the series that goes on.';
comment on column warehouse.account.status is 'The platform''s own word for the account''s state.';
comment on column warehouse.account.is_active is 'False where the platform says that the account is closed, cancelled or not enabled.';
comment on column warehouse.account.restatement_days is 'Days after which the platform no longer revises a day''s figures; older days are final.';
comment on column warehouse.account.first_seen_at is 'When discovery found the account first.';

create table warehouse.campaign (
  account_key integer not null references warehouse.account,
  campaign_id text not null,
  name text not null,
  status text not null,
  type text not null,
  updated_at timestamptz not null default now(),
  primary key (account_key, campaign_id)
);
create index on warehouse.campaign (campaign_id);
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
create index on warehouse.ad_group (ad_group_id);
comment on table warehouse.ad_group is 'One row per ad group (Meta: ad set; X: line item), removed ones included.';
comment on column warehouse.ad_group.account_key is 'The account; see warehouse.account.';
comment on column warehouse.ad_group.ad_group_id is 'The platform''s ad group or ad set id.';
comment on column warehouse.ad_group.campaign_id is 'The campaign it belongs to.';
comment on column warehouse.ad_group.name is 'Name at the last sync.';
comment on column warehouse.ad_group.status is 'The platform''s own word for its state.';
comment on column warehouse.ad_group.updated_at is 'When this row last changed.';

-- Ads and keywords are many: a reference would be looked up row by row, which costs half of what storing them does.
create table warehouse.ad (
  account_key integer not null,
  ad_group_id text not null,
  ad_id text not null,
  campaign_id text not null,
  name text not null,
  status text not null,
  updated_at timestamptz not null default now(),
  primary key (account_key, ad_group_id, ad_id)
);
create index on warehouse.ad (ad_id);
comment on table warehouse.ad is 'One row per ad in an ad group (Google: one ad can sit in several), removed ones included.';
comment on column warehouse.ad.account_key is 'The account; see warehouse.account.';
comment on column warehouse.ad.ad_group_id is 'The ad group it sits in.';
comment on column warehouse.ad.ad_id is 'The platform''s ad id (LinkedIn: creative; X: promoted tweet, whose name is the tweet''s id).';
comment on column warehouse.ad.campaign_id is 'The campaign it belongs to.';
comment on column warehouse.ad.name is 'Name at the last sync; may be empty.';
comment on column warehouse.ad.status is 'The platform''s own word for its state.';
comment on column warehouse.ad.updated_at is 'When this row last changed.';

create table warehouse.keyword (
  account_key integer not null,
  ad_group_id text not null,
  keyword_id text not null,
  campaign_id text not null,
  name text not null,
  match_type text not null,
  status text not null,
  updated_at timestamptz not null default now(),
  primary key (account_key, ad_group_id, keyword_id)
);
comment on table warehouse.keyword is 'Keywords with figures, removed ones too. An id is unique within its ad group only.';
comment on column warehouse.keyword.account_key is 'The account; see warehouse.account.';
comment on column warehouse.keyword.ad_group_id is 'The ad group that bids on it.';
comment on column warehouse.keyword.keyword_id is 'The platform''s id of the keyword (Google: criterion id).';
comment on column warehouse.keyword.campaign_id is 'Its campaign.';
comment on column warehouse.keyword.name is 'The text of the keyword.';
comment on column warehouse.keyword.match_type is 'How a search must match it, as the platform says it (EXACT, PHRASE, BROAD).';
comment on column warehouse.keyword.status is 'Status, as the platform says it; may be empty.';
comment on column warehouse.keyword.updated_at is 'When the row last changed.';

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
comment on table warehouse.conversion_action is 'One row per conversion action (Meta: action type; LinkedIn: conversion rule, and oneClickLeads; Microsoft: goal; X: web conversion type).';
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
