-- Sources of first-party data: what was pulled of each, when it last succeeded, and whom nobody may bring back.

create table ops.source (
  source text not null,
  stream text not null,
  type text not null,
  mark timestamptz,
  state jsonb not null default '{}',
  last_good_at timestamptz,
  last_whole_at timestamptz,
  started_at timestamptz not null,
  finished_at timestamptz not null default now(),
  outcome text not null check (outcome in ('done', 'unchanged', 'failed')),
  failures integer not null default 0,
  failure_kind text,
  failure text,
  remedy text,
  rows_read bigint not null default 0,
  rows_written bigint not null default 0,
  refused bigint not null default 0,
  redacted jsonb not null default '{}',
  unmapped jsonb not null default '{}',
  primary key (source, stream)
);
comment on table ops.source is 'The last pull of each stream of each source. mark: changes up to then are loaded; state: what the source itself remembers; failures: failed in a row; redacted and unmapped: values by field that were dropped as personal, or that have no meaning yet.';

create table ops.source_file (
  source text not null,
  sha256 text not null,
  mapping text not null,
  name text not null,
  bytes bigint not null,
  rows bigint not null,
  outcome text not null check (outcome in ('loaded', 'refused')),
  loaded_at timestamptz not null default now(),
  primary key (source, sha256, mapping)
);
comment on table ops.source_file is 'Contents that a source has loaded or refused: each once for a kind and mapping, under whatever name it comes again.';

create table ops.tombstone (
  hash bytea primary key,
  since timestamptz not null default now()
);
comment on table ops.tombstone is 'Keyed hashes (HMAC-SHA-256) of the ids of people who were erased: an old file or page does not bring them back.';

alter table ops.installation add column tombstone_key bytea not null
  default sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));

create index on warehouse.lead (source_name) where source_name is not null;
create index on warehouse.first_party_conversion (source_name) where source_name is not null;

alter table ops.job drop constraint job_kind_check;
alter table ops.job add constraint job_kind_check
  check (kind in ('plan', 'rates', 'slice', 'source', 'rollup', 'close'));

alter table ops.source_change drop constraint source_change_kind_check;
alter table ops.source_change add constraint source_change_kind_check check (kind in
  ('merged', 'deleted', 'withdrawn', 'restored', 'backdated', 'corrected', 'retracted', 'revalued', 'reconfigured', 'erased', 'recounted'));
