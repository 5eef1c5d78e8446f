-- What people decide in the middle of the work: accounts that are paused, silences with who and why, notes on days.
create table ops.account_pause (
  platform text not null,
  account_id text not null,
  since timestamptz not null default now(),
  made_by text,
  reason text,
  primary key (platform, account_id)
);
comment on table ops.account_pause is 'Accounts that nothing is pulled of until somebody resumes them. Their figures stay, and the days that pass are not fetched.';
comment on column ops.account_pause.account_id is 'The bare id.';
comment on column ops.account_pause.made_by is 'Who paused it: the name of a token, or the user of the command line.';
comment on column ops.account_pause.reason is 'Why, as it was written.';

alter table ops.alert_silence add column made_by text, add column reason text, add column ended_by text;
comment on column ops.alert_silence.made_by is 'Who made it: the name of a token, or the user of the command line; NULL where it is older than this column.';
comment on column ops.alert_silence.reason is 'Why, as it was written.';
comment on column ops.alert_silence.ended_by is 'Who ended it before its time; then ends_at is when.';

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
comment on table ops.note is 'What people know of a day and no platform tells, such as a new landing page. It is shown on charts.';
comment on column ops.note.date is 'The reporting day that it is about.';
comment on column ops.note.platform is 'What it is about; NULL with account_id and campaign_id: everything.';
comment on column ops.note.made_by is 'Who wrote it: the name of a token.';
create index note_by_date on ops.note (date);
