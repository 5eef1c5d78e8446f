-- What the company spends beside the platforms, and daily figures that no platform supplies.

create table warehouse.cost (
  cost_key text primary key,
  period_start date not null,
  period_end date not null,
  cost_class text not null
    check (cost_class in ('ad_spend', 'tool', 'labour', 'contact_centre', 'organic_activity')),
  amount numeric(18, 6) not null check (amount >= 0),
  currency text not null,
  platform text not null default '',
  account_id text not null default '',
  campaign_id text not null default '',
  label text not null default '',
  external_id text,
  import_source text not null,
  imported_at timestamptz not null default now(),
  check (period_end >= period_start)
);
comment on table warehouse.cost is 'Imported costs: one row per booking. The class is stated by the file, never guessed.';
comment on column warehouse.cost.cost_key is 'external_id, or a key made of the row''s other columns and its place among equals.';
comment on column warehouse.cost.period_start is 'First day that the cost is for.';
comment on column warehouse.cost.period_end is 'Last day that the cost is for.';
comment on column warehouse.cost.cost_class is 'What kind of cost; organic_activity is in no cost per conversion.';
comment on column warehouse.cost.amount is 'Whole amount of the period in currency, without VAT.';
comment on column warehouse.cost.currency is 'ISO 4217 code of amount.';
comment on column warehouse.cost.platform is 'Ad platform it is booked on; '''' where on none.';
comment on column warehouse.cost.account_id is 'Ad account it is booked on, bare; '''' where on none.';
comment on column warehouse.cost.campaign_id is 'Campaign it is booked on; '''' where on none.';
comment on column warehouse.cost.label is 'Free text of the booking.';
comment on column warehouse.cost.external_id is 'The booking''s id in the company''s books; importing it again replaces the row.';
comment on column warehouse.cost.import_source is 'Name of the imported file.';
comment on column warehouse.cost.imported_at is 'When the row last changed by an import.';

-- Day shares add up to the booking exactly: the last day takes what rounding left.
create view warehouse.cost_daily as
select c.cost_key, c.period_start + d.day as date, c.cost_class, c.platform, c.account_id, c.campaign_id, c.currency,
       case when d.day < c.period_end - c.period_start then share.amount
            else c.amount - share.amount * (c.period_end - c.period_start) end::numeric(18, 6) as amount
from warehouse.cost c
cross join lateral (select trunc(c.amount / (c.period_end - c.period_start + 1), 6) as amount) share
cross join lateral generate_series(0, c.period_end - c.period_start) d (day);
comment on view warehouse.cost_daily is 'Imported costs spread evenly over the days of their period: one row per booking and day.';
comment on column warehouse.cost_daily.cost_key is 'The booking; see warehouse.cost.';
comment on column warehouse.cost_daily.date is 'Day that the share is for.';
comment on column warehouse.cost_daily.cost_class is 'As in warehouse.cost.';
comment on column warehouse.cost_daily.platform is 'As in warehouse.cost.';
comment on column warehouse.cost_daily.account_id is 'As in warehouse.cost.';
comment on column warehouse.cost_daily.campaign_id is 'As in warehouse.cost.';
comment on column warehouse.cost_daily.currency is 'ISO 4217 code of amount.';
comment on column warehouse.cost_daily.amount is 'The day''s share of the booking in currency.';

create table warehouse.measure_daily (
  date date not null,
  measure text not null,
  platform text not null default '',
  label text not null default '',
  value numeric(18, 6) not null,
  currency text,
  import_source text not null,
  imported_at timestamptz not null default now(),
  primary key (date, measure, platform, label)
);
comment on table warehouse.measure_daily is 'Imported daily figures that no platform supplies: calls, contacts, visitors, keyword ranks.';
comment on column warehouse.measure_daily.date is 'Day of the figure.';
comment on column warehouse.measure_daily.measure is 'Which figure; see docs/kpis.md.';
comment on column warehouse.measure_daily.platform is 'Ad platform it belongs to; '''' where to none.';
comment on column warehouse.measure_daily.label is 'What tells rows of one day apart, such as a page or a team.';
comment on column warehouse.measure_daily.value is 'The figure.';
comment on column warehouse.measure_daily.currency is 'ISO 4217 code where the figure is money.';
comment on column warehouse.measure_daily.import_source is 'Name of the imported file.';
comment on column warehouse.measure_daily.imported_at is 'When the row last changed by an import.';
