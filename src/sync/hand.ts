import type pg from "pg";
import type { Logger } from "pino";
import type { Failure } from "../domain/failure.ts";
import { retries } from "../domain/retry.ts";
import { defer, finish, putBack, renewLeases, take, type Taken, type Want } from "./ledger/hold.ts";
import { type Job, sliceOf } from "./ledger/job.ts";
import { stopRest } from "./ledger/rest.ts";
import { diedOver, nextStepOf } from "./next-step.ts";
import { skipSlice, type Slice, type SliceResult } from "./slice.ts";
import type { JobAsk, JobResult } from "./work.ts";

export type JobOutcome = "done" | "failed" | "retried" | "put_back";

/** Describes every job that was worked at, for metrics and for whoever watches. */
export interface JobEvent extends JobResult {
  readonly job: Job;
  readonly outcome: JobOutcome;
  readonly ms: number;
  /** Slices that were not tried, since this failure stops them too. */
  readonly skipped: readonly SliceResult[];
  /** Of a job that is tried again: when. */
  readonly at?: Date;
}

export interface HandOptions {
  readonly pool: pg.Pool;
  readonly log: Logger;
  readonly work: (ask: JobAsk) => Promise<JobResult>;
  readonly isNamed: (slice: Slice) => boolean;
  /** How long a job stays with a process that says nothing. */
  readonly leaseSeconds: number;
  /** Tests shorten the delays between attempts; nothing else does. */
  readonly firstDelayMs?: number;
}

/** Takes jobs from the ledger and carries each from there to its outcome, in the service as in a watched sync. */
export interface Hand {
  take(want: Omit<Want, "leaseSeconds">): Promise<Taken | undefined>;
  /** Throws only where the database is lost: then the lease ends, and another hand takes the job. */
  carryOut(taken: Taken): Promise<JobEvent>;
  /** Jobs under way in this process. */
  readonly running: ReadonlySet<string>;
  renew(): Promise<void>;
}

export const createHand = ({ pool, log, work, isNamed, leaseSeconds, firstDelayMs }: HandOptions): Hand => {
  const running = new Set<string>();

  /** Ends what the failure stops beyond its own slice; of a closed account nothing is missing. */
  const stop = async (job: Job, failure: Failure, state: "failed" | "done"): Promise<SliceResult[]> => {
    const skipped: SliceResult[] = [];
    for (const slice of (await stopRest(pool, job, failure, state)).flatMap((rest) => sliceOf(rest) ?? []))
      skipped.push(await skipSlice(slice, failure, { pool, runId: job.runId, named: isNamed(slice) }));
    return skipped;
  };

  const conclude = async (
    { job, attempts, giveUpAt }: Taken,
    { failure, slice }: JobResult,
    jobLog: Logger,
  ): Promise<Pick<JobEvent, "outcome" | "skipped" | "at">> => {
    if (!failure) {
      await finish(pool, job.jobId);
      const closed = slice?.outcome === "closed" ? slice.failure : undefined;
      return { outcome: "done", skipped: closed ? await stop(job, closed, "done") : [] };
    }
    if (failure.kind === "cancelled") {
      await putBack(pool, job.jobId);
      return { outcome: "put_back", skipped: [] };
    }
    const next = nextStepOf(failure, {
      attempts,
      // Leases and delays run on the machine's clock, whatever day the connectors are told.
      now: new Date(),
      giveUpAt,
      ...(firstDelayMs !== undefined && { firstDelayMs }),
    });
    if (next.kind === "retry") {
      await defer(pool, job.jobId, next.at, failure);
      jobLog.info({ kind: failure.kind, failure: failure.message, until: next.at }, "tried again later");
      return { outcome: "retried", skipped: [], at: next.at };
    }
    await finish(pool, job.jobId, failure);
    const skipped = await stop(job, failure, "failed");
    if (giveUpAt !== null)
      jobLog.error(
        { kind: failure.kind, failure: failure.message, remedy: failure.remedy, stopped: skipped.length },
        "given up; `costper jobs list --failed` keeps it",
      );
    return { outcome: "failed", skipped };
  };

  return {
    running,
    take: async (want) => {
      const taken = await take(pool, { ...want, leaseSeconds });
      // Its lease ran out while the database was away, and it is under way here.
      return taken && running.has(taken.job.jobId) ? undefined : taken;
    },
    async carryOut(taken) {
      const { job, crashes, attempts } = taken;
      const jobLog = log.child({ run: job.runId, job: job.jobId });
      const started = performance.now();
      running.add(job.jobId);
      try {
        const result =
          crashes > retries.job.crashes
            ? { failure: diedOver(crashes) }
            : await work({ job, log: jobLog, attempt: attempts + 1 });
        const concluded = await conclude(taken, result, jobLog);
        return { ...result, ...concluded, job, ms: Math.round(performance.now() - started) };
      } finally {
        running.delete(job.jobId);
      }
    },
    renew: () => (running.size > 0 ? renewLeases(pool, [...running], leaseSeconds) : Promise.resolve()),
  };
};
