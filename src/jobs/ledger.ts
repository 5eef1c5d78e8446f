import type pg from "pg";
import type { DayRange } from "../domain/day.ts";
import type { Account } from "../domain/facts.ts";
import type { Failure } from "../domain/failure.ts";
import type { Platform } from "../domain/platform.ts";
import { inTransaction } from "../warehouse/transaction.ts";
import type { PlanFailure } from "../sync/plan.ts";
import type { Slice } from "../sync/slice.ts";

/**
 * The jobs of a night, as `ops.job` keeps them. The queue only carries their ids about: whatever happens to
 * it, what is done, what is missing and what comes next is read from here.
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

export interface JobRow {
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

export const jobColumns =
  "j.job_id, j.run_id, j.kind, j.platform, j.account_id, j.account_key, j.from_date, j.to_date, j.detail";

export const jobOf = (row: JobRow): Job => ({
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

/** A queue refuses `:` in ids that are not its own. */
export const newJobId = (kind: JobKind, runId: string, ...parts: readonly string[]): string =>
  [kind, runId, ...parts].join(".");

/** States in which a job is still to be done. */
export const unfinished = "('pending', 'queued', 'running', 'deferred')";

/** Begins a night: its run, a plan for each platform, the rates and the close. */
export const insertNight = async (
  client: pg.PoolClient,
  night: {
    readonly due: string;
    readonly dueAt: Date;
    readonly giveUpAt: Date;
    readonly platforms: readonly Platform[];
    readonly sources?: readonly string[];
  },
): Promise<string> => {
  const { rows } = await client.query<{ run_id: string }>(
    "insert into ops.run (command, plan) values ('night', $1) returning run_id",
    [night.due],
  );
  const runId = rows[0]?.run_id ?? "";
  await client.query("insert into ops.night (run_id, due, due_at, give_up_at) values ($1, $2, $3, $4)", [
    runId,
    night.due,
    night.dueAt,
    night.giveUpAt,
  ]);
  for (const platform of night.platforms)
    await client.query("insert into ops.job (job_id, run_id, kind, platform) values ($1, $2, 'plan', $3)", [
      newJobId("plan", runId, platform),
      runId,
      platform,
    ]);
  for (const source of night.sources ?? [])
    await client.query(
      "insert into ops.job (job_id, run_id, kind, platform, account_id) values ($1, $2, 'source', $3, $4)",
      [newJobId("source", runId, source), runId, sourcePlatform, source],
    );
  for (const kind of ["rates", "close"] as const)
    await client.query("insert into ops.job (job_id, run_id, kind) values ($1, $2, $3)", [
      newJobId(kind, runId),
      runId,
      kind,
    ]);
  return runId;
};

const sliceRow = (runId: string, slice: Slice, position: number, atOnce: number) => ({
  job_id: newJobId("slice", runId, slice.account.platform, slice.account.id, slice.from, slice.to),
  platform: slice.account.platform,
  account_id: slice.account.id,
  account_key: slice.accountKey,
  from_date: slice.from,
  to_date: slice.to,
  position,
  at_once: atOnce,
  detail: { account: slice.account, withEntities: slice.withEntities },
});

/** Stores a platform's plan, all or nothing: its slices, a rollup per account, and what cannot be pulled. */
export const insertPlan = async (
  pool: pg.Pool,
  runId: string,
  plan: {
    readonly slices: readonly Slice[];
    readonly failures: readonly PlanFailure[];
    readonly accountAtOnce: number;
  },
): Promise<void> => {
  const slices = plan.slices.map((slice, position) => sliceRow(runId, slice, position, plan.accountAtOnce));
  await inTransaction(pool, async (client) => {
    await client.query(
      `insert into ops.job (job_id, run_id, kind, platform, account_id, account_key, from_date, to_date, position,
                            at_once, detail)
       select job_id, $1, 'slice', platform, account_id, account_key, from_date, to_date, position, at_once, detail
       from jsonb_to_recordset($2) as s (job_id text, platform text, account_id text, account_key integer,
                                         from_date date, to_date date, position integer, at_once smallint,
                                         detail jsonb)
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

export type ClaimVerdict = "claimed" | "finished" | "leased" | "paused" | "platform_full" | "account_full";

export interface Claim {
  readonly verdict: ClaimVerdict;
  /** Of `paused` and `leased` (another worker is at it): until when. */
  readonly until: Date | null;
  /** How many workers died over the job, and how many attempts failed. */
  readonly crashes: number;
  readonly attempts: number;
}

/** Asks for a job; the hold on it lasts for `leaseSeconds` and is renewed well before. */
export const claim = async (
  pool: pg.Pool,
  jobId: string,
  platformAtOnce: number,
  leaseSeconds: number,
): Promise<Claim> => {
  const { rows } = await pool.query<Claim>("select * from ops.claim_job($1, $2, $3)", [
    jobId,
    leaseSeconds,
    platformAtOnce,
  ]);
  return rows[0] ?? { verdict: "finished", until: null, crashes: 0, attempts: 0 };
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

/** Releases a claim without counting an attempt: the job waits in the queue again. */
export const putBack = async (pool: pg.Pool, jobId: string): Promise<void> => {
  await pool.query(
    `update ops.job set state = 'queued', lease_until = null, changed_at = clock_timestamp()
     where job_id = $1 and state = 'running'`,
    [jobId],
  );
};

export const finish = async (pool: pg.Pool, jobId: string, failure?: Failure): Promise<void> => {
  await pool.query(
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

/** Gives up the slices that cannot succeed after a failure of their whole account or platform. Returns their number. */
export const stopRest = async (
  pool: pg.Pool,
  job: Pick<Job, "runId" | "platform" | "accountId">,
  failure: Failure,
): Promise<number> => {
  if (failure.scope === "slice") return 0;
  const { rowCount } = await pool.query(
    `update ops.job
     set state = 'failed', failure_kind = $4, failure = $5, remedy = $6, lease_until = null,
         finished_at = clock_timestamp(), changed_at = clock_timestamp()
     where run_id = $1 and platform = $2 and ($3::text is null or account_id = $3) and kind = 'slice'
       and state in ('pending', 'queued', 'deferred')`,
    [
      job.runId,
      job.platform,
      failure.scope === "account" ? job.accountId : null,
      failure.kind,
      failure.message,
      failure.remedy,
    ],
  );
  return rowCount ?? 0;
};

/** The window of a slice's job. */
export const sliceOf = (job: Job): Slice | undefined => {
  const { detail, accountKey, from, to } = job;
  if (!detail.account || accountKey === null || from === null || to === null) return undefined;
  const window: DayRange = { from, to };
  return { account: detail.account, accountKey, withEntities: detail.withEntities ?? false, ...window };
};
