import { setTimeout as sleep } from "node:timers/promises";
import { DelayedError, type Job } from "bullmq";
import type { Logger } from "pino";
import { Failure } from "../domain/failure.ts";
import { advance, unitIdOf } from "./dispatch.ts";
import {
  claim,
  type Claim,
  defer,
  finish,
  putBack,
  renewLeases,
  stopRest,
  type Unit,
  unitColumns,
  unitOf,
  type UnitRow,
} from "./ledger.ts";
import { endNight } from "./night.ts";
import type { JobData, Queues } from "./queue.ts";
import { runUnit, type UnitContext, type UnitResult } from "./units.ts";
import { crashesBorne, diedOver, outcomeOf } from "./verdict.ts";

export type UnitOutcome = "done" | "failed" | "retried" | "put_back";

/** Told of every unit that was worked at, for metrics. */
export interface UnitEvent extends UnitResult {
  readonly unit: Unit;
  readonly outcome: UnitOutcome;
  readonly ms: number;
}

export interface WorkerContext extends UnitContext {
  readonly queues: Queues;
  readonly log: Logger;
  /** Aborted when nothing new is begun any more; what is under way may go on for a while. */
  readonly stopping: AbortSignal;
  readonly onUnit: (event: UnitEvent) => void;
  /** How long a unit stays with a worker that says nothing. */
  readonly leaseSeconds: number;
  /** Tests shorten the delays between attempts; nothing else does. */
  readonly firstDelayMs?: number;
}

interface Night {
  readonly unit: Unit;
  readonly giveUpAt: Date;
}

const readUnit = async ({ database }: WorkerContext, jobId: string): Promise<Night | undefined> => {
  const { rows } = await database.pool.query<UnitRow & { give_up_at: Date }>(
    `select ${unitColumns}, n.give_up_at from ops.job j join ops.night n using (run_id) where j.job_id = $1`,
    [jobId],
  );
  const row = rows[0];
  return row && { unit: unitOf(row), giveUpAt: row.give_up_at };
};

/** How often a worker looks whether its platform has a place free. */
const placeMs = 150;

/** Claims the unit; where the platform is full the worker waits, since all that its queue holds would have to. */
const claimWhenFree = async (context: WorkerContext, unit: Unit): Promise<Claim> => {
  const atOnce =
    unit.kind === "slice" && unit.platform
      ? (await context.connector(unit.platform)).concurrency.platform
      : 1;
  for (;;) {
    const claimed = await claim(context.database.pool, unit.jobId, atOnce, context.leaseSeconds);
    if (claimed.verdict !== "platform_full" || context.stopping.aborted) return claimed;
    await sleep(placeMs * (0.5 + Math.random()), undefined, { signal: context.stopping }).catch(
      () => undefined,
    );
  }
};

/** Gives the job back to the queue until `at`. */
const delay = async (job: Job<JobData>, token: string, at: number): Promise<never> => {
  await job.moveToDelayed(at, token);
  throw new DelayedError();
};

const pausedFailure = (unit: Unit, until: Date): Failure =>
  new Failure({
    kind: "busy",
    ...(unit.platform && { platform: unit.platform }),
    ...(unit.accountId && { accountId: unit.accountId }),
    message: `the platform's limit holds until ${until.toISOString()}`,
    remedy: "what is loaded is kept; the rest follows by itself when the limit is over",
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

  const settle = async (
    { unit, giveUpAt }: Night,
    claimed: Pick<Claim, "attempts">,
    result: UnitResult,
    log: Logger,
  ): Promise<{ outcome: UnitOutcome; at?: number }> => {
    const { failure } = result;
    if (!failure) {
      await finish(pool, unit.jobId);
      return { outcome: "done" };
    }
    if (failure.kind === "cancelled") {
      await putBack(pool, unit.jobId);
      return { outcome: "put_back", at: Date.now() };
    }
    const next = outcomeOf(failure, {
      attempts: claimed.attempts,
      // The queue's delays run on the machine's clock, whatever day the connectors are told.
      now: new Date(),
      giveUpAt,
      ...(context.firstDelayMs !== undefined && { firstDelayMs: context.firstDelayMs }),
    });
    if (next.kind === "retry") {
      await defer(pool, unit.jobId, next.at, failure);
      log.info({ kind: failure.kind, failure: failure.message, until: next.at }, "tried again later");
      return { outcome: "retried", at: next.at.getTime() };
    }
    await finish(pool, unit.jobId, failure);
    const stopped = await stopRest(pool, unit, failure);
    log.error(
      { kind: failure.kind, failure: failure.message, remedy: failure.remedy, stopped },
      "given up; `costper jobs list --failed` keeps it",
    );
    if (unit.kind === "close") await endNight(pool, unit.runId, "failed");
    return { outcome: "failed" };
  };

  const handle = async (job: Job<JobData>, token: string): Promise<void> => {
    const jobId = unitIdOf(job.data);
    const night = jobId === undefined ? undefined : await readUnit(context, jobId);
    if (!night) {
      context.log.warn({ job: job.id, name: job.name }, "a job of another version or warehouse is dropped");
      return;
    }
    const { unit } = night;
    const log = context.log.child({ run: unit.runId, job: unit.jobId });
    if (context.stopping.aborted) await delay(job, token, Date.now());
    const claimed = await claimWhenFree(context, unit);
    if (claimed.verdict === "platform_full") await delay(job, token, Date.now());
    if (claimed.verdict === "account_full")
      await delay(job, token, Date.now() + accountFullMs * (0.5 + Math.random() / 2));
    // The queue took a busy worker for a dead one: should it be dead, its lease ends.
    if (claimed.verdict === "leased") await delay(job, token, claimed.until?.getTime() ?? Date.now());
    if (claimed.verdict === "finished") {
      await advance(pool, queues, unit.runId, unit.accountKey);
      return;
    }

    const started = performance.now();
    running.add(unit.jobId);
    let result: UnitResult;
    try {
      result =
        claimed.verdict === "paused"
          ? { failure: pausedFailure(unit, claimed.until ?? new Date()) }
          : claimed.crashes > crashesBorne
            ? { failure: diedOver(claimed.crashes) }
            : await runUnit(context, { unit, log, attempt: claimed.attempts + 1 });
    } finally {
      running.delete(unit.jobId);
    }
    const { outcome, at } = await settle(night, claimed, result, log);
    context.onUnit({ ...result, unit, outcome, ms: Math.round(performance.now() - started) });
    await advance(
      pool,
      queues,
      unit.runId,
      unit.kind === "slice" || unit.kind === "rollup" ? unit.accountKey : null,
    );
    if (at !== undefined) await delay(job, token, at);
  };

  return {
    handle,
    /** Units under way in this process. */
    running: running as ReadonlySet<string>,
    renew: () =>
      running.size > 0 ? renewLeases(pool, [...running], context.leaseSeconds) : Promise.resolve(),
  };
};
