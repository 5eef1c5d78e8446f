-- The company's own data: conversions, leads, costs, GA4 sessions, clicks; and the marts that set them against paid spend.
-- Money and counts are numeric(18,6). An unknown figure is NULL; a measured nothing is 0.

create table warehouse.first_party_conversion (
  conversion_id text,
  conversion_name text not null,
  converted_at timestamptz not null,
  quantity numeric(18, 6) not null default 1,
  value numeric(18, 6),
  currency text,
  order_id text,
  lead_id text,
  source text,
  medium text,
  campaign text,
  campaign_id text,
  term text,
  content text,
  referrer_host text,
  gclid text,
  click_ids jsonb not null default '{}',
  reported_channel text,
  tag_channel text not null,
  tag_traffic text not null check (tag_traffic in ('paid', 'organic', 'direct', 'other')),
  tag_platform text,
  tag_evidence text not null,
  source_platform text,
  is_conflict boolean not null,
  is_stale_suspected boolean not null,
  date date,
  channel text,
  traffic text check (traffic in ('paid', 'organic', 'direct', 'other')),
  platform text,
  evidence text,
  account_id text not null default '',
  joined_campaign_id text not null default '',
  joined_by text,
  import_source text not null,
  imported_at timestamptz not null default now(),
  primary key (conversion_id)
);
comment on table warehouse.first_party_conversion is 'Conversions as the company itself counted them: one row per conversion id, with the visit that brought them.';
comment on column warehouse.first_party_conversion.conversion_id is 'The company''s own id; importing it again replaces the row.';
comment on column warehouse.first_party_conversion.conversion_name is 'What happened, such as purchase.';
comment on column warehouse.first_party_conversion.converted_at is 'When it happened.';
comment on column warehouse.first_party_conversion.quantity is 'How many conversions the row stands for; may be fractional.';
comment on column warehouse.first_party_conversion.value is 'Worth in currency; NULL where unknown.';
comment on column warehouse.first_party_conversion.currency is 'ISO 4217 code of value.';
comment on column warehouse.first_party_conversion.order_id is 'Order or transaction; within one conversion name it counts once.';
comment on column warehouse.first_party_conversion.lead_id is 'The lead it grew from; see warehouse.lead.';
comment on column warehouse.first_party_conversion.source is 'Tagged source (utm_source) as it came; NULL where there was none.';
comment on column warehouse.first_party_conversion.medium is 'Tagged medium (utm_medium) as it came.';
comment on column warehouse.first_party_conversion.campaign is 'Tagged campaign (utm_campaign) as it came.';
comment on column warehouse.first_party_conversion.campaign_id is 'Tagged campaign id (utm_id) as it came.';
comment on column warehouse.first_party_conversion.term is 'Tagged search term (utm_term).';
comment on column warehouse.first_party_conversion.content is 'Tagged ad content (utm_content).';
comment on column warehouse.first_party_conversion.referrer_host is 'Host of the page that the visitor came from.';
comment on column warehouse.first_party_conversion.gclid is 'Google''s click id, which its click report explains.';
comment on column warehouse.first_party_conversion.click_ids is 'The other click ids of the landing URL, by name.';
comment on column warehouse.first_party_conversion.reported_channel is 'Channel that the file states itself; then nothing else is looked at.';
comment on column warehouse.first_party_conversion.tag_channel is 'Channel by the row''s own tags, click ids and referrer.';
comment on column warehouse.first_party_conversion.tag_traffic is 'Traffic class of tag_channel.';
comment on column warehouse.first_party_conversion.tag_platform is 'Ad platform that was paid, by the row''s own tags; NULL where unpaid or unknown.';
comment on column warehouse.first_party_conversion.tag_evidence is 'What decided tag_channel: click_id, utm, fbclid, referrer, reported or none.';
comment on column warehouse.first_party_conversion.source_platform is 'Ad platform whose name the source bears, paid or not.';
comment on column warehouse.first_party_conversion.is_conflict is 'Whether a paid click id overruled the tags.';
comment on column warehouse.first_party_conversion.is_stale_suspected is 'Whether an ad''s link may have been shared: a paid click id beside Meta''s fbclid.';
comment on column warehouse.first_party_conversion.date is 'Day in the configured time zone; set by the rollup.';
comment on column warehouse.first_party_conversion.channel is 'Channel after the joins with clicks, campaigns and leads; set by the rollup.';
comment on column warehouse.first_party_conversion.traffic is 'Traffic class of channel; set by the rollup.';
comment on column warehouse.first_party_conversion.platform is 'Ad platform that was paid; NULL where unpaid or unknown; set by the rollup.';
comment on column warehouse.first_party_conversion.evidence is 'What decided channel: as tag_evidence, or click_join, campaign_id, lead, expired_click; set by the rollup.';
comment on column warehouse.first_party_conversion.account_id is 'Ad account it was joined to, bare; '''' where none; set by the rollup.';
comment on column warehouse.first_party_conversion.joined_campaign_id is 'Campaign it was joined to; '''' where none; set by the rollup.';
comment on column warehouse.first_party_conversion.joined_by is 'How the campaign was found: click, campaign_id, or name (the weakest); NULL where it was not; set by the rollup.';
comment on column warehouse.first_party_conversion.import_source is 'Name of the imported file.';
comment on column warehouse.first_party_conversion.imported_at is 'When the row last changed by an import.';

