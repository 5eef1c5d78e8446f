-- The company's own figures for analysts: by channel, set against paid spend, and every KPI in long form.

create table marts.channel_daily (
  date date not null,
  channel text not null,
  traffic text not null,
  sessions numeric(18, 6),
  conversions numeric(18, 6),
  conversion_value numeric(18, 6),
  currency text,
  refreshed_at timestamptz not null,
  primary key (date, channel, traffic)
);
comment on table marts.channel_daily is 'Sessions and conversions by channel: one row per date, channel and traffic class. First-party data; nothing of it is added to what ad platforms report.';
comment on column marts.channel_daily.date is 'Day in the configured time zone (sessions: in the GA4 property''s).';
comment on column marts.channel_daily.channel is 'GA4''s channel label, such as Paid Search.';
comment on column marts.channel_daily.traffic is 'paid, organic, direct or other.';
comment on column marts.channel_daily.sessions is 'Sessions by GA4; NULL where GA4 has no data of the day.';
comment on column marts.channel_daily.conversions is 'First-party conversions, repeats left out; NULL where none was ever imported.';
comment on column marts.channel_daily.conversion_value is 'Their value in currency; NULL where a value cannot be given in one currency.';
comment on column marts.channel_daily.currency is 'ISO 4217 code of conversion_value.';
comment on column marts.channel_daily.refreshed_at is 'When a figure of this row last changed.';

create table figures.paid_cost_per_conversion_first_party_daily (
  date date not null,
  platform text not null,
  account_id text not null,
  campaign_id text not null,
  currency text,
  spend numeric(18, 6),
  conversions numeric(18, 6) not null,
  conversions_joined_by_name numeric(18, 6) not null,
  conversion_value numeric(18, 6),
  platform_conversions numeric(18, 6),
  cost_per_conversion numeric(18, 6),
  refreshed_at timestamptz not null,
  primary key (date, platform, account_id, campaign_id)
);
comment on table figures.paid_cost_per_conversion_first_party_daily is 'Under marts.paid_cost_per_conversion_first_party_daily.';

-- Names are joined by the view, as in the other marts: a renamed campaign writes no figure.
create view marts.paid_cost_per_conversion_first_party_daily as
select f.date, f.platform, f.account_id, f.campaign_id, a.name as account_name, c.name as campaign_name, f.currency,
       f.spend, f.conversions, f.conversions_joined_by_name, f.conversion_value, f.platform_conversions,
       f.cost_per_conversion, f.refreshed_at
from figures.paid_cost_per_conversion_first_party_daily f
left join warehouse.account a on a.platform = f.platform and a.account_id = f.account_id and a.series_to is null
left join warehouse.campaign c on c.account_key = a.account_key and c.campaign_id = f.campaign_id;
comment on view marts.paid_cost_per_conversion_first_party_daily is 'Paid spend per first-party paid conversion: one row per date, platform, account and campaign. Conversions that join no campaign keep their platform and have an empty campaign; platforms without spend data are left out.';
comment on column marts.paid_cost_per_conversion_first_party_daily.date is 'Reporting day of the account; day in the configured time zone for conversions.';
comment on column marts.paid_cost_per_conversion_first_party_daily.platform is 'Ad platform.';
comment on column marts.paid_cost_per_conversion_first_party_daily.account_id is 'Ad account, bare; '''' for conversions that join none.';
comment on column marts.paid_cost_per_conversion_first_party_daily.campaign_id is 'Campaign; '''' for conversions and costs that belong to none.';
comment on column marts.paid_cost_per_conversion_first_party_daily.account_name is 'Name of the account today.';
comment on column marts.paid_cost_per_conversion_first_party_daily.campaign_name is 'Name of the campaign today.';
comment on column marts.paid_cost_per_conversion_first_party_daily.currency is 'ISO 4217 code of the amounts; NULL where the row has none or several.';
comment on column marts.paid_cost_per_conversion_first_party_daily.spend is 'Paid spend, imported ad spend included; NULL where in several currencies.';
comment on column marts.paid_cost_per_conversion_first_party_daily.conversions is 'First-party paid conversions, repeats left out.';
comment on column marts.paid_cost_per_conversion_first_party_daily.conversions_joined_by_name is 'The part of them that found its campaign by name alone.';
comment on column marts.paid_cost_per_conversion_first_party_daily.conversion_value is 'Value of conversions in currency; NULL where unknown.';
comment on column marts.paid_cost_per_conversion_first_party_daily.platform_conversions is 'What the platform itself counts; another measurement of the same, never to be added.';
comment on column marts.paid_cost_per_conversion_first_party_daily.cost_per_conversion is 'spend / conversions; NULL where conversions are 0.';
comment on column marts.paid_cost_per_conversion_first_party_daily.refreshed_at is 'When a figure of this row last changed.';

