import { setTimeout as sleep } from "node:timers/promises";
import type { Worker } from "bullmq";
import type { Logger } from "pino";
import type { Config } from "../config.ts";
import type { Connector } from "../connectors/connector.ts";
import { configuredPlatforms } from "../connectors/registry.ts";
import { asFailure, Failure } from "../domain/failure.ts";
import type { Platform } from "../domain/platform.ts";
import { type Due, lastDue, scheduleOf } from "../domain/schedule.ts";
import { endOverrun } from "../warehouse/analysts/overrun.ts";
import type { Database } from "../warehouse/database.ts";
import type { Metrics } from "./metrics.ts";
import { putBack } from "../sync/ledger/hold.ts";
import { endUnconfigured, giveUpPaused } from "../sync/ledger/rest.ts";
import { beginNight, missedNight, noteSchedule } from "./night.ts";
import { beginDueSources } from "./source-runs.ts";
import { enabledSources, noteSources } from "../sync/sources.ts";
import type { Payload, Queues } from "./queue.ts";
import { inTime } from "./patience.ts";
import { ensureScheduler, nightQueue } from "./schedule.ts";
import { callForReady } from "./wake.ts";
import { createWorker, type WorkerContext } from "./worker.ts";
import type { JobEvent } from "../sync/hand.ts";

/** How soon things happen; tests are less patient than production. */
export interface Pace {
  /** How often the watchdog looks. */
  readonly watchMs: number;
  /** How long after its time a night may begin by the scheduler alone. */
  readonly graceMs: number;
  readonly renewMs: number;
  /** How long a job stays with a worker that no longer renews its lease. */
  readonly leaseSeconds: number;
  /** How long a slice under way may go on after the service was told to stop, and to be put back then. */
  readonly finishMs: number;
  readonly putBackMs: number;
  readonly firstDelayMs?: number;
}

export const usualPace: Pace = {
  watchMs: 15_000,
  graceMs: 45_000,
  renewMs: 8_000,
  leaseSeconds: 30,
  finishMs: 14_000,
  putBackMs: 6_000,
};

export interface ServiceOptions {
  readonly config: Config;
  readonly database: Database;
  readonly queues: Queues;
  readonly connector: (platform: Platform) => Promise<Connector>;
  readonly log: Logger;
  readonly now: () => Date;
  readonly metrics: Metrics;
  readonly roles: { readonly scheduler: boolean; readonly worker: boolean };
  readonly afterRollup: (log: Logger) => Promise<void>;
  /** Done now and then by workers, night or not: data that grows stale without a night must be noticed too. */
  readonly tend?: (log: Logger) => Promise<void>;
  /** Sends what is due at an hour of the day; whichever process looks, once for each due time. */
  readonly digest?: (log: Logger) => Promise<void>;
  /** Is called after every job, inside its span, for traces. */
  readonly onJob?: (event: JobEvent) => void;
  /** Slices of one platform at once in this process; absent: as many as the platform allows. */
  readonly slicesAtOnce?: number | undefined;
  readonly pace?: Pace;
}

/** The unattended part of the service, while it runs. */
export interface Service {
  /** Throws where the schedule does not stand in the queue as configured. */
  checkSchedule(): Promise<void>;
  /** Finishes or puts back what is under way; nothing is left half published. */
  stop(): Promise<void>;
}

