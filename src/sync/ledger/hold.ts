import type pg from "pg";
import type { Failure } from "../../domain/failure.ts";
import type { Platform } from "../../domain/platform.ts";
import { often } from "../../warehouse/connection/client.ts";
import { type Job, jobColumns, jobOf, type JobRow, unfinished } from "./job.ts";

/** What a free hand looks for. */
export interface Want {
  /** Slices and rollups of this platform; null: what belongs to none. */
  readonly platform: Platform | null;
  /** Of this run alone; null: of the nights. */
  readonly runId: string | null;
  /** The account just worked at: its rollup goes first. */
  readonly near?: { readonly runId: string; readonly accountKey: number } | undefined;
  /** Slices at once over all processes; absent: as many as there are hands. */
  readonly platformAtOnce?: number | undefined;
  readonly accountAtOnce: number;
  /** How long the job stays with whoever says nothing. */
  readonly leaseSeconds: number;
}

/** A job in hand. */
export interface Taken {
  readonly job: Job;
  /** How many processes ended over it, and how many attempts failed. */
  readonly crashes: number;
  readonly attempts: number;
  /** When its night is lost; null: somebody watches. */
  readonly giveUpAt: Date | null;
}

/** The next job that is ready, or undefined. The hold on it lasts for `leaseSeconds` and is renewed well before. */
export const take = async (pool: pg.Pool, want: Want): Promise<Taken | undefined> => {
  const { rows } = await pool.query<JobRow & { crashes: number; attempts: number; give_up_at: Date | null }>(
    often(
      `select ${jobColumns}, j.crashes, j.attempts, n.give_up_at
     from ops.take_job($1, $2, $3, $4, $5, $6, $7) j left join ops.night n using (run_id)`,
      [
        want.platform,
        want.runId,
        want.near?.runId ?? null,
        want.near?.accountKey ?? null,
        want.platformAtOnce ?? null,
        want.accountAtOnce,
        want.leaseSeconds,
      ],
    ),
  );
  const row = rows[0];
  return row && { job: jobOf(row), crashes: row.crashes, attempts: row.attempts, giveUpAt: row.give_up_at };
};

export const renewLeases = async (
  pool: pg.Pool,
  jobIds: readonly string[],
  leaseSeconds: number,
): Promise<void> => {
  await pool.query(
    `update ops.job set lease_until = clock_timestamp() + make_interval(secs => $2)
     where job_id = any ($1) and state = 'running'`,
    [jobIds, leaseSeconds],
  );
};

/** Lets go of a job without counting an attempt: it is free for the next hand. */
export const putBack = async (pool: pg.Pool, jobId: string): Promise<void> => {
  await pool.query(
    `update ops.job set state = 'pending', lease_until = null, changed_at = clock_timestamp()
     where job_id = $1 and state = 'running'`,
    [jobId],
  );
};

export const finish = async (pool: pg.Pool, jobId: string, failure?: Failure): Promise<void> => {
  await pool.query(
    often(
      `update ops.job
     set state = $2, attempts = attempts + 1, lease_until = null, not_before = null, failure_kind = $3, failure = $4,
         remedy = $5, finished_at = clock_timestamp(), changed_at = clock_timestamp()
     where job_id = $1 and state in ${unfinished}`,
      [
        jobId,
        failure ? "failed" : "done",
        failure?.kind ?? null,
        failure?.message ?? null,
        failure?.remedy ?? null,
      ],
    ),
  );
};

/** The job is tried again at `until`; a limit (`busy`) counts as no attempt. */
export const defer = async (pool: pg.Pool, jobId: string, until: Date, failure: Failure): Promise<void> => {
  await pool.query(
    `update ops.job
     set state = 'deferred', attempts = attempts + ($3 <> 'busy')::integer, lease_until = null, not_before = $2,
         failure_kind = $3, failure = $4, remedy = $5, changed_at = clock_timestamp()
     where job_id = $1 and state in ${unfinished}`,
    [jobId, until, failure.kind, failure.message, failure.remedy],
  );
};
