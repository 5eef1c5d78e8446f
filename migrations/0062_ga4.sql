-- Sessions and key events as GA4 reports them, and how far each day of it can be trusted.

create table warehouse.ga4_session_daily (
  property_id text not null,
  date date not null,
  reported_channel text not null,
  source text not null,
  medium text not null,
  campaign text not null,
  campaign_id text not null,
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
  property_id text not null,
  date date not null,
  reported_channel text not null,
  source text not null,
  medium text not null,
  campaign text not null,
  campaign_id text not null,
  event_name text not null,
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

-- GA4 answers for a day that is still going on as for any other: only in the property's own zone is it known to be over.
create table ops.ga4_day (
  property_id text not null,
  date date not null,
  is_whole boolean not null default true,
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
comment on column ops.ga4_day.is_whole is 'Whether the day had ended in the property''s own zone when it was asked for; one that had not is asked for again by the next sync.';