/** Calls `look` again and again, each time after the last one has ended, until told to stop. */
const every = (ms: number, signal: AbortSignal, log: Logger, look: () => Promise<unknown>): Promise<void> =>
  (async () => {
    while (!signal.aborted) {
      await sleep(ms, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      await look().catch((error: unknown) =>
        log.warn({ failure: asFailure(error).message }, "the service is not well; looking again"),
      );
    }
  })();

const tendMs = 5 * 60_000;

/** Starts schedule and workers, as the roles say. */
export const startService = async (options: ServiceOptions): Promise<Service> => {
  const { config, database, queues, log, now, metrics, roles } = options;
  const { pool } = database;
  const pace = options.pace ?? usualPace;
  const schedule = scheduleOf(config);
  const platforms = configuredPlatforms(config.connectors);
  const sources = enabledSources(config, "nightly");
  await noteSources(pool, config);
  const stopping = new AbortController();
  const cancel = new AbortController();

  const begin = async (due: Due): Promise<void> => {
    const runId = await beginNight({ pool, log, platforms, sources }, due);
    if (runId !== undefined) await callForReady(pool, queues);
  };

  const watch = async (): Promise<void> => {
    const found = await ensureScheduler(queues.queue(nightQueue), schedule, now());
    if (found !== "well") log.warn({ found, ...schedule }, "the schedule was mended");
    // Else their night would not end, and none would begin after it.
    for (const { platform, kind, accountId, jobId } of await endUnconfigured(pool, platforms))
      log.warn(
        { platform, kind, account: accountId, job: jobId },
        "left out: the config has its platform no more",
      );
    const missed = await missedNight(pool, new Date(now().getTime() - pace.graceMs));
    if (missed) await begin(missed);
    const begun = await beginDueSources({ pool, log, config, now: now() });
    if (begun.length > 0) await callForReady(pool, queues);
    for (const { role, seconds } of await endOverrun(pool))
      log.warn({ role, seconds }, "a query of an analyst went on beyond its time, and was ended");
  };

  /** Heals what a lost call left lying, and ends what no call will ever move. */
  const tick = async (): Promise<void> => {
    for (const { platform, accountId, jobId } of await giveUpPaused(pool))
      log.error(
        { platform, account: accountId, job: jobId },
        "given up: the platform's limit outlasts the night",
      );
    await callForReady(pool, queues);
  };

  const loops: Promise<void>[] = [];
  const workers: Worker<Payload>[] = [];
  let letGo = async (): Promise<void> => undefined;
  if (roles.scheduler) {
    // What was due by the schedule of before is missing, whatever the schedule is now.
    const missed = await missedNight(pool, now());
    if (await noteSchedule(pool, schedule, now())) log.info({ ...schedule }, "schedule noted");
    const queue = queues.queue(nightQueue);
    const found = await ensureScheduler(queue, schedule, now());
    if (found !== "well") log.info({ found, ...schedule }, "schedule set");
    if (missed) {
      log.info({ due: missed.wallClock }, "a night was missed: caught up now");
      await begin(missed);
    }
    loops.push(every(pace.watchMs, stopping.signal, log, watch));
  }

  const { digest } = options;
  if (digest) loops.push(every(pace.watchMs, stopping.signal, log, () => digest(log)));

  if (roles.worker) {
    const context: WorkerContext = {
      database,
      config,
      connector: options.connector,
      now,
      signal: cancel.signal,
      stopping: stopping.signal,
      afterRollup: options.afterRollup,
      queues,
      log,
      onJob(event) {
        metrics.onJob(event);
        options.onJob?.(event);
      },
      leaseSeconds: pace.leaseSeconds,
      ...(pace.firstDelayMs !== undefined && { firstDelayMs: pace.firstDelayMs }),
    };
    const { hand, answer } = createWorker(context);
    // Told to stop is not died: no crash is counted.
    letGo = async () => {
      for (const jobId of hand.running) await putBack(pool, jobId);
    };
    const answerNight = answer(null);
    workers.push(
      queues.worker(nightQueue, Math.min(4, options.slicesAtOnce ?? 4), async (job, token) => {
        if (job.name === "tick") await begin(lastDue(schedule, now()));
        else await answerNight(job, token);
      }),
    );
    for (const platform of platforms) {
      const { concurrency } = await options.connector(platform);
      const atOnce = Math.min(concurrency.platform, options.slicesAtOnce ?? concurrency.platform);
      workers.push(queues.worker(platform, atOnce, answer(platform, concurrency)));
    }
    // Leases are renewed until the last slice has ended, so also while the service stops.
    loops.push(every(pace.renewMs, cancel.signal, log, () => hand.renew()));
    loops.push(every(10_000, stopping.signal, log, () => metrics.flushUsage(pool)));
    const { tend } = options;
    if (tend) loops.push(every(tendMs, stopping.signal, log, () => tend(log)));
  }

  if (roles.scheduler || roles.worker) loops.push(every(pace.watchMs, stopping.signal, log, tick));

  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    stopping.abort();
    const ended = Promise.all(workers.map((worker) => worker.close()));
    if (!(await inTime(ended, pace.finishMs))) {
      log.info("slices under way are put back");
      cancel.abort(new DOMException("the service stops", "AbortError"));
      if (!(await inTime(ended, pace.putBackMs))) {
        // It hangs where nothing stops it, in the database say; the end of the process takes its transaction back.
        log.warn("slices under way do not end: they are left to other workers");
        await inTime(Promise.all([letGo(), ...workers.map((worker) => worker.close(true))]), 1_500);
      }
    }
    cancel.abort();
    // A database that does not answer any more is not waited for.
    await inTime(Promise.all(loops), 1_000);
    await inTime(
      metrics.flushUsage(pool).catch(() => undefined),
      1_000,
    );
  };

  return {
    async checkSchedule() {
      const found = (await queues.queue(nightQueue).getJobSchedulers())[0];
      const due = new Date(found?.next ?? 0);
      if (found && due.getTime() > Date.now() - 5 * 60_000) return;
      throw new Failure({
        kind: "transient",
        message: found
          ? `the schedule stopped: its next night was due at ${due.toISOString()}`
          : "the queue holds no schedule: no scheduler runs, or its queue was emptied",
        remedy: "run costper start with the scheduler; it repairs the schedule by itself",
      });
    },
    stop: () => (stopped ??= stop()),
  };
};
