-- A lock asked for on a view is taken on every row that the view reads: each take locked, and wrote, all slices that were
-- ready, to give one. Takers come one at a time, so the next unit is chosen without locks; whoever changed it meanwhile
-- (a failure that stops it, a lease that was renewed) is waited for by the update, which looks again.
--
-- A plan is new, and no statistics know how many slices it has: taken for one, they would all be looked at and sorted. In
-- the index's order the first that is ready ends the search. That order is lost in a view whose columns ask the clock as
-- it runs, so pauses are held against the statement's beginning.

create or replace view ops.ready_job as
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

create or replace function ops.take_job(
  of_platform text, of_run uuid, near_run uuid, near_account integer, platform_at_once integer,
  account_at_once integer, lease_seconds integer
) returns setof ops.job
language plpgsql set enable_sort = off as $$
declare
  chosen text;
begin
  perform ops.hold('costper.take ' || coalesce(of_platform, 'night'));
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
