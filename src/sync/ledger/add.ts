import type pg from "pg";
import { inTransaction } from "../../warehouse/transaction.ts";
import type { PlanFailure } from "../plan.ts";
import type { Slice } from "../slice.ts";
import type { JobKind } from "./job.ts";

const newJobId = (kind: JobKind, runId: string, ...parts: readonly (string | undefined)[]): string =>
  [kind, runId, ...parts].filter((part) => part !== undefined).join(".");

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
