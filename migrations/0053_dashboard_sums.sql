-- What the dashboard reads where the daily figures are too many to add up on every visit: written by the rollup, in the
-- transaction of the figures that it adds up. No trigger, no mark, nobody who brings it up to date later.

create function figures.millionths(figure numeric) returns bigint
language sql immutable parallel safe return case when abs(figure) < 9000000000000 then (figure * 1000000)::bigint end;
comment on function figures.millionths is 'A figure in millionths; NULL where that is more than a bigint holds.';

create table figures.campaign_year_to_date (
  impressions bigint not null,
  clicks bigint not null,
  spend bigint,
  conversions bigint,
  conversion_value bigint,
  organic_conversions bigint,
  spend_reporting bigint,
  conversion_value_reporting bigint,
  refreshed_at timestamptz not null,
  account_key integer not null,
  date date not null,
  days smallint not null,
  days_without_rate smallint not null,
  campaign_id text not null,
  primary key (account_key, date, campaign_id)
) with (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
comment on table figures.campaign_year_to_date is 'For the dashboard: the daily figures of each campaign from 1 January up to and with the day, on the 8th, 16th, 24th and last day of each month, from the campaign''s first row of the year to the account''s last. Amounts and conversions in millionths, NULL where that is more than a bigint holds; reporting amounts of days with a known rate. In the account''s currency.';

create table figures.part_daily (
  account_key integer not null,
  date date not null,
  part_kind text not null check (part_kind in ('network', 'action', 'organic_action')),
  part_id text not null,
  currency text not null,
  spend numeric,
  impressions bigint,
  clicks bigint,
  conversions numeric not null,
  conversion_value numeric not null,
  organic_conversions numeric,
  spend_reporting numeric,
  conversion_value_reporting numeric,
  refreshed_at timestamptz not null,
  primary key (account_key, date, part_kind, part_id)
);
comment on table figures.part_daily is 'For the dashboard: the figures by network and by action, and organic conversions by action, added up over campaigns. Actions have no spend of their own.';
