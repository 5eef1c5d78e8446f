-- Who looks at it: sessions of the dashboard, roles of analysts, and what people know of a day.

-- Who is logged in at the dashboard. A row is taken away at logout, so that a cookie kept from before is worth nothing.
create table ops.web_session (
  session_hash text primary key,
  content jsonb not null,
  ends_at timestamptz not null
);
create index on ops.web_session (ends_at);
comment on table ops.web_session is 'Sessions of the dashboard; a cookie without its row here opens nothing.';
comment on column ops.web_session.session_hash is 'SHA-256 of the session''s id in hex: the table alone opens nothing.';
comment on column ops.web_session.content is 'What the session holds: its cookie''s settings and whether a token was shown.';
comment on column ops.web_session.ends_at is 'From when the session is no longer taken.';

-- What everybody may do in the schemas of ours is taken back after every upgrade: src/warehouse/analysts/rights.ts.
create table ops.analyst (
  role_name text primary key,
  statement_timeout_ms bigint not null,
  granted_at timestamptz not null default now()
);
comment on table ops.analyst is 'The roles that costper grant made or took: each upgrade grants them what is new, and a query beyond its time is ended.';

create table ops.note (
  note_id bigint generated always as identity primary key,
  date date not null,
  platform text,
  account_id text,
  campaign_id text,
  text text not null check (text <> ''),
  made_by text,
  made_at timestamptz not null default now(),
  changed_at timestamptz,
  check (account_id is null or platform is not null),
  check (campaign_id is null or account_id is not null)
);
create index note_by_date on ops.note (date);
comment on table ops.note is 'What people know of a day and no platform tells, such as a new landing page. It is shown on charts.';
comment on column ops.note.date is 'The reporting day that it is about.';
comment on column ops.note.platform is 'What it is about; NULL with account_id and campaign_id: everything.';
comment on column ops.note.made_by is 'Who wrote it: the name of a token.';
