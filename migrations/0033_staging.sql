-- Rows of slices under way: those of the facts with the slice they belong to, and the sums that reconciliation reads.

create schema staging;
comment on schema staging is 'Rows of slices under way. Unlogged: a crash empties it, and nothing of it was published.';

create unlogged table staging.ad_daily (slice_id bigint not null, like warehouse.ad_daily);
create index on staging.ad_daily (slice_id);

create unlogged table staging.conversion_daily (slice_id bigint not null, like warehouse.conversion_daily);
create index on staging.conversion_daily (slice_id);

-- Of a large day only the rows that differ from the published ones are staged. Here are the keys of the published rows
-- that do not stay as they are: those that changed, that the platform no longer sends, or that totals may complete.
create unlogged table staging.ad_daily_replaced (
  slice_id bigint not null,
  account_key integer not null,
  date date not null,
  campaign_id text not null,
  ad_group_id text not null,
  ad_id text not null
);
create index on staging.ad_daily_replaced (slice_id);

create unlogged table staging.conversion_daily_replaced (
  slice_id bigint not null,
  account_key integer not null,
  date date not null,
  campaign_id text not null,
  ad_group_id text not null,
  ad_id text not null,
  conversion_action_id text not null,
  attribution text not null,
  traffic text not null
);
create index on staging.conversion_daily_replaced (slice_id);

-- Without the conversions, which the rollup sets.
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
  slice_id bigint not null, like warehouse.network_conversion_daily);
create index on staging.network_conversion_daily (slice_id);

create unlogged table staging.device_daily (slice_id bigint not null, like warehouse.device_daily);
create unlogged table staging.country_daily (slice_id bigint not null, like warehouse.country_daily);
create unlogged table staging.keyword_daily (slice_id bigint not null, like warehouse.keyword_daily);
create unlogged table staging.search_term_daily (slice_id bigint not null, like warehouse.search_term_daily);
create unlogged table staging.device_conversion_daily (
  slice_id bigint not null, like warehouse.device_conversion_daily including constraints);
create unlogged table staging.country_conversion_daily (
  slice_id bigint not null, like warehouse.country_conversion_daily including constraints);
create unlogged table staging.keyword_conversion_daily (
  slice_id bigint not null, like warehouse.keyword_conversion_daily including constraints);
create unlogged table staging.search_term_conversion_daily (
  slice_id bigint not null, like warehouse.search_term_conversion_daily including constraints);
create index on staging.device_daily (slice_id);
create index on staging.country_daily (slice_id);
create index on staging.keyword_daily (slice_id);
create index on staging.search_term_daily (slice_id);
create index on staging.device_conversion_daily (slice_id);
create index on staging.country_conversion_daily (slice_id);
create index on staging.keyword_conversion_daily (slice_id);
create index on staging.search_term_conversion_daily (slice_id);

-- What the platform says a campaign's day came to, where it was asked. Here and below wider than the facts: sums of absurd
-- figures must be found and named, rather than end the statement that makes them.
create unlogged table staging.campaign_daily (
  slice_id bigint not null,
  account_key integer not null,
  date date not null,
  campaign_id text not null,
  spend numeric(38, 6) not null,
  impressions numeric(38) not null,
  clicks numeric(38) not null
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
  conversions numeric(38, 6) not null,
  conversion_value numeric(38, 6) not null,
  primary_conversions numeric(38, 6) not null,
  primary_conversion_value numeric(38, 6) not null,
  all_conversions numeric(38, 6) not null,
  all_conversion_value numeric(38, 6) not null
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
  account_key integer not null,
  date date not null,
  campaign_id text not null,
  spend numeric(38, 6) not null,
  impressions numeric(38) not null,
  clicks numeric(38) not null,
  row_count bigint not null,
  is_residual boolean not null
);
create index on staging.delivery_part (slice_id);

create unlogged table staging.outcome_part (
  slice_id bigint not null,
  account_key integer not null,
  date date not null,
  campaign_id text not null,
  conversion_action_id text not null,
  attribution text not null,
  traffic text not null,
  conversions numeric(38, 6) not null,
  conversion_value numeric(38, 6) not null,
  primary_conversions numeric(38, 6) not null,
  primary_conversion_value numeric(38, 6) not null,
  all_conversions numeric(38, 6) not null,
  all_conversion_value numeric(38, 6) not null,
  row_count bigint not null,
  is_residual boolean not null
);
create index on staging.outcome_part (slice_id);
