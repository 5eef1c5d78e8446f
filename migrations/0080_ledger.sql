-- The ledger of leads: a qualification is booked on the day on which it first happened, and stays there. What is
-- kept is history (first days of stages, new maxima of the score), so that another rule can be applied to it later.

create table warehouse.lead_score (
  lead_id text,
  score numeric(18, 6),
  at timestamptz not null,
  observed_at timestamptz not null default now(),
  primary key (lead_id, score)
);
comment on table warehouse.lead_score is 'The running maximum of a lead''s score: one row whenever it exceeded every earlier one. A score that falls leaves it.';
comment on column warehouse.lead_score.lead_id is 'The lead; see warehouse.lead.';
comment on column warehouse.lead_score.score is 'The score reached.';
comment on column warehouse.lead_score.at is 'When it was reached for the first time, as far as is known.';
comment on column warehouse.lead_score.observed_at is 'When it was loaded.';

-- Where the score stood until now was taken for the day of its stage: days that were booked stay.
insert into warehouse.lead_score (lead_id, score, at, observed_at)
select lead_id, score, coalesce(stage_at, created_at), imported_at from warehouse.lead where score is not null;

create table warehouse.lead_alias (
  lead_id text,
  alias_of text not null,
  since timestamptz not null default now(),
  primary key (lead_id),
  check (lead_id <> alias_of)
);
comment on table warehouse.lead_alias is 'Leads that were merged into another: later mentions of the id mean the other lead.';
comment on column warehouse.lead_alias.lead_id is 'The id that is no lead of its own any more.';
comment on column warehouse.lead_alias.alias_of is 'The lead that it belongs to; itself no alias.';
comment on column warehouse.lead_alias.since is 'When it was merged here.';
create index on warehouse.lead_alias (alias_of);

alter table warehouse.lead_stage add column observed_at timestamptz not null default now();
comment on column warehouse.lead_stage.observed_at is 'When it was loaded.';
comment on column warehouse.lead_stage.first_at is 'The first time that any import or source reported; only ever gets earlier.';

alter table warehouse.lead
  add column source_name text,
  add column raw_stage text,
  add column raw_status text,
  add column deleted_at timestamptz,
  add column withdrawn_at timestamptz,
  add column qualified_date date,
  add column customer_date date;
comment on column warehouse.lead.source_name is 'Name of the source that it came from by itself; NULL: imported by file.';
comment on column warehouse.lead.raw_stage is 'The CRM''s own value of the stage; NULL where imported by file.';
comment on column warehouse.lead.raw_status is 'The CRM''s own value of the status; NULL where imported by file.';
comment on column warehouse.lead.deleted_at is 'When it was deleted at its origin; click ids, tags that may name people and hashes are gone since.';
comment on column warehouse.lead.withdrawn_at is 'When it was withdrawn; it counts nowhere since.';
comment on column warehouse.lead.qualified_at is 'When the lead was qualified, where the CRM says so itself; the earliest that was said.';
comment on column warehouse.lead.customer_at is 'When the lead became a customer, where the CRM says so itself; the earliest that was said.';
comment on column warehouse.lead.qualified_date is 'Day on which it is booked as qualified, in the configured time zone; NULL where it is not; set by the rollup.';
comment on column warehouse.lead.customer_date is 'Day on which it is booked as a customer; set by the rollup.';

alter table warehouse.first_party_conversion
  add column source_name text,
  add column retracted_at timestamptz;
comment on column warehouse.first_party_conversion.source_name is 'Name of the source that it came from by itself; NULL: imported by file.';
comment on column warehouse.first_party_conversion.retracted_at is 'When it was taken back (lost, reopened, deleted); it counts nowhere since.';
comment on column marts.excluded_conversions.rule is 'retracted (taken back), duplicate_order (a repeat), counted_from_ga4, expired_click, organic, direct, other (not paid), or uncosted (paid, but its platform''s spend is not known).';

-- What moved a day that was booked before. Sums without ids: it may be kept for ever.
create table ops.source_change (
  change_id bigint generated always as identity primary key,
  source text not null,
  observed_at timestamptz not null default now(),
  kind text not null check (kind in
    ('merged', 'deleted', 'withdrawn', 'restored', 'backdated', 'corrected', 'retracted', 'revalued', 'reconfigured')),
  date date,
  leads numeric(18, 6) not null default 0,
  qualified numeric(18, 6) not null default 0,
  customers numeric(18, 6) not null default 0,
  conversions numeric(18, 6) not null default 0,
  value numeric(18, 6),
  currency text
);
comment on table ops.source_change is 'What moved figures of days that were booked before: signed sums by source, reason and day (no day: of all days together).';
create index on ops.source_change (observed_at);
