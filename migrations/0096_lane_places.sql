-- Reports that a platform computes for minutes: how many are under way over all processes.

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
