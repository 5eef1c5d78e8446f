import type pg from "pg";
import type { DayRange } from "../domain/day.ts";
import type { Account } from "../domain/facts.ts";
import type { Failure } from "../domain/failure.ts";
import type { Platform } from "../domain/platform.ts";
import { often } from "../warehouse/connection/client.ts";
import { inTransaction } from "../warehouse/transaction.ts";
import type { PlanFailure } from "./plan.ts";
import type { Slice } from "./slice.ts";

/**
 * The units of work of a night or of a sync, as `ops.job` keeps them: what is done, what is missing and what comes next
 * is read from here, whichever process works at it.
 */

/** What `ops.job` has in place of a platform where a job is about a source; its name is the account. */
export const sourcePlatform = "source";

export type JobKind = "plan" | "rates" | "slice" | "source" | "rollup" | "close";

export interface Job {
  readonly jobId: string;
  readonly runId: string;
  readonly kind: JobKind;
  readonly platform: Platform | null;
  readonly accountId: string | null;
  readonly accountKey: number | null;
  readonly from: string | null;
  readonly to: string | null;
  /** Of a slice: its account, and whether names and states are pulled with it. */
  readonly detail: { readonly account?: Account; readonly withEntities?: boolean };
}

interface JobRow {
  job_id: string;
  run_id: string;
  kind: JobKind;
  platform: Platform | null;
  account_id: string | null;
  account_key: number | null;
  from_date: string | null;
  to_date: string | null;
  detail: Job["detail"];
}

const jobColumns =
  "j.job_id, j.run_id, j.kind, j.platform, j.account_id, j.account_key, j.from_date, j.to_date, j.detail";

const jobOf = (row: JobRow): Job => ({
  jobId: row.job_id,
  runId: row.run_id,
  kind: row.kind,
  platform: row.platform,
  accountId: row.account_id,
  accountKey: row.account_key,
  from: row.from_date,
  to: row.to_date,
  detail: row.detail,
});

const newJobId = (kind: JobKind, runId: string, ...parts: readonly (string | undefined)[]): string =>
  [kind, runId, ...parts].filter((part) => part !== undefined).join(".");

/** States in which a job is still to be done. */
const unfinished = "('pending', 'running', 'deferred')";

/** Adds jobs that belong to no account's slices; those of the run that stand there already are left alone. */
export const insertJobs = async (
  client: pg.ClientBase | pg.Pool,
  runId: string,
  jobs: readonly { readonly kind: JobKind; readonly platform?: string; readonly accountId?: string }[],
): Promise<void> => {
  for (const { kind, platform, accountId } of jobs)
    await client.query(
      `insert into ops.job (job_id, run_id, kind, platform, account_id) values ($1, $2, $3, $4, $5)
       on conflict do nothing`,
      [newJobId(kind, runId, accountId ?? platform), runId, kind, platform ?? null, accountId ?? null],
    );
};

const sliceRow = (runId: string, slice: Slice, position: number) => ({
  job_id: newJobId("slice", runId, slice.account.platform, slice.account.id, slice.from, slice.to),
  platform: slice.account.platform,
  account_id: slice.account.id,
  account_key: slice.accountKey,
  from_date: slice.from,
  to_date: slice.to,
  position,
  detail: { account: slice.account, withEntities: slice.withEntities },
});

/** Stores a platform's plan, all or nothing: its slices, a rollup per account, and what cannot be pulled. */
export const insertPlan = async (
  pool: pg.Pool,
  runId: string,
  plan: { readonly slices: readonly Slice[]; readonly failures: readonly PlanFailure[] },
): Promise<void> => {
  const slices = plan.slices.map((slice, position) => sliceRow(runId, slice, position));
  await inTransaction(pool, async (client) => {
    await client.query(
      `insert into ops.job (job_id, run_id, kind, platform, account_id, account_key, from_date, to_date, position,
                            detail)
       select job_id, $1, 'slice', platform, account_id, account_key, from_date, to_date, position, detail
       from jsonb_to_recordset($2) as s (job_id text, platform text, account_id text, account_key integer,
                                         from_date date, to_date date, position integer, detail jsonb)
       on conflict do nothing`,
      [runId, JSON.stringify(slices)],
    );
    await client.query(
      `insert into ops.job (job_id, run_id, kind, platform, account_id, account_key)
       select 'rollup.' || $1 || '.' || platform || '.' || account_id, $1::uuid, 'rollup', platform, account_id,
              account_key
       from jsonb_to_recordset($2) as s (platform text, account_id text, account_key integer)
       group by platform, account_id, account_key
       on conflict do nothing`,
      [runId, JSON.stringify(slices)],
    );
    for (const { platform, accountId, failure } of plan.failures)
      await client.query(
        `insert into ops.job (job_id, run_id, kind, platform, account_id, state, attempts, failure_kind, failure,
                              remedy, finished_at)
         values ($1, $2, 'plan', $3, $4, 'failed', 1, $5, $6, $7, now())
         on conflict do nothing`,
        [
          newJobId("plan", runId, platform, accountId || "all"),
          runId,
          platform,
          accountId,
          failure.kind,
          failure.message,
          failure.remedy,
        ],
      );
  });
};

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

