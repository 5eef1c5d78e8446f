-- Sources of first-party data: what was pulled of each, when it last succeeded, what moved by it, and whom nobody may
-- bring back.

create table ops.source (
  source text not null,
  stream text not null,
  type text not null,
  is_active boolean not null default true,
  since timestamptz not null default now(),
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
comment on column ops.source.is_active is 'Whether the config still has the source, and has it enabled.';
comment on column ops.source.since is 'When it was first pulled: what never loaded is as old as that.';

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

-- A rule of a source changed, and the next rollup books by it.
create table ops.source_rule (
  source text primary key,
  leads numeric(18, 6) not null,
  qualified numeric(18, 6) not null,
  customers numeric(18, 6) not null
);
comment on table ops.source_rule is 'Sources whose rules changed since the last rollup, with the leads that came or went by it: the rollup adds what moved and tells all in one line of ops.source_change.';

-- What moved a day that was booked before. Sums without ids: it may be kept for ever.
create table ops.source_change (
  change_id bigint generated always as identity primary key,
  source text not null,
  observed_at timestamptz not null default now(),
  kind text not null
    check (kind in (
      'merged', 'deleted', 'withdrawn', 'restored', 'backdated', 'corrected', 'retracted', 'revalued',
      'reconfigured', 'erased', 'recounted')),
  date date,
  leads numeric(18, 6) not null default 0,
  qualified numeric(18, 6) not null default 0,
  customers numeric(18, 6) not null default 0,
  conversions numeric(18, 6) not null default 0,
  value numeric(18, 6),
  currency text
);
create index on ops.source_change (observed_at);
comment on table ops.source_change is 'What moved figures of days that were booked before: signed sums by source, reason and day (no day: of all days together).';

create table ops.tombstone (
  hash bytea primary key,
  since timestamptz not null default now()
);
comment on table ops.tombstone is 'Keyed hashes (HMAC-SHA-256) of the ids of people who were erased: an old file or page does not bring them back.';
