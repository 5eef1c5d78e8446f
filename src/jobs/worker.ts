import { setTimeout as sleep } from "node:timers/promises";
import { DelayedError, type Job as QueueEntry } from "bullmq";
import type { Logger } from "pino";
import { Failure } from "../domain/failure.ts";
import { retries } from "../domain/retry.ts";
import { advance, jobIdOf } from "./dispatch.ts";
import {
  claim,
  type Claim,
  defer,
  finish,
  putBack,
  renewLeases,
  stopRest,
  type Job,
  jobColumns,
  jobOf,
  type JobRow,
} from "./ledger.ts";
import { endNight } from "./night.ts";
import type { Payload, Queues } from "./queue.ts";
import { runJob, type JobContext, type JobResult } from "./run-job.ts";
import { diedOver, nextStepOf } from "./next-step.ts";

export type JobOutcome = "done" | "failed" | "retried" | "put_back";

/** Describes every job that a worker has worked at, for metrics. */
export interface JobEvent extends JobResult {
  readonly job: Job;
  readonly outcome: JobOutcome;
  readonly ms: number;
}

export interface WorkerContext extends JobContext {
  readonly queues: Queues;
  readonly log: Logger;
  /** Aborted when nothing new is begun any more; what is under way may go on for a while. */
  readonly stopping: AbortSignal;
  readonly onJob: (event: JobEvent) => void;
  /** How long a job stays with a worker that says nothing. */
  readonly leaseSeconds: number;
  /** Tests shorten the delays between attempts; nothing else does. */
  readonly firstDelayMs?: number;
}

interface Night {
  readonly job: Job;
  readonly giveUpAt: Date;
}

const readJob = async ({ database }: WorkerContext, jobId: string): Promise<Night | undefined> => {
  const { rows } = await database.pool.query<JobRow & { give_up_at: Date }>(
    `select ${jobColumns}, n.give_up_at from ops.job j join ops.night n using (run_id) where j.job_id = $1`,
    [jobId],
  );
  const row = rows[0];
  return row && { job: jobOf(row), giveUpAt: row.give_up_at };
};

/** How often a worker looks whether its platform has a place free. */
const placeMs = 150;

/** Claims the job; where the platform is full the worker waits, since all that its queue holds would have to. */
const claimWhenFree = async (context: WorkerContext, job: Job): Promise<Claim> => {
  const atOnce =
    job.kind === "slice" && job.platform ? (await context.connector(job.platform)).concurrency.platform : 1;
  for (;;) {
    const claimed = await claim(context.database.pool, job.jobId, atOnce, context.leaseSeconds);
    if (claimed.verdict !== "platform_full" || context.stopping.aborted) return claimed;
    await sleep(placeMs * (0.5 + Math.random()), undefined, { signal: context.stopping }).catch(
      () => undefined,
    );
  }
};

/** Gives the entry back to the queue until `at`. */
const delay = async (entry: QueueEntry<Payload>, token: string, at: number): Promise<never> => {
  await entry.moveToDelayed(at, token);
  throw new DelayedError();
};

const pausedFailure = (job: Job, until: Date): Failure =>
  new Failure({
    kind: "busy",
    ...(job.platform && { platform: job.platform }),
    ...(job.accountId && { accountId: job.accountId }),
    message: `the platform's limit holds until ${until.toISOString()}`,
    remedy: "you need do nothing: what is loaded is kept, and the rest follows when the limit is over",
    retryAt: until,
    scope: "account",
  });

/** How soon a slice comes back whose account has as many under way as may be. */
const accountFullMs = 1_000;

/**
 * Takes one job of a queue from claim to outcome. Throws DelayedError where the job was put back, and otherwise only
 * where the queue or the database is lost: then the job comes back by itself, when its lock has run out.
 */
export const createHandler = (context: WorkerContext) => {
  const { queues, database } = context;
  const { pool } = database;
  const running = new Set<string>();

  const conclude = async (
    { job, giveUpAt }: Night,
    claimed: Pick<Claim, "attempts">,
    result: JobResult,
    log: Logger,
  ): Promise<{ outcome: JobOutcome; at?: number }> => {
    const { failure } = result;
    if (!failure) {
      await finish(pool, job.jobId);
      return { outcome: "done" };
    }
    if (failure.kind === "cancelled") {
      await putBack(pool, job.jobId);
      return { outcome: "put_back", at: Date.now() };
    }
    const next = nextStepOf(failure, {
      attempts: claimed.attempts,
      // The queue's delays run on the machine's clock, whatever day the connectors are told.
      now: new Date(),
      giveUpAt,
      ...(context.firstDelayMs !== undefined && { firstDelayMs: context.firstDelayMs }),
    });
    if (next.kind === "retry") {
      await defer(pool, job.jobId, next.at, failure);
      log.info({ kind: failure.kind, failure: failure.message, until: next.at }, "tried again later");
      return { outcome: "retried", at: next.at.getTime() };
    }
    await finish(pool, job.jobId, failure);
    const stopped = await stopRest(pool, job, failure);
    log.error(
      { kind: failure.kind, failure: failure.message, remedy: failure.remedy, stopped },
      "given up; `costper jobs list --failed` keeps it",
    );
    if (job.kind === "close") await endNight(pool, job.runId, "failed");
    return { outcome: "failed" };
  };

  const handle = async (entry: QueueEntry<Payload>, token: string): Promise<void> => {
    const jobId = jobIdOf(entry.data);
    const night = jobId === undefined ? undefined : await readJob(context, jobId);
    if (!night) {
      context.log.warn(
        { job: entry.id, name: entry.name },
        "a job of another version or warehouse is dropped",
      );
      return;
    }
    const { job } = night;
    const log = context.log.child({ run: job.runId, job: job.jobId });
    if (context.stopping.aborted) await delay(entry, token, Date.now());
    const claimed = await claimWhenFree(context, job);
    if (claimed.verdict === "platform_full") await delay(entry, token, Date.now());
    if (claimed.verdict === "account_full")
      await delay(entry, token, Date.now() + accountFullMs * (0.5 + Math.random() / 2));
    // The queue took a busy worker for a dead one: should it be dead, its lease ends.
    if (claimed.verdict === "leased") await delay(entry, token, claimed.until?.getTime() ?? Date.now());
    if (claimed.verdict === "finished") {
      await advance(pool, queues, job.runId, job.accountKey);
      return;
    }

    const started = performance.now();
    running.add(job.jobId);
    let result: JobResult;
    try {
      result =
        claimed.verdict === "paused"
          ? { failure: pausedFailure(job, claimed.until ?? new Date()) }
          : claimed.crashes > retries.job.crashes
            ? { failure: diedOver(claimed.crashes) }
            : await runJob(context, { job, log, attempt: claimed.attempts + 1 });
    } finally {
      running.delete(job.jobId);
    }
    const { outcome, at } = await conclude(night, claimed, result, log);
    context.onJob({ ...result, job, outcome, ms: Math.round(performance.now() - started) });
    await advance(
      pool,
      queues,
      job.runId,
      job.kind === "slice" || job.kind === "rollup" ? job.accountKey : null,
    );
    if (at !== undefined) await delay(entry, token, at);
  };

  return {
    handle,
    /** Jobs under way in this process. */
    running: running as ReadonlySet<string>,
    renew: () =>
      running.size > 0 ? renewLeases(pool, [...running], context.leaseSeconds) : Promise.resolve(),
  };
};
