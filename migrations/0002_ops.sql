-- What costper did and knows about its own work: slices, account-days, staging.

create schema if not exists ops;
comment on schema ops is 'Sync state, reconciliation and alerts.';

create table ops.run (
  run_id uuid primary key default gen_random_uuid(),
  command text not null,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  outcome text
);
comment on table ops.run is 'One row per sync, whoever started it.';

create table ops.slice (
  slice_id bigint generated always as identity primary key,
  run_id uuid references ops.run,
  platform text not null,
  account_id text not null,
  from_date date not null,
  to_date date not null,
  outcome text not null default 'running'
    check (outcome in ('running', 'done', 'failed', 'cancelled')),
  failure_kind text,
  failure text,
  remedy text,
  rows_read bigint not null default 0,
  rows_written bigint not null default 0,
  attempts integer not null default 1,
  platform_spend numeric(18, 6),
  our_spend numeric(18, 6),
  started_at timestamptz not null default now(),
  finished_at timestamptz
);
comment on table ops.slice is 'One row per attempted slice: an account and a window of its days.';
create index slice_by_account on ops.slice (platform, account_id, started_at desc);

create table ops.account_day (
  platform text not null,
  account_id text not null,
  date date not null,
  state text not null default 'not_fetched'
    check (state in ('complete', 'no_spend', 'not_fetched', 'failed', 'account_closed')),
  platform_spend numeric(18, 6),
  our_spend numeric(18, 6),
  difference numeric(18, 6),
  residual_spend numeric(18, 6),
  cause text,
  fetched_at timestamptz,
  slice_id bigint,
  primary key (platform, account_id, date)
);
comment on table ops.account_day is 'One row per account and day that was ever asked for: what is known about its figures. platform_spend is the platform''s own total, our_spend the sum of the rows fetched for it, difference platform minus ours.';

-- Account-days whose facts changed since the last rollup. Written in the transaction that publishes them.
create table ops.touched_day (
  account_key integer not null,
  date date not null,
  touched_at timestamptz not null default now(),
  primary key (account_key, date)
);

-- The choices that rollups were computed with: where they differ from the configuration, everything is recomputed.
create table ops.rollup_setting (
  name text primary key,
  value text not null
);

create schema staging;
comment on schema staging is 'Rows of slices under way. Unlogged: a crash empties it, and nothing of it was published.';

create unlogged table staging.ad_daily (
  slice_id bigint not null,
  account_key integer not null,
  date date not null,
  campaign_id text not null,
  ad_group_id text not null,
  ad_id text not null,
  spend numeric(18, 6) not null,
  impressions bigint not null,
  clicks bigint not null
);
create index on staging.ad_daily (slice_id);

create unlogged table staging.network_daily (
  slice_id bigint not null,
  account_key integer not null,
  date date not null,
  campaign_id text not null,
  network text not null,
  spend numeric(18, 6) not null,
  impressions bigint not null,
  clicks bigint not null
);
create index on staging.network_daily (slice_id);

create unlogged table staging.network_conversion_daily (
  slice_id bigint not null,
  account_key integer not null,
  date date not null,
  campaign_id text not null,
  network text not null,
  conversion_action_id text not null,
  attribution text not null,
  traffic text not null,
  conversions numeric(18, 6) not null,
  conversion_value numeric(18, 6) not null,
  primary_conversions numeric(18, 6) not null,
  primary_conversion_value numeric(18, 6) not null,
  all_conversions numeric(18, 6) not null,
  all_conversion_value numeric(18, 6) not null
);
create index on staging.network_conversion_daily (slice_id);

create unlogged table staging.conversion_daily (
  slice_id bigint not null,
  account_key integer not null,
  date date not null,
  campaign_id text not null,
  ad_group_id text not null,
  ad_id text not null,
  conversion_action_id text not null,
  attribution text not null,
  traffic text not null,
  conversions numeric(18, 6) not null,
  conversion_value numeric(18, 6) not null,
  primary_conversions numeric(18, 6) not null,
  primary_conversion_value numeric(18, 6) not null,
  all_conversions numeric(18, 6) not null,
  all_conversion_value numeric(18, 6) not null
);
create index on staging.conversion_daily (slice_id);

-- What the platform says a campaign's day came to, where it was asked.
create unlogged table staging.campaign_daily (
  slice_id bigint not null,
  account_key integer not null,
  date date not null,
  campaign_id text not null,
  spend numeric(18, 6) not null,
  impressions bigint not null,
  clicks bigint not null
);
create index on staging.campaign_daily (slice_id);

create unlogged table staging.campaign_conversion_daily (
  slice_id bigint not null,
  account_key integer not null,
  date date not null,
  campaign_id text not null,
  conversion_action_id text not null,
  attribution text not null,
  traffic text not null,
  conversions numeric(18, 6) not null,
  conversion_value numeric(18, 6) not null,
  primary_conversions numeric(18, 6) not null,
  primary_conversion_value numeric(18, 6) not null,
  all_conversions numeric(18, 6) not null,
  all_conversion_value numeric(18, 6) not null
);
create index on staging.campaign_conversion_daily (slice_id);

create unlogged table staging.account_daily (
  slice_id bigint not null,
  account_key integer not null,
  date date not null,
  spend numeric(18, 6) not null,
  impressions bigint not null,
  clicks bigint not null
);
create index on staging.account_daily (slice_id);

-- A slice's rows summed by campaign-day (and action), and the residual rows that complete them: reconciliation reads
-- these few rather than every ad.
create unlogged table staging.delivery_part (
  slice_id bigint not null,
  date date not null,
  campaign_id text not null,
  spend numeric(18, 6) not null,
  impressions bigint not null,
  clicks bigint not null,
  row_count bigint not null,
  is_residual boolean not null
);
create index on staging.delivery_part (slice_id);

create unlogged table staging.outcome_part (
  slice_id bigint not null,
  date date not null,
  campaign_id text not null,
  conversion_action_id text not null,
  attribution text not null,
  traffic text not null,
  conversions numeric(18, 6) not null,
  conversion_value numeric(18, 6) not null,
  primary_conversions numeric(18, 6) not null,
  primary_conversion_value numeric(18, 6) not null,
  all_conversions numeric(18, 6) not null,
  all_conversion_value numeric(18, 6) not null,
  row_count bigint not null,
  is_residual boolean not null
);
create index on staging.outcome_part (slice_id);
