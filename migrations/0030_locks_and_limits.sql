-- What all processes share before they work: locks and leases, places and pauses at a platform, small memories, secrets.

create schema if not exists ops;
comment on schema ops is 'Sync state, reconciliation and alerts.';

-- An advisory lock has a number that any role of the database may hold, an analyst's too. A row can be locked only by
-- who may write it.
create table ops.held_lock (
  purpose text not null,
  key integer not null,
  primary key (purpose, key)
);
comment on table ops.held_lock is 'Rows that are locked, and never changed: one for each thing that one transaction at a time may do.';

create function ops.hold(purpose text, key integer default 0) returns void
language plpgsql as $$
begin
  perform from ops.held_lock h where h.purpose = hold.purpose and h.key = hold.key for update;
  if found then return; end if;
  -- Of two that make it at once, the second waits here, and for the lock then.
  insert into ops.held_lock values (hold.purpose, hold.key) on conflict do nothing;
  perform from ops.held_lock h where h.purpose = hold.purpose and h.key = hold.key for update;
end
$$;
comment on function ops.hold is 'Waits until no other transaction holds this, and holds it until the end of the transaction.';

create function ops.hold_shared(purpose text, key integer default 0) returns void
language plpgsql as $$
begin
  perform from ops.held_lock h where h.purpose = hold_shared.purpose and h.key = hold_shared.key for share;
  if found then return; end if;
  insert into ops.held_lock values (hold_shared.purpose, hold_shared.key) on conflict do nothing;
  perform from ops.held_lock h where h.purpose = hold_shared.purpose and h.key = hold_shared.key for share;
end
$$;
comment on function ops.hold_shared is 'As ops.hold, beside others that share it.';

create function ops.try_hold(purpose text, key integer default 0) returns boolean
language plpgsql set lock_timeout = '100ms' as $$
begin
  begin
    -- A row that another makes at this moment cannot be seen, only waited for: not longer than this.
    insert into ops.held_lock
    select try_hold.purpose, try_hold.key
    where not exists (select from ops.held_lock h where h.purpose = try_hold.purpose and h.key = try_hold.key)
    on conflict do nothing;
  exception when lock_not_available then
    return false;
  end;
  perform from ops.held_lock h where h.purpose = try_hold.purpose and h.key = try_hold.key
  for update skip locked;
  return found;
end
$$;
comment on function ops.try_hold is 'As ops.hold, but says false rather than wait.';

-- Locks that outlast a transaction: a row with a lease, since a pooler lends another connection to every transaction.
create table ops.lease (
  name text primary key,
  holder text not null,
  held_until timestamptz not null
);
comment on table ops.lease is 'Who works alone at something: the renewal of a token, an interrupted sync. Ends by itself when its holder says nothing.';
comment on column ops.lease.name is 'What is held.';
comment on column ops.lease.holder is 'The process that holds it: host, process id and a mark of its own.';
comment on column ops.lease.held_until is 'When it ends unless it is renewed.';

-- Places at a platform: so many requests at once, whichever processes send them. Unlogged: what a crash of the server
-- forgets was held by processes whose requests it cut off from their work.
create unlogged table ops.place (
  place_id bigint generated always as identity primary key,
  platform text not null,
  account_id text not null,
  holder text not null,
  held_until timestamptz not null
);
create index place_of_platform on ops.place (platform);
comment on table ops.place is 'Requests under way at each platform and account, over all processes. Ends by itself when its holder says nothing.';
comment on column ops.place.holder is 'The process that holds it: host, process id and a mark of its own.';
comment on column ops.place.held_until is 'When it ends unless it is renewed.';

-- The id of a place, or NULL where as many are taken as may be. One asks at a time, so that no two take the last place.
-- in_place_of is given back first, whatever comes of it.
create function ops.take_place(
  of_platform text, of_account text, by_holder text, platform_at_once integer, account_at_once integer,
  lease_seconds integer, in_place_of bigint default null
) returns bigint
language plpgsql as $$
declare
  taken bigint;
begin
  perform ops.hold('costper.place ' || of_platform);
  -- The others wait for this commit; a place is forgotten by a crash of the server anyway.
  perform set_config('synchronous_commit', 'off', true);
  delete from ops.place where platform = of_platform and (held_until < clock_timestamp() or place_id = in_place_of);
  insert into ops.place (platform, account_id, holder, held_until)
  select of_platform, of_account, by_holder, clock_timestamp() + make_interval(secs => lease_seconds)
  from (select count(*) as all_taken, count(*) filter (where account_id = of_account) as of_account_taken
        from ops.place where platform = of_platform) room
  where all_taken < platform_at_once and of_account_taken < account_at_once
  returning place_id into taken;
  return taken;
end
$$;

create table ops.pause (
  platform text not null,
  account_id text not null,
  until timestamptz not null,
  primary key (platform, account_id)
);
comment on table ops.pause is 'Until when a platform wants no calls: for one account, or (empty account_id) for the whole application.';

create table ops.usage (
  platform text not null,
  date date not null,
  calls bigint not null default 0,
  refused bigint not null default 0,
  primary key (platform, date)
);
comment on table ops.usage is 'Calls of each platform and UTC day over all processes; refused are those that a limit answered.';

-- What connectors keep between processes: account lists that a platform lets one ask for rarely, ids of reports that a
-- platform has in work. Nothing in it is a secret, and losing it costs requests, not figures.
create table ops.memory (
  key text primary key,
  text text not null,
  until timestamptz not null
);
create index on ops.memory (until);
comment on table ops.memory is 'Small texts of connectors that outlive a process, by platform:name. Emptying it costs requests only.';

create table ops.credential (
  key text primary key,
  secret bytea not null,
  expires_at timestamptz,
  warned_days integer,
  changed_at timestamptz not null default now()
);
comment on table ops.credential is 'Secrets that platforms rotate: AES-256-GCM (nonce, tag, text), never in the clear. warned_days is the last of 30, 14 and 3 days before the end at which a person was warned.';
