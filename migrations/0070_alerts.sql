-- What the alerts remember: states, every change of them, what has to be said to whom, and what nobody wants to hear.

create table ops.alert (
  alert_id bigint generated always as identity primary key,
  rule text not null,
  series text not null,
  labels jsonb not null default '{}',
  state text not null check (state in ('inactive', 'pending', 'firing', 'resolved', 'no_data')),
  severity text not null default 'warning',
  metric text not null default '',
  value numeric,
  threshold numeric,
  currency text,
  spend numeric,
  conversions numeric,
  window_from date,
  window_to date,
  since timestamptz not null,
  firing_since timestamptz,
  held_days integer not null default 0,
  last_held_day date,
  open boolean not null default false,
  episode integer not null default 0,
  told text[] not null default '{}',
  last_notified timestamptz,
  explanation text not null default '',
  evaluated_at timestamptz not null,
  unique (rule, series)
);
comment on table ops.alert is 'One row per alert: a rule and one of its series. Quiet series of rules with very many series are left out.';
comment on column ops.alert.rule is 'Name of the rule in the configuration.';
comment on column ops.alert.series is 'Identity of the series among the rule''s own: its ids, without names.';
comment on column ops.alert.labels is 'Ids and names of the keys that the rule groups by.';
comment on column ops.alert.state is 'inactive, pending, firing, resolved (inactive again at the next evaluation) or no_data.';
comment on column ops.alert.severity is 'info, warning or critical.';
comment on column ops.alert.metric is 'The figure that the rule watches.';
comment on column ops.alert.value is 'The figure at the last evaluation; NULL where it does not exist, as without conversions.';
comment on column ops.alert.threshold is 'The figure that the value was compared with, in the same unit.';
comment on column ops.alert.currency is 'ISO 4217 code of the amounts; NULL where there are none.';
comment on column ops.alert.spend is 'Spend in the window; NULL where unknown.';
comment on column ops.alert.conversions is 'Paid conversions in the window; NULL where unknown.';
comment on column ops.alert.window_from is 'First day of the window.';
comment on column ops.alert.window_to is 'Last day of the window.';
comment on column ops.alert.since is 'When the present state began; a firing alert keeps its beginning across a time without data.';
comment on column ops.alert.firing_since is 'When the present or last episode began to fire.';
comment on column ops.alert.held_days is 'On how many evaluated days in a row the condition has held.';
comment on column ops.alert.last_held_day is 'The last of those days.';
comment on column ops.alert.open is 'Whether it has fired and has not been resolved since; stays true in no_data.';
comment on column ops.alert.episode is 'How often it has begun to fire.';
comment on column ops.alert.told is 'Notifiers that were told of the present episode and are owed its end.';
comment on column ops.alert.last_notified is 'When a notice of it was last put into the outbox.';
comment on column ops.alert.explanation is 'Why it is in this state, in words.';
comment on column ops.alert.evaluated_at is 'When this row was last evaluated.';

create table ops.alert_event (
  event_id bigint generated always as identity primary key,
  rule text not null,
  series text not null,
  labels jsonb not null,
  from_state text not null,
  to_state text not null,
  value numeric,
  threshold numeric,
  explanation text not null default '',
  occurred_at timestamptz not null
);
create index alert_event_by_alert on ops.alert_event (rule, series, event_id);
comment on table ops.alert_event is 'Every change of an alert''s state, oldest first.';

-- A digest goes the way of the notices: through the outbox, once, and again until it is taken.
create table ops.notice (
  notice_id bigint generated always as identity primary key,
  idempotency_key text not null unique,
  notifier text not null,
  kind text not null check (kind in ('firing', 'resolved', 'digest')),
  body jsonb not null,
  status text not null default 'waiting' check (status in ('waiting', 'delivered', 'abandoned')),
  attempts integer not null default 0,
  created_at timestamptz not null,
  next_attempt_at timestamptz not null,
  delivered_at timestamptz,
  last_error text
);
create index notice_waiting on ops.notice (notifier, notice_id) where status = 'waiting';
comment on table ops.notice is 'The outbox: written in the transaction that changes the states, delivered afterwards, as often as it takes.';
comment on column ops.notice.idempotency_key is 'Made from what is said: the same events never make a second notice. Sent along with every attempt.';
comment on column ops.notice.kind is 'firing or resolved: alerts that began or ended; digest: what changed and what is missing, at its hour.';
comment on column ops.notice.body is 'The notice as the webhook sends it; chat and mail are rendered from it.';

create table ops.alert_silence (
  silence_id bigint generated always as identity primary key,
  rule text not null,
  labels jsonb not null default '{}',
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  made_by text,
  reason text,
  ended_by text,
  check (ends_at > starts_at)
);
create index alert_silence_by_end on ops.alert_silence (ends_at);
comment on table ops.alert_silence is 'Rules that are not to be heard for a time: every series whose labels contain these. What was said before is still taken back.';
comment on column ops.alert_silence.made_by is 'Who made it: the name of a token, or the user of the command line; NULL where it is older than this column.';
comment on column ops.alert_silence.reason is 'Why, as it was written.';
comment on column ops.alert_silence.ended_by is 'Who ended it before its time; then ends_at is when.';