/**
 * Ends the slices that cannot succeed after a failure of their whole account or platform, and returns them.
 * @param state - `done` where the account is closed, and lacks nothing
 */
export const stopRest = async (
  pool: pg.Pool,
  job: Pick<Job, "runId" | "platform" | "accountId">,
  failure: Failure,
  state: "failed" | "done" = "failed",
): Promise<readonly Job[]> => {
  if (failure.scope === "slice") return [];
  const { rows } = await pool.query<JobRow>(
    `update ops.job j
     set state = $7, failure_kind = $4, failure = $5, remedy = $6, lease_until = null,
         finished_at = clock_timestamp(), changed_at = clock_timestamp()
     where run_id = $1 and platform = $2 and ($3::text is null or account_id = $3) and kind = 'slice'
       and state in ('pending', 'deferred')
     returning ${jobColumns}`,
    [
      job.runId,
      job.platform,
      failure.scope === "account" ? job.accountId : null,
      failure.kind,
      failure.message,
      failure.remedy,
      state,
    ],
  );
  return rows.map(jobOf);
};

/** Gives up what a platform's pause holds back for longer than its night lasts, and returns it. */
export const giveUpPaused = async (pool: pg.Pool): Promise<readonly Job[]> => {
  const { rows } = await pool.query<JobRow>(
    `update ops.job j
     set state = 'failed', failure_kind = 'busy', finished_at = clock_timestamp(), changed_at = clock_timestamp(),
         failure = 'the platform''s limit holds beyond the end of the night',
         remedy = 'you need do nothing: what is loaded is kept, and the next night asks for the rest'
     from ops.night n, ops.pause p
     where n.run_id = j.run_id and j.state in ('pending', 'deferred') and j.kind in ('plan', 'slice')
       and p.platform = j.platform and p.account_id in ('', coalesce(j.account_id, '')) and p.until > n.give_up_at
     returning ${jobColumns}`,
  );
  return rows.map(jobOf);
};

/** Of a run that is gone on with: what was not done is to be done, as if nobody had tried. */
export const reopen = async (pool: pg.Pool, runId: string): Promise<void> => {
  await pool.query(
    `update ops.job set state = 'pending', attempts = 0, crashes = 0, lease_until = null, not_before = null,
                        failure_kind = null, failure = null, remedy = null, finished_at = null,
                        changed_at = clock_timestamp()
     where run_id = $1 and (state <> 'done' or kind = 'rollup')`,
    [runId],
  );
};

/** How many slices of each platform a run still has to do. */
export const openSlices = async (pool: pg.Pool, runId: string): Promise<ReadonlyMap<string, number>> => {
  const { rows } = await pool.query<{ platform: string; slices: number }>(
    `select platform, count(*)::integer as slices from ops.job
     where run_id = $1 and kind = 'slice' and state in ${unfinished} group by platform`,
    [runId],
  );
  return new Map(rows.map(({ platform, slices }) => [platform, slices]));
};

/** Whether a run has still to do any of a platform's jobs, or (null) of those that belong to none. */
export const isOpen = async (pool: pg.Pool, runId: string, platform: Platform | null): Promise<boolean> => {
  const { rowCount } = await pool.query(
    `select from ops.job
     where run_id = $1 and state in ${unfinished}
       and case when $2::text is null then kind not in ('slice', 'rollup')
                else kind in ('slice', 'rollup') and platform = $2 end
     limit 1`,
    [runId, platform],
  );
  return rowCount === 1;
};

/** The window of a slice's job. */
export const sliceOf = (job: Job): Slice | undefined => {
  const { detail, accountKey, from, to } = job;
  if (!detail.account || accountKey === null || from === null || to === null) return undefined;
  const window: DayRange = { from, to };
  return { account: detail.account, accountKey, withEntities: detail.withEntities ?? false, ...window };
};
