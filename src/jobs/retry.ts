import type pg from "pg";
import { inTransaction } from "../warehouse/transaction.ts";
import { callForReadySoon } from "./wake.ts";
import { nightHours } from "./night.ts";
import type { Queues } from "./queue.ts";

/** A job as `costper jobs list` prints it. */
export interface ListedJob {
  readonly job_id: string;
  readonly kind: string;
  readonly platform: string | null;
  readonly account_id: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly state: string;
  readonly attempts: number;
  readonly not_before: Date | null;
  readonly failure_kind: string | null;
  readonly failure: string | null;
  readonly remedy: string | null;
  readonly changed_at: Date;
}

/** What is under way or waits, or what was given up in the last thirty days, newest first. */
export const listJobs = async (pool: pg.Pool, which: "open" | "failed"): Promise<readonly ListedJob[]> => {
  const { rows } = await pool.query<ListedJob>(
    `select job_id, kind, platform, account_id, from_date as from, to_date as to, state, attempts, not_before,
            failure_kind, failure, remedy, changed_at
     from ops.job join ops.night using (run_id)
     where case when $1 then state = 'failed' and changed_at > now() - interval '30 days'
                else state in ('pending', 'running', 'deferred') end
     order by changed_at desc, job_id limit 1000`,
    [which === "failed"],
  );
  return rows;
};

/**
 * Puts jobs that were given up back to work, and the rollup and the close of their nights after them. An account
 * that could not be planned is planned again with its platform.
 * @param jobId - null: all of the last thirty days
 * @returns the ids that were put back
 */
export const retryJobs = async (
  pool: pg.Pool,
  queues: Queues,
  jobId: string | null,
): Promise<readonly string[]> => {
  const jobs = await inTransaction(pool, async (client) => {
    const failed = await client.query<{ job_id: string; run_id: string }>(
      `select job_id, run_id from ops.job join ops.night using (run_id)
       where state = 'failed' and ($1::text is null or job_id = $1) and changed_at > now() - interval '30 days'
       for update of job`,
      [jobId],
    );
    const ids = failed.rows.map((row) => row.job_id);
    const runIds = [...new Set(failed.rows.map((row) => row.run_id))];
    const again = `state = 'pending', attempts = 0, crashes = 0, lease_until = null, not_before = null,
                   failure_kind = null, failure = null, remedy = null, finished_at = null,
                   changed_at = clock_timestamp()`;
    await client.query(
      `update ops.job p set ${again}
       where p.kind = 'plan' and p.account_id is null
         and (p.run_id, p.platform) in (select f.run_id, f.platform from ops.job f
                                        where f.job_id = any ($1) and f.kind = 'plan' and f.account_id is not null)`,
      [ids],
    );
    await client.query(
      "delete from ops.job where job_id = any ($1) and kind = 'plan' and account_id is not null",
      [ids],
    );
    await client.query(
      `update ops.job set ${again}
       where job_id = any ($1)
          or (run_id = any ($2) and kind = 'close')
          or (kind = 'rollup' and (run_id, account_key) in
                (select run_id, account_key from ops.job where job_id = any ($1)))`,
      [ids, runIds],
    );
    await client.query("update ops.run set outcome = null, finished_at = null where run_id = any ($1)", [
      runIds,
    ]);
    await client.query(
      "update ops.night set give_up_at = greatest(give_up_at, now() + make_interval(hours => $2)) where run_id = any ($1)",
      [runIds, nightHours],
    );
    return ids;
  });
  if (jobs.length > 0) await callForReadySoon(pool, queues);
  return jobs;
};
