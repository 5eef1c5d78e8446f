-- What everybody may do here by Postgres's own defaults is taken back, and nothing of ours waits for a lock that
-- everybody may take.

-- An advisory lock has a number that any role of the database may hold, an analyst's too. A row can be locked only by
-- who may write it.
create table ops.held_lock (
  purpose text,
  key integer,
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

-- The functions that took advisory locks take rows: nothing else of them changes.
do $$
declare
  known record;
  source text;
begin
  for known in
    select p.oid from pg_proc p
    where p.pronamespace = any (array['ops', 'warehouse', 'marts', 'figures']::regnamespace[])
      and p.prokind = 'f' and p.prosrc like '%pg_%advisory_xact_lock%'
  loop
    source := pg_get_functiondef(known.oid);
    source := regexp_replace(source, 'pg_advisory_xact_lock_shared\(hashtext\((''costper\.\w+'')\)', 'ops.hold_shared(\1', 'g');
    source := regexp_replace(source, 'pg_try_advisory_xact_lock\(hashtext\((''costper\.\w+'')\)', 'ops.try_hold(\1', 'g');
    source := regexp_replace(source, 'pg_advisory_xact_lock\(hashtext\((''costper\.\w+'')\)', 'ops.hold(\1', 'g');
    if source ~ 'advisory' then
      raise exception 'an advisory lock is left in %', known.oid::regprocedure;
    end if;
    execute source;
  end loop;
end
$$;

create table ops.analyst (
  role_name text primary key,
  statement_timeout_ms bigint not null,
  granted_at timestamptz not null default now()
);
comment on table ops.analyst is 'The roles that costper grant made or took: each upgrade grants them what is new, and a query beyond its time is ended.';

-- Those that were granted before this table was there: they read marts, and have a timeout of their own here.
insert into ops.analyst (role_name, statement_timeout_ms)
select distinct on (r.rolname) r.rolname, case when split_part(s.setting, '=', 2) ~ '^\d{1,12}$'
                                               then split_part(s.setting, '=', 2)::bigint else 300000 end
from pg_namespace n
cross join lateral aclexplode(n.nspacl) a
join pg_roles r on r.oid = a.grantee and a.grantee <> n.nspowner
join pg_db_role_setting d on d.setrole = r.oid
  and d.setdatabase = (select oid from pg_database where datname = current_database())
cross join lateral unnest(d.setconfig) as s (setting)
where n.nspname = 'marts' and a.privilege_type = 'USAGE' and s.setting like 'statement_timeout=%'
order by r.rolname;

-- What everybody may do in the schemas of ours is taken back after every upgrade: src/warehouse/analysts/rights.ts.