create index on warehouse.first_party_conversion (conversion_name, order_id) where order_id is not null;
create index on warehouse.first_party_conversion (date);

create table warehouse.lead (
  lead_id text,
  created_at timestamptz not null,
  stage text,
  stage_at timestamptz,
  qualified_at timestamptz,
  customer_at timestamptz,
  lost_at timestamptz,
  score numeric(18, 6),
  value numeric(18, 6),
  currency text,
  email_sha256 text,
  phone_sha256 text,
  source text,
  medium text,
  campaign text,
  campaign_id text,
  term text,
  content text,
  referrer_host text,
  gclid text,
  click_ids jsonb not null default '{}',
  reported_channel text,
  tag_channel text not null,
  tag_traffic text not null check (tag_traffic in ('paid', 'organic', 'direct', 'other')),
  tag_platform text,
  tag_evidence text not null,
  source_platform text,
  is_conflict boolean not null,
  is_stale_suspected boolean not null,
  date date,
  channel text,
  traffic text check (traffic in ('paid', 'organic', 'direct', 'other')),
  platform text,
  evidence text,
  account_id text not null default '',
  joined_campaign_id text not null default '',
  joined_by text,
  import_source text not null,
  imported_at timestamptz not null default now(),
  primary key (lead_id)
);
comment on table warehouse.lead is 'Leads: one row per person who left contact details, with the visit that brought them. No plain personal data.';
comment on column warehouse.lead.lead_id is 'The CRM''s id; importing it again replaces the row.';
comment on column warehouse.lead.created_at is 'When the lead came in.';
comment on column warehouse.lead.stage is 'Life-cycle stage at the last import.';
comment on column warehouse.lead.stage_at is 'When that stage was reached, as imported.';
comment on column warehouse.lead.qualified_at is 'When the lead was qualified, where the CRM says so itself.';
comment on column warehouse.lead.customer_at is 'When the lead became a customer, where the CRM says so itself.';
comment on column warehouse.lead.lost_at is 'When the lead was lost.';
comment on column warehouse.lead.score is 'Lead score of the CRM.';
comment on column warehouse.lead.value is 'Worth of the lead in currency.';
comment on column warehouse.lead.currency is 'ISO 4217 code of value.';
comment on column warehouse.lead.email_sha256 is 'SHA-256 over the trimmed, lower-cased address; 64 hex digits.';
comment on column warehouse.lead.phone_sha256 is 'SHA-256 over the telephone number; 64 hex digits.';
comment on column warehouse.lead.source is 'Tagged source (utm_source) as it came; NULL where there was none.';
comment on column warehouse.lead.medium is 'Tagged medium (utm_medium) as it came.';
comment on column warehouse.lead.campaign is 'Tagged campaign (utm_campaign) as it came.';
comment on column warehouse.lead.campaign_id is 'Tagged campaign id (utm_id) as it came.';
comment on column warehouse.lead.term is 'Tagged search term (utm_term).';
comment on column warehouse.lead.content is 'Tagged ad content (utm_content).';
comment on column warehouse.lead.referrer_host is 'Host of the page that the visitor came from.';
comment on column warehouse.lead.gclid is 'Google''s click id, which its click report explains.';
comment on column warehouse.lead.click_ids is 'The other click ids of the landing URL, by name.';
comment on column warehouse.lead.reported_channel is 'Channel that the file states itself; then nothing else is looked at.';
comment on column warehouse.lead.tag_channel is 'Channel by the row''s own tags, click ids and referrer.';
comment on column warehouse.lead.tag_traffic is 'Traffic class of tag_channel.';
comment on column warehouse.lead.tag_platform is 'Ad platform that was paid, by the row''s own tags; NULL where unpaid or unknown.';
comment on column warehouse.lead.tag_evidence is 'What decided tag_channel: click_id, utm, fbclid, referrer, reported or none.';
comment on column warehouse.lead.source_platform is 'Ad platform whose name the source bears, paid or not.';
comment on column warehouse.lead.is_conflict is 'Whether a paid click id overruled the tags.';
comment on column warehouse.lead.is_stale_suspected is 'Whether an ad''s link may have been shared: a paid click id beside Meta''s fbclid.';
comment on column warehouse.lead.date is 'Day in the configured time zone; set by the rollup.';
comment on column warehouse.lead.channel is 'Channel after the joins with clicks, campaigns and leads; set by the rollup.';
comment on column warehouse.lead.traffic is 'Traffic class of channel; set by the rollup.';
comment on column warehouse.lead.platform is 'Ad platform that was paid; NULL where unpaid or unknown; set by the rollup.';
comment on column warehouse.lead.evidence is 'What decided channel: as tag_evidence, or click_join, campaign_id, lead, expired_click; set by the rollup.';
comment on column warehouse.lead.account_id is 'Ad account it was joined to, bare; '''' where none; set by the rollup.';
comment on column warehouse.lead.joined_campaign_id is 'Campaign it was joined to; '''' where none; set by the rollup.';
comment on column warehouse.lead.joined_by is 'How the campaign was found: click, campaign_id, or name (the weakest); NULL where it was not; set by the rollup.';
comment on column warehouse.lead.import_source is 'Name of the imported file.';
comment on column warehouse.lead.imported_at is 'When the row last changed by an import.';

