import type { DayRange } from "../../domain/day.ts";
import type { Account } from "../../domain/facts.ts";
import type { Platform } from "../../domain/platform.ts";
import type { Slice } from "../slice.ts";

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

/** A job as its table has it. */
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

/** Its columns, of a table `j`. */
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

/** States in which a job is still to be done. */
export const unfinished = "('pending', 'running', 'deferred')";

/** The window of a slice's job. */
export const sliceOf = (job: Job): Slice | undefined => {
  const { detail, accountKey, from, to } = job;
  if (!detail.account || accountKey === null || from === null || to === null) return undefined;
  const window: DayRange = { from, to };
  return { account: detail.account, accountKey, withEntities: detail.withEntities ?? false, ...window };
};
