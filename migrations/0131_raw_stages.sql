-- A CRM's own values are kept beside their meaning, so that another meaning can be given to them later without asking
-- the CRM again.

create table warehouse.lead_raw_stage (
  lead_id text,
  raw_stage text,
  first_at timestamptz not null,
  observed_at timestamptz not null default now(),
  primary key (lead_id, raw_stage)
);
comment on table warehouse.lead_raw_stage is 'The first time that a lead had a value of the CRM''s own stage; warehouse.lead_stage has what they mean.';
comment on column warehouse.lead_raw_stage.lead_id is 'The lead; see warehouse.lead.';
comment on column warehouse.lead_raw_stage.raw_stage is 'The CRM''s own value.';
comment on column warehouse.lead_raw_stage.first_at is 'The first time that the CRM reported; only ever gets earlier.';
comment on column warehouse.lead_raw_stage.observed_at is 'When it was loaded.';

alter table warehouse.lead add column raw_fields jsonb;
comment on column warehouse.lead.raw_fields is 'Values of the fields that `where` of its source judges by; NULL where it has none.';
comment on column warehouse.lead.withdrawn_at is 'When it was withdrawn, or its source''s conditions came to leave it out; it counts nowhere since.';

-- A rule of a source changed, and the next rollup books by it.
create table ops.source_rule (
  source text primary key,
  leads numeric(18, 6) not null,
  qualified numeric(18, 6) not null,
  customers numeric(18, 6) not null
);
comment on table ops.source_rule is 'Sources whose rules changed since the last rollup, with the leads that came or went by it: the rollup adds what moved and tells all in one line of ops.source_change.';

alter table ops.source
  add column since timestamptz not null default now(),
  add column is_active boolean not null default true;
comment on column ops.source.since is 'When it was first pulled: what never loaded is as old as that.';
comment on column ops.source.is_active is 'Whether the config still has the source, and has it enabled.';
