-- Reports that a platform computes for minutes: how many are under way, and which of them were not waited for.

create table ops.lane_place (
  lane text not null,
  place smallint not null,
  holder uuid not null,
  lease_until timestamptz not null,
  primary key (lane, place)
);
comment on table ops.lane_place is 'Who holds a place where only a few may be under way over all processes: the open reports of one customer of a platform.';
comment on column ops.lane_place.lane is 'What is counted: the platform and its customer.';
comment on column ops.lane_place.place is 'From 1 to the number of places that the lane has.';
comment on column ops.lane_place.holder is 'Who holds it; another one for each report.';
comment on column ops.lane_place.lease_until is 'The place is free from then on: a process that died gives it up so.';

create table ops.note (
  key text primary key,
  text text not null,
  keep_until timestamptz not null
);
comment on table ops.note is 'What a later run may go on with, such as the id of a report that was not waited for. No secrets.';
comment on column ops.note.key is 'The platform, and a fingerprint of what was asked.';
comment on column ops.note.text is 'As the connector wrote it.';
comment on column ops.note.keep_until is 'It counts for nothing from then on.';