create table warehouse.lead_stage (
  lead_id text,
  stage text,
  first_at timestamptz not null,
  primary key (lead_id, stage)
);
comment on table warehouse.lead_stage is 'When a lead first reached a stage: one row per lead and stage. Moving back leaves it.';
comment on column warehouse.lead_stage.lead_id is 'The lead; see warehouse.lead.';
comment on column warehouse.lead_stage.stage is 'subscriber, lead, marketing_qualified, sales_qualified, opportunity, customer, evangelist or other.';
comment on column warehouse.lead_stage.first_at is 'The first time that any import reported it.';

create table warehouse.cost (
  cost_key text,
  period_start date not null,
  period_end date not null,
  cost_class text not null check (cost_class in ('ad_spend', 'tool', 'labour', 'contact_centre', 'organic_activity')),
  amount numeric(18, 6) not null check (amount >= 0),
  currency text not null,
  platform text not null default '',
  account_id text not null default '',
  campaign_id text not null default '',
  label text not null default '',
  external_id text,
  import_source text not null,
  imported_at timestamptz not null default now(),
  primary key (cost_key),
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

create table warehouse.measure_daily (
  date date,
  measure text,
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

create table warehouse.click (
  platform text,
  click_id text,
  date date not null,
  account_id text not null,
  campaign_id text not null,
  ad_group_id text not null default '',
  ad_id text not null default '',
  network text not null default '',
  primary key (platform, click_id)
);
comment on table warehouse.click is 'Ad clicks as the platform''s click report explains them: one row per click id.';
comment on column warehouse.click.platform is 'google; no other platform has such a report.';
comment on column warehouse.click.click_id is 'The id in the landing URL (gclid).';
comment on column warehouse.click.date is 'Day of the click in the account''s zone.';
comment on column warehouse.click.account_id is 'The ad account, bare.';
comment on column warehouse.click.campaign_id is 'The campaign.';
comment on column warehouse.click.ad_group_id is 'The ad group.';
comment on column warehouse.click.ad_id is 'The ad.';
comment on column warehouse.click.network is 'The platform''s name of the network.';

create table warehouse.ga4_session_daily (
  property_id text,
  date date,
  reported_channel text,
  source text,
  medium text,
  campaign text,
  campaign_id text,
  sessions bigint not null,
  engaged_sessions bigint not null,
  key_events numeric(18, 6) not null,
  revenue numeric(18, 6),
  currency text,
  channel text not null,
  traffic text not null check (traffic in ('paid', 'organic', 'direct', 'other')),
  channel_disagrees boolean not null,
  primary key (property_id, date, reported_channel, source, medium, campaign, campaign_id)
);
comment on table warehouse.ga4_session_daily is 'GA4 sessions: one row per property, date, channel group, source, medium and campaign. Sessions are credited to their last non-direct source.';
comment on column warehouse.ga4_session_daily.property_id is 'GA4 property, digits.';
comment on column warehouse.ga4_session_daily.date is 'Day in the property''s time zone.';
comment on column warehouse.ga4_session_daily.reported_channel is 'GA4''s session default channel group; (other) is its overflow row.';
comment on column warehouse.ga4_session_daily.source is 'Session source.';
comment on column warehouse.ga4_session_daily.medium is 'Session medium.';
comment on column warehouse.ga4_session_daily.campaign is 'Session campaign name.';
comment on column warehouse.ga4_session_daily.campaign_id is 'Session campaign id.';
comment on column warehouse.ga4_session_daily.sessions is 'Sessions; GA4 approximates them.';
comment on column warehouse.ga4_session_daily.engaged_sessions is 'Sessions with engagement.';
comment on column warehouse.ga4_session_daily.key_events is 'Key events of every name.';
comment on column warehouse.ga4_session_daily.revenue is 'Purchase revenue in currency; NULL where GA4 hides it from this user.';
comment on column warehouse.ga4_session_daily.currency is 'ISO 4217 code of revenue.';
comment on column warehouse.ga4_session_daily.channel is 'reported_channel where it is one of the known labels, else Unassigned.';
comment on column warehouse.ga4_session_daily.traffic is 'Traffic class of channel.';
comment on column warehouse.ga4_session_daily.channel_disagrees is 'Whether the tags alone would give another channel.';

create table warehouse.ga4_key_event_daily (
  property_id text,
  date date,
  reported_channel text,
  source text,
  medium text,
  campaign text,
  campaign_id text,
  event_name text,
  key_events numeric(18, 6) not null,
  value numeric(18, 6),
  currency text,
  channel text not null,
  traffic text not null check (traffic in ('paid', 'organic', 'direct', 'other')),
  primary key (property_id, date, reported_channel, source, medium, campaign, campaign_id, event_name)
);
comment on table warehouse.ga4_key_event_daily is 'GA4 key events by name: one row per property, date, channel group, source, medium, campaign and event.';
comment on column warehouse.ga4_key_event_daily.property_id is 'GA4 property, digits.';
comment on column warehouse.ga4_key_event_daily.date is 'Day in the property''s time zone.';
comment on column warehouse.ga4_key_event_daily.reported_channel is 'GA4''s session default channel group; (other) is its overflow row.';
comment on column warehouse.ga4_key_event_daily.source is 'Session source.';
comment on column warehouse.ga4_key_event_daily.medium is 'Session medium.';
comment on column warehouse.ga4_key_event_daily.campaign is 'Session campaign name.';
comment on column warehouse.ga4_key_event_daily.campaign_id is 'Session campaign id.';
comment on column warehouse.ga4_key_event_daily.event_name is 'Name of the key event.';
comment on column warehouse.ga4_key_event_daily.key_events is 'How many; may be fractional.';
comment on column warehouse.ga4_key_event_daily.value is 'Worth in currency; NULL where unknown.';
comment on column warehouse.ga4_key_event_daily.currency is 'ISO 4217 code of value.';
comment on column warehouse.ga4_key_event_daily.channel is 'As in warehouse.ga4_session_daily.';
comment on column warehouse.ga4_key_event_daily.traffic is 'Traffic class of channel.';

create table ops.ga4_day (
  property_id text not null,
  date date not null,
  is_lossy boolean not null,
  is_thresholded boolean not null,
  sampled_share numeric,
  overflow_share numeric,
  disagreement_share numeric,
  revenue_hidden boolean not null,
  empty_reason text,
  time_zone text,
  tokens_left_today integer,
  fetched_at timestamptz not null default now(),
  primary key (property_id, date)
);
comment on table ops.ga4_day is 'One row per GA4 property and day fetched: how far its figures can be trusted. Shares are between 0 and 1, of the day''s sessions; sampled_share is NULL where nothing was sampled.';

create index on warehouse.campaign (campaign_id);
create index on warehouse.ad_group (ad_group_id);
create index on warehouse.ad (ad_id);

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

create table marts.channel_daily (
  date date,
  channel text,
  traffic text,
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

create table marts.paid_cost_per_conversion_first_party_daily (
  date date,
  platform text,
  account_id text,
  campaign_id text,
  account_name text,
  campaign_name text,
  currency text,
  spend numeric(18, 6),
  conversions numeric(18, 6) not null,
  conversions_joined_by_name numeric(18, 6) not null,
  conversion_value numeric(18, 6),
  platform_conversions numeric(18, 6),
  cost_per_conversion numeric,
  refreshed_at timestamptz not null,
  primary key (date, platform, account_id, campaign_id)
);
comment on table marts.paid_cost_per_conversion_first_party_daily is 'Paid spend per first-party paid conversion: one row per date, platform, account and campaign. Conversions that join no campaign keep their platform and have an empty campaign; platforms without spend data are left out.';
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
  conversion_id text,
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
  refreshed_at timestamptz not null,
  primary key (conversion_id)
);
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
comment on column marts.excluded_conversions.rule is 'duplicate_order (a repeat), counted_from_ga4, expired_click, organic, direct, other (not paid), or uncosted (paid, but its platform''s spend is not known).';
comment on column marts.excluded_conversions.detail is 'The rule in words, with the figures of this conversion.';
comment on column marts.excluded_conversions.refreshed_at is 'When this row last changed.';

create index on marts.excluded_conversions (date, rule);

create table marts.kpi_daily (
  date date,
  kpi text,
  dimensions jsonb,
  numerator numeric,
  denominator numeric,
  value numeric,
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
