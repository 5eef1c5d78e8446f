-- The company's own conversions and leads, with the visit that brought them. Money and counts are numeric(18, 6). An
-- unknown figure is NULL; a measured nothing is 0.

create table warehouse.first_party_conversion (
  conversion_id text primary key,
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
  source_name text,
  import_source text not null,
  imported_at timestamptz not null default now(),
  retracted_at timestamptz,
  repeats_id text
);
create index on warehouse.first_party_conversion (conversion_name, order_id) where order_id is not null;
create index on warehouse.first_party_conversion (date);
create index on warehouse.first_party_conversion (source_name) where source_name is not null;
create index on warehouse.first_party_conversion (repeats_id) where repeats_id is not null;
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
comment on column warehouse.first_party_conversion.source_name is 'Name of the source that it came from by itself; NULL: imported by file.';
comment on column warehouse.first_party_conversion.import_source is 'Name of the imported file.';
comment on column warehouse.first_party_conversion.imported_at is 'When the row last changed by an import.';
comment on column warehouse.first_party_conversion.retracted_at is 'When it was taken back (lost, reopened, deleted); it counts nowhere since.';
comment on column warehouse.first_party_conversion.repeats_id is 'The conversion that counts for its order, where this one repeats it; set by the rollup.';

create table warehouse.lead (
  lead_id text primary key,
  created_at timestamptz not null,
  stage text,
  stage_at timestamptz,
  raw_stage text,
  raw_status text,
  raw_fields jsonb,
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
  qualified_date date,
  customer_date date,
  channel text,
  traffic text check (traffic in ('paid', 'organic', 'direct', 'other')),
  platform text,
  evidence text,
  account_id text not null default '',
  joined_campaign_id text not null default '',
  joined_by text,
  source_name text,
  import_source text not null,
  imported_at timestamptz not null default now(),
  deleted_at timestamptz,
  withdrawn_at timestamptz
);
create index on warehouse.lead (source_name) where source_name is not null;
comment on table warehouse.lead is 'Leads: one row per person who left contact details, with the visit that brought them. No plain personal data.';
comment on column warehouse.lead.lead_id is 'The CRM''s id; importing it again replaces the row.';
comment on column warehouse.lead.created_at is 'When the lead came in.';
comment on column warehouse.lead.stage is 'Life-cycle stage at the last import.';
comment on column warehouse.lead.stage_at is 'When that stage was reached, as imported.';
comment on column warehouse.lead.raw_stage is 'The CRM''s own value of the stage; NULL where imported by file.';
comment on column warehouse.lead.raw_status is 'The CRM''s own value of the status; NULL where imported by file.';
comment on column warehouse.lead.raw_fields is 'Values of the fields that `where` of its source judges by; NULL where it has none.';
comment on column warehouse.lead.qualified_at is 'When the lead was qualified, where the CRM says so itself; the earliest that was said.';
comment on column warehouse.lead.customer_at is 'When the lead became a customer, where the CRM says so itself; the earliest that was said.';
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
comment on column warehouse.lead.qualified_date is 'Day on which it is booked as qualified, in the configured time zone; NULL where it is not; set by the rollup.';
comment on column warehouse.lead.customer_date is 'Day on which it is booked as a customer; set by the rollup.';
comment on column warehouse.lead.channel is 'Channel after the joins with clicks, campaigns and leads; set by the rollup.';
comment on column warehouse.lead.traffic is 'Traffic class of channel; set by the rollup.';
comment on column warehouse.lead.platform is 'Ad platform that was paid; NULL where unpaid or unknown; set by the rollup.';
comment on column warehouse.lead.evidence is 'What decided channel: as tag_evidence, or click_join, campaign_id, lead, expired_click; set by the rollup.';
comment on column warehouse.lead.account_id is 'Ad account it was joined to, bare; '''' where none; set by the rollup.';
comment on column warehouse.lead.joined_campaign_id is 'Campaign it was joined to; '''' where none; set by the rollup.';
comment on column warehouse.lead.joined_by is 'How the campaign was found: click, campaign_id, or name (the weakest); NULL where it was not; set by the rollup.';
comment on column warehouse.lead.source_name is 'Name of the source that it came from by itself; NULL: imported by file.';
comment on column warehouse.lead.import_source is 'Name of the imported file.';
comment on column warehouse.lead.imported_at is 'When the row last changed by an import.';
comment on column warehouse.lead.deleted_at is 'When it was deleted at its origin; click ids, tags that may name people and hashes are gone since.';
comment on column warehouse.lead.withdrawn_at is 'When it was withdrawn, or its source''s conditions came to leave it out; it counts nowhere since.';

-- The ledger of leads: a qualification is booked on the day on which it first happened, and stays there. What is kept is
-- history (first days of stages, new maxima of the score), so that another rule can be applied to it later.
create table warehouse.lead_stage (
  lead_id text not null,
  stage text not null,
  first_at timestamptz not null,
  observed_at timestamptz not null default now(),
  primary key (lead_id, stage)
);
comment on table warehouse.lead_stage is 'When a lead first reached a stage: one row per lead and stage. Moving back leaves it.';
comment on column warehouse.lead_stage.lead_id is 'The lead; see warehouse.lead.';
comment on column warehouse.lead_stage.stage is 'subscriber, lead, marketing_qualified, sales_qualified, opportunity, customer, evangelist or other.';
comment on column warehouse.lead_stage.first_at is 'The first time that any import or source reported; only ever gets earlier.';
comment on column warehouse.lead_stage.observed_at is 'When it was loaded.';

-- A CRM's own values are kept beside their meaning, so that another meaning can be given to them later without asking
-- the CRM again.
create table warehouse.lead_raw_stage (
  lead_id text not null,
  raw_stage text not null,
  first_at timestamptz not null,
  observed_at timestamptz not null default now(),
  primary key (lead_id, raw_stage)
);
comment on table warehouse.lead_raw_stage is 'The first time that a lead had a value of the CRM''s own stage; warehouse.lead_stage has what they mean.';
comment on column warehouse.lead_raw_stage.lead_id is 'The lead; see warehouse.lead.';
comment on column warehouse.lead_raw_stage.raw_stage is 'The CRM''s own value.';
comment on column warehouse.lead_raw_stage.first_at is 'The first time that the CRM reported; only ever gets earlier.';
comment on column warehouse.lead_raw_stage.observed_at is 'When it was loaded.';

create table warehouse.lead_score (
  lead_id text not null,
  score numeric(18, 6) not null,
  at timestamptz not null,
  observed_at timestamptz not null default now(),
  primary key (lead_id, score)
);
comment on table warehouse.lead_score is 'The running maximum of a lead''s score: one row whenever it exceeded every earlier one. A score that falls leaves it.';
comment on column warehouse.lead_score.lead_id is 'The lead; see warehouse.lead.';
comment on column warehouse.lead_score.score is 'The score reached.';
comment on column warehouse.lead_score.at is 'When it was reached for the first time, as far as is known.';
comment on column warehouse.lead_score.observed_at is 'When it was loaded.';

create table warehouse.lead_alias (
  lead_id text primary key,
  alias_of text not null,
  since timestamptz not null default now(),
  check (lead_id <> alias_of)
);
create index on warehouse.lead_alias (alias_of);
comment on table warehouse.lead_alias is 'Leads that were merged into another: later mentions of the id mean the other lead.';
comment on column warehouse.lead_alias.lead_id is 'The id that is no lead of its own any more.';
comment on column warehouse.lead_alias.alias_of is 'The lead that it belongs to; itself no alias.';
comment on column warehouse.lead_alias.since is 'When it was merged here.';
