-- What there is to do, and who does it. One ledger for the service and for `costper sync`: whoever has a hand free takes
-- the next unit that is ready, in one statement. The queue only calls to look here.

-- Tells two installations apart that share one Redis.
create table ops.installation (
  installation_id uuid primary key default gen_random_uuid(),
  created_at timestamptz not null default now(),
  tombstone_key bytea not null default sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
);
insert into ops.installation default values;

create table ops.schedule (
  name text primary key,
  pattern text not null,
  time_zone text not null,
  since timestamptz not null default now()
);
comment on table ops.schedule is 'The schedule as the service last saw it, and since when: what was due before that is not missing.';

-- A sync that was cut off is continued by the next one that asks for the same.
create table ops.run (
  run_id uuid primary key default gen_random_uuid(),
  command text not null,
  plan text not null default '',
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  outcome text
);
comment on table ops.run is 'One row per sync, whoever started it.';

create table ops.night (
  run_id uuid primary key references ops.run,
  due text not null unique,
  due_at timestamptz not null,
  give_up_at timestamptz not null
);
comment on table ops.night is 'One row per night. due is the time on the wall clock of the schedule''s zone: an hour that comes twice is due once.';

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

create table ops.job (
  job_id text primary key,
  run_id uuid not null references ops.run,
  kind text not null check (kind in ('plan', 'rates', 'slice', 'source', 'rollup', 'close')),
  platform text,
  account_id text,
  account_key integer,
  from_date date,
  to_date date,
  position integer not null default 0,
  detail jsonb not null default '{}',
  state text not null default 'pending' check (state in ('pending', 'running', 'deferred', 'done', 'failed')),
  attempts integer not null default 0,
  crashes integer not null default 0,
  lease_until timestamptz,
  not_before timestamptz,
  failure_kind text,
  failure text,
  remedy text,
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  finished_at timestamptz
);
create index job_by_run on ops.job (run_id, kind, state);
create index job_open on ops.job (run_id, account_key) where state in ('pending', 'running', 'deferred');
create index job_ready on ops.job (kind, platform, created_at, position)
  where state in ('pending', 'running', 'deferred');
create index job_held on ops.job (platform, run_id, account_key) where state in ('running', 'deferred');
comment on table ops.job is 'One row per unit of work of a night or of a sync. deferred: tried again at not_before. attempts counts what failed, crashes the processes that ended over it. A running unit whose lease is over is free again.';

-- Rates follow the plans, an account's rollup its slices, the close everything. What failed holds nothing up. The open
-- unit of a run is looked for in the index's order, so that a plan of thousands that no statistics tell of yet costs
-- one step. That order is lost in a view whose columns ask the clock as it runs, so pauses are held against the
-- statement's beginning.
create view ops.ready_job as
select j.*,
       exists (select from ops.night n where n.run_id = j.run_id) as is_night,
       case when j.kind in ('plan', 'slice') then (
         select max(p.until) from ops.pause p
         where p.platform = j.platform and p.account_id in ('', coalesce(j.account_id, ''))
           and p.until > statement_timestamp()) end as paused_until
from ops.job j
where j.state in ('pending', 'running', 'deferred')
  and case when j.state = 'running' then j.lease_until < clock_timestamp()
           else coalesce(j.not_before <= clock_timestamp(), true) end
  and case j.kind
        when 'rates' then not exists (
          select from ops.job p
          where p.run_id = j.run_id and p.kind = 'plan' and p.state in ('pending', 'running', 'deferred'))
        when 'rollup' then not exists (
          select from ops.job s
          where s.run_id = j.run_id and s.account_key = j.account_key and s.kind = 'slice'
            and s.state in ('pending', 'running', 'deferred'))
        when 'close' then (
          select o.job_id from ops.job o
          where o.run_id = j.run_id and o.kind <> 'close' and o.state in ('pending', 'running', 'deferred')
          order by o.account_key limit 1) is null
        else true
      end;
comment on view ops.ready_job is 'Units that may be taken now; is_night: of a run that workers of the service take from; paused_until says where their platform or account wants no calls yet.';

-- The next unit for a free hand, leased to it: of a platform a rollup of the account just worked at, else a slice, else
-- any rollup; without a platform what belongs to none. of_run: of that run alone, else of the nights, which leave alone
-- what is paused.
--
-- One asks at a time for a platform, so that no two take the last place. So the unit is chosen without locks (a lock
-- asked for on a view is taken on every row that the view reads); whoever changed it meanwhile is waited for by the
-- update, which looks again. A plan is new, and no statistics know how many slices it has: taken for one, they would all
-- be looked at and sorted. In the index's order the first that is ready ends the search, whatever is asked: so a
-- connection plans it once.
create function ops.take_job(
  of_platform text, of_run uuid, near_run uuid, near_account integer, platform_at_once integer,
  account_at_once integer, lease_seconds integer
) returns setof ops.job
language plpgsql set enable_sort = off set plan_cache_mode = force_generic_plan as $$
declare
  chosen text;
begin
  perform ops.hold('costper.take ' || coalesce(of_platform, 'night'));
  -- The others wait for this commit. A take that a crash of the server forgets is a unit that is free again.
  perform set_config('synchronous_commit', 'off', true);
  if of_platform is null then
    select j.job_id into chosen from ops.ready_job j
    where j.kind in ('plan', 'source', 'rates', 'close')
      and case when of_run is null then j.is_night and j.paused_until is null else j.run_id = of_run end
    order by j.created_at, j.position, j.job_id
    limit 1;
  else
    select j.job_id into chosen from ops.ready_job j
    where j.kind = 'rollup' and j.run_id = near_run and j.account_key = near_account
    limit 1;
    if chosen is null and (
      platform_at_once is null
      or (select count(*) from ops.job r
          where r.kind = 'slice' and r.platform = of_platform and r.state = 'running'
            and r.lease_until > clock_timestamp()) < platform_at_once) then
      select j.job_id into chosen from ops.ready_job j
      where j.kind = 'slice' and j.platform = of_platform
        and case when of_run is null then j.is_night and j.paused_until is null else j.run_id = of_run end
        and (select count(*) from ops.job r
             where r.run_id = j.run_id and r.account_key = j.account_key and r.kind = 'slice'
               -- A throttled slice keeps its place: the next one would be throttled too.
               and (r.state = 'running' and r.lease_until > clock_timestamp()
                    or r.state = 'deferred' and r.failure_kind = 'busy' and r.not_before > clock_timestamp())
            ) < account_at_once
      order by j.created_at, j.position
      limit 1;
    end if;
    if chosen is null then
      select j.job_id into chosen from ops.ready_job j
      where j.kind = 'rollup' and j.platform = of_platform
        and case when of_run is null then j.is_night and j.paused_until is null else j.run_id = of_run end
      order by j.created_at
      limit 1;
    end if;
  end if;
  return query
    update ops.job j
    set state = 'running', lease_until = clock_timestamp() + make_interval(secs => lease_seconds),
        not_before = null, changed_at = clock_timestamp(), crashes = j.crashes + (j.state = 'running')::integer
    where j.job_id = chosen
      and (j.state in ('pending', 'deferred') or j.state = 'running' and j.lease_until < clock_timestamp())
    returning j.*;
end
$$;
