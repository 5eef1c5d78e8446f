import type pg from "pg";
import { platforms } from "../connectors/registry.ts";
import type { Platform } from "../domain/platform.ts";
import type { Job } from "../sync/ledger/job.ts";
import { inTime, patienceMs } from "./patience.ts";
import type { Queues } from "./queue.ts";
import { nightQueue } from "./schedule.ts";

/**
 * What stands in the queues are calls, not jobs: each has a free worker take the next job that the ledger has ready, and
 * passes itself on. So a call that is lost, doubled or of another version costs nothing but the time to the next look.
 */

const callName = "work";

/** The queue whose workers do such jobs. */
export const queueOf = (platform: Platform | null): string => platform ?? nightQueue;

/** What people see of a job on the board once a worker has it. */
export const boardData = (job: Job): Readonly<Record<string, unknown>> => ({
  job: job.jobId,
  runId: job.runId,
  kind: job.kind,
  platform: job.platform,
  accountId: job.accountId,
  account: job.detail.account?.name,
  from: job.from,
  to: job.to,
});

/** More calls than any number of workers answers at once would only lie about. */
const mostCalls = 64;

/** On Postgres a bulk makes two temporary tables, which cost more than a few calls added one by one. */
const worthABulk = 8;

const usual = { removeOnComplete: true, removeOnFail: true } as const;

export interface WorkerCall {
  /** How many workers; one where nothing is said. */
  readonly count?: number;
  /** Not before then. */
  readonly at?: Date;
  /** The account just worked at, whose rollup goes first. */
  readonly near?: { readonly runId: string; readonly accountKey: number };
}

/** Calls workers of a queue. */
export const call = async (
  queues: Queues,
  name: string,
  { count = 1, at, near }: WorkerCall = {},
): Promise<void> => {
  const queue = queues.queue(name);
  const data = { ...near };
  const opts = { ...usual, ...(at && { delay: Math.max(0, at.getTime() - Date.now()) }) };
  if (count < worthABulk)
    for (let added = 0; added < count; added += 1) await queue.add(callName, data, opts);
  else await queue.addBulk(Array.from({ length: count }, () => ({ name: callName, data, opts })));
};

/** Calls for the close of a run where nothing else of it is left. */
export const callToClose = async (pool: pg.Pool, queues: Queues, runId: string): Promise<void> => {
  const { rowCount } = await pool.query("select from ops.ready_job where run_id = $1 and kind = 'close'", [
    runId,
  ]);
  if (rowCount === 1) await call(queues, nightQueue);
};

/**
 * Calls as many workers as there are jobs ready, beside the calls that wait: after a plan, and as the tick that heals
 * what was lost.
 */
export const callForReady = async (pool: pg.Pool, queues: Queues): Promise<void> => {
  const { rows } = await pool.query<{ platform: Platform | null; jobs: number }>(
    `select case when kind in ('slice', 'rollup') then platform end as platform, count(*)::integer as jobs
     from ops.ready_job where is_night and paused_until is null group by 1`,
  );
  for (const { platform, jobs } of rows) {
    // A platform that the config no longer has, of a night begun before.
    if (platform !== null && !platforms.includes(platform)) continue;
    const name = queueOf(platform);
    const waiting = await queues.queue(name).getJobCountByTypes("waiting", "prioritized");
    const missing = Math.min(jobs, mostCalls) - waiting;
    if (missing > 0) await call(queues, name, { count: missing });
  }
};

/** The same for somebody who waits: what is not called in time is called once the queue is back, or by the next look. */
export const callForReadySoon = async (pool: pg.Pool, queues: Queues): Promise<void> =>
  inTime(callForReady(pool, queues), patienceMs);
