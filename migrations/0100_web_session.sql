-- Who is logged in at the dashboard. A row is taken away at logout, so that a cookie kept from before is worth nothing.
create table ops.web_session (
  session_hash text primary key,
  content jsonb not null,
  ends_at timestamptz not null
);
comment on table ops.web_session is 'Sessions of the dashboard; a cookie without its row here opens nothing.';
comment on column ops.web_session.session_hash is 'SHA-256 of the session''s id in hex: the table alone opens nothing.';
comment on column ops.web_session.content is 'What the session holds: its cookie''s settings and whether a token was shown.';
comment on column ops.web_session.ends_at is 'From when the session is no longer taken.';
create index on ops.web_session (ends_at);
