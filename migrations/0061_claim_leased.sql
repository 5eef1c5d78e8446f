-- A unit whose worker still holds its lease is not given to a second one: a queue that took a busy worker for a dead
-- one would else have the same slice loaded twice.
create or replace function ops.claim_job(wanted text, lease_seconds integer, platform_at_once integer)
returns table (verdict text, until timestamptz, crashes integer, attempts integer)
language plpgsql as $$
declare
  job ops.job;
  paused timestamptz;
begin
  -- Locked until the claim is over: of two workers that ask at once, the second sees what the first was given.
  select * into job from ops.job j where j.job_id = wanted for update;
  if not found or job.state in ('done', 'failed') then
    return query select 'finished', null::timestamptz, 0, 0;
    return;
  end if;
  if job.state = 'running' and job.lease_until > clock_timestamp() then
    return query select 'leased', job.lease_until, job.crashes, job.attempts;
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
    where j.job_id = wanted
    returning 'claimed', null::timestamptz, j.crashes, j.attempts;
end
$$;
