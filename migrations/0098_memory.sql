-- What connectors keep between processes: account lists that a platform lets one ask for rarely, ids of reports that a
-- platform has in work. Nothing in it is a secret, and losing it costs requests, not figures.
create table ops.memory (
  key text primary key,
  text text not null,
  until timestamptz not null
);
comment on table ops.memory is 'Small texts of connectors that outlive a process, by platform:name. Emptying it costs requests only.';
create index on ops.memory (until);
