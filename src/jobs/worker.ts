import type { Job as QueueEntry } from "bullmq";
import type { Logger } from "pino";
import type { Connector } from "../connectors/connector.ts";
import type { Platform } from "../domain/platform.ts";
import { createHand, type Hand, type JobEvent } from "../sync/hand.ts";
import type { Job } from "../sync/ledger/job.ts";
import { isNamedIn, workBy } from "../sync/work.ts";
import { endNight } from "./night.ts";
import type { Handler, Payload, Queues } from "./queue.ts";
import { type NightContext, nightWork } from "./run-job.ts";
import { boardData, call, callForReady, callToClose, queueOf } from "./wake.ts";

export interface WorkerContext extends NightContext {
  readonly queues: Queues;
  readonly log: Logger;
  /** Aborted when nothing new is begun any more; what is under way may go on for a while. */
  readonly stopping: AbortSignal;
  readonly onJob: (event: JobEvent) => void;
  readonly leaseSeconds: number;
  /** Tests shorten the delays between attempts; nothing else does. */
  readonly firstDelayMs?: number;
}

/** The account that the job before this call was about, so that its rollup goes first. */
const nearOf = ({ data }: QueueEntry<Payload>): { runId: string; accountKey: number } | undefined => {
  const { runId, accountKey } = data;
  return typeof runId === "string" && typeof accountKey === "number" ? { runId, accountKey } : undefined;
};

export interface Worker {
  readonly hand: Hand;
  /** Answers the calls of a queue: each carries out one job and passes itself on. */
  readonly answer: (platform: Platform | null, concurrency?: Connector["concurrency"]) => Handler;
}

export const createWorker = (context: WorkerContext): Worker => {
  const { queues, database, log } = context;
  const { pool } = database;
  const hand = createHand({
    pool,
    log,
    work: workBy(nightWork, context),
    isNamed: isNamedIn(context.config),
    leaseSeconds: context.leaseSeconds,
    ...(context.firstDelayMs !== undefined && { firstDelayMs: context.firstDelayMs }),
  });

  /** Calls those whose work the end of this job has made ready; its own queue is called in any case. */
  const callNext = async (
    { kind, platform, runId, accountKey }: Job,
    at: Date | undefined,
  ): Promise<void> => {
    const own = kind === "slice" || kind === "rollup" ? queueOf(platform) : queueOf(null);
    await call(queues, own, { ...(accountKey !== null && { near: { runId, accountKey } }) });
    if (at) await call(queues, own, { at });
    if (kind === "plan") await callForReady(pool, queues);
    if (kind === "rollup") await callToClose(pool, queues, runId);
  };

  return {
    hand,
    answer: (platform, concurrency) => async (entry) => {
      if (context.stopping.aborted) return call(queues, queueOf(platform), {});
      const taken = await hand.take({
        platform,
        runId: null,
        near: nearOf(entry),
        platformAtOnce: concurrency?.platform,
        accountAtOnce: concurrency?.account ?? 1,
      });
      if (!taken) return;
      // The board is for people: that it could not be told stops no work.
      await entry.updateData(boardData(taken.job)).catch(() => undefined);
      const event = await hand.carryOut(taken);
      if (event.job.kind === "close" && event.outcome === "failed")
        await endNight(pool, event.job.runId, "failed");
      context.onJob(event);
      await callNext(event.job, event.at);
    },
  };
};