create table marts.excluded_conversions (
  conversion_id text primary key,
  date date not null,
  conversion_name text not null,
  channel text not null,
  traffic text not null,
  platform text,
  conversions numeric(18, 6) not null,
  conversion_value numeric(18, 6),
  currency text,
  rule text not null,
  detail text not null,
  refreshed_at timestamptz not null
);
create index on marts.excluded_conversions (date, rule);
comment on table marts.excluded_conversions is 'First-party conversions that are left out of the paid cost per conversion: one row each, with the rule that excluded it.';
comment on column marts.excluded_conversions.conversion_id is 'The conversion; see warehouse.first_party_conversion.';
comment on column marts.excluded_conversions.date is 'Day in the configured time zone.';
comment on column marts.excluded_conversions.conversion_name is 'What happened.';
comment on column marts.excluded_conversions.channel is 'Channel it came from.';
comment on column marts.excluded_conversions.traffic is 'paid, organic, direct or other.';
comment on column marts.excluded_conversions.platform is 'Ad platform that was paid, if one was.';
comment on column marts.excluded_conversions.conversions is 'How many conversions the row stands for.';
comment on column marts.excluded_conversions.conversion_value is 'Worth in currency.';
comment on column marts.excluded_conversions.currency is 'ISO 4217 code of conversion_value.';
comment on column marts.excluded_conversions.rule is 'retracted (taken back), duplicate_order (a repeat), counted_from_ga4, expired_click, organic, direct, other (not paid), or uncosted (paid, but its platform''s spend is not known).';
comment on column marts.excluded_conversions.detail is 'The rule in words, with the figures of this conversion.';
comment on column marts.excluded_conversions.refreshed_at is 'When this row last changed.';

create table figures.kpi_measure_daily (
  date date not null,
  measure text not null,
  platform text not null,
  currency text not null,
  amount numeric,
  refreshed_at timestamptz not null,
  primary key (date, measure, platform, currency)
);
create index on figures.kpi_measure_daily (measure);
comment on table figures.kpi_measure_daily is 'Under marts.kpi_daily: the measures that KPIs are made of, by day, platform and currency ('''' for none).';

create table marts.kpi_daily (
  date date not null,
  kpi text not null,
  dimensions jsonb not null,
  numerator numeric(18, 6),
  denominator numeric(18, 6),
  value numeric(18, 6),
  unit text not null,
  refreshed_at timestamptz not null,
  primary key (date, kpi, dimensions)
);
comment on table marts.kpi_daily is 'Every KPI in long form: one row per date, KPI and dimensions. Over several days divide the sum of numerators by the sum of denominators.';
comment on column marts.kpi_daily.date is 'Day of the figure.';
comment on column marts.kpi_daily.kpi is 'Id of the KPI; see docs/kpis.md.';
comment on column marts.kpi_daily.dimensions is 'What the row is about: platform, conversion_source; {} for everything.';
comment on column marts.kpi_daily.numerator is 'Sum above the line; NULL where a part is unknown.';
comment on column marts.kpi_daily.denominator is 'Sum below the line; NULL where unknown or where the KPI is no ratio.';
comment on column marts.kpi_daily.value is 'numerator / denominator; NULL where either is unknown or the denominator is not above 0.';
comment on column marts.kpi_daily.unit is 'ISO 4217 code, ratio, score or count; '''' for money of unknown currency.';
comment on column marts.kpi_daily.refreshed_at is 'When a figure of this row last changed.';
