import type pg from "pg";
import { type Job, unfinished, jobColumns, jobOf, type JobRow } from "./ledger.ts";

/**
 * Marks what may run now as queued and gives it: plans at once, the rates after the plans, of each account's slices
 * as many as may run at once, a rollup after its account's slices, the close after everything. Slices that failed
 * hold nothing up.
 *
 * Asked after every slice, and right after a plan of thousands that no statistics tell of yet: what is looked up beyond
 * the account's own jobs must not depend on the planner's guesses. So the search for any job left over is ordered.
 */
export const releaseReady = async (
  pool: pg.Pool,
  runId: string,
  accountKey: number | null = null,
): Promise<readonly Job[]> => {
  const { rows } = await pool.query<JobRow>(
    `with open as (
       select job_id, kind, account_key, position, at_once, state, failure_kind from ops.job
       where run_id = $1 and state in ${unfinished} and ($2::integer is null or account_key = $2)
     ),
     under_way as (
       select account_key,
              count(*) filter (where state in ('queued', 'running')
                               or (state = 'deferred' and failure_kind = 'busy')) as slices
       from open where kind = 'slice' group by account_key
     ),
     next_slices as (
       select job_id from (
         select job_id, at_once, account_key, row_number() over (partition by account_key order by position) as place
         from open where kind = 'slice' and state = 'pending'
       ) waiting join under_way using (account_key)
       where place <= at_once - slices
     ),
     others as (
       select o.job_id from open o
       where o.state = 'pending' and (
         o.kind in ('plan', 'source')
         or (o.kind = 'rates' and not exists (select from open p where p.kind = 'plan'))
         or (o.kind = 'rollup' and not exists (select from under_way u where u.account_key = o.account_key)))
     ),
     closing as (
       select c.job_id from ops.job c
       where c.run_id = $1 and c.kind = 'close' and c.state = 'pending'
         and (select w.job_id from ops.job w where w.run_id = $1 and w.state in ${unfinished} and w.kind <> 'close'
              order by w.account_key limit 1) is null
     )
     update ops.job j set state = 'queued', changed_at = clock_timestamp()
     where j.state = 'pending' and j.job_id in (
       select job_id from next_slices union select job_id from others union select job_id from closing)
     returning ${jobColumns}`,
    [runId, accountKey],
  );
  return rows.map(jobOf);
};
