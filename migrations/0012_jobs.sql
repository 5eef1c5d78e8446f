-- What runs unattended: the ledger of units of work, whose truth stands here and not in the queue.

-- Tells two installations apart that share one Redis.
create table ops.installation (
  installation_id uuid primary key default gen_random_uuid(),
  created_at timestamptz not null default now()
);
insert into ops.installation default values;

create table ops.schedule (
  name text primary key,
  pattern text not null,
  time_zone text not null,
  since timestamptz not null default now()
);
comment on table ops.schedule is 'The schedule as the service last saw it, and since when: what was due before that is not missing.';

create table ops.night (
  run_id uuid primary key references ops.run,
  due text not null unique,
  due_at timestamptz not null,
  give_up_at timestamptz not null
);
comment on table ops.night is 'One row per night. due is the time on the wall clock of the schedule''s zone: an hour that comes twice is due once.';

create table ops.job (
  job_id text primary key,
  run_id uuid not null references ops.run,
  kind text not null check (kind in ('plan', 'rates', 'slice', 'rollup', 'close')),
  platform text,
  account_id text,
  account_key integer,
  from_date date,
  to_date date,
  position integer not null default 0,
  at_once smallint not null default 1,
  detail jsonb not null default '{}',
  state text not null default 'pending'
    check (state in ('pending', 'queued', 'running', 'deferred', 'done', 'failed')),
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
comment on table ops.job is 'One row per unit of work of a night. The queue carries their ids to the workers; a queue that was emptied is filled again from here. attempts counts what failed, crashes the workers that died over it.';
create index job_unfinished on ops.job (run_id, account_key)
  where state in ('pending', 'queued', 'running', 'deferred');
create index job_running on ops.job (platform, account_id) where state = 'running';
create index job_by_run on ops.job (run_id, kind, state);

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

create table ops.credential (
  key text primary key,
  secret bytea not null,
  expires_at timestamptz,
  warned_days integer,
  changed_at timestamptz not null default now()
);
comment on table ops.credential is 'Secrets that platforms rotate: AES-256-GCM (nonce, tag, text), never in the clear. warned_days is the last of 30, 14 and 3 days before the end at which a person was warned.';

-- Gives a unit to a worker, unless it is finished, its platform or account is paused, or as many slices of them run
-- as may. One claim per platform at a time, so that two workers never both take the last place.
create function ops.claim_job(wanted text, lease_seconds integer, platform_at_once integer)
returns table (verdict text, until timestamptz, crashes integer, attempts integer)
language plpgsql as $$
declare
  job ops.job;
  paused timestamptz;
begin
  select * into job from ops.job j where j.job_id = wanted;
  if not found or job.state in ('done', 'failed') then
    return query select 'finished', null::timestamptz, 0, 0;
    return;
  end if;
  if job.kind in ('slice', 'plan') then
    perform pg_advisory_xact_lock(hashtext('costper.claim'), hashtext(job.platform));
    select max(p.until) into paused from ops.pause p
    where p.platform = job.platform and p.account_id in ('', coalesce(job.account_id, ''))
      and p.until > clock_timestamp();
    if paused is not null then
      return query select 'paused', paused, job.crashes, job.attempts;
      return;
    end if;
  end if;
  if job.kind = 'slice' then
    if (select count(*) from ops.job o
        where o.platform = job.platform and o.kind = 'slice' and o.state = 'running'
          and o.lease_until > clock_timestamp() and o.job_id <> wanted) >= platform_at_once then
      return query select 'platform_full', null::timestamptz, job.crashes, job.attempts;
      return;
    end if;
    if (select count(*) from ops.job o
        where o.platform = job.platform and o.account_id = job.account_id and o.kind = 'slice'
          and o.state = 'running' and o.lease_until > clock_timestamp() and o.job_id <> wanted) >= job.at_once then
      return query select 'account_full', null::timestamptz, job.crashes, job.attempts;
      return;
    end if;
  end if;
  return query
    update ops.job j
    set state = 'running', lease_until = clock_timestamp() + make_interval(secs => lease_seconds),
        changed_at = clock_timestamp(), crashes = j.crashes + (j.state = 'running')::integer
    where j.job_id = wanted and j.state in ('pending', 'queued', 'deferred', 'running')
    returning 'claimed', null::timestamptz, j.crashes, j.attempts;
  if not found then
    return query select 'finished', null::timestamptz, 0, 0;
  end if;
end
$$;
