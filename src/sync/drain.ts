import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import type { Platform } from "../domain/platform.ts";
import type { Hand, JobEvent } from "./hand.ts";
import type { Taken } from "./ledger/hold.ts";
import { isOpen } from "./ledger/rest.ts";

/** What of a run is done side by side: a platform's slices and rollups, or (null) what belongs to no platform. */
export interface Lane {
  readonly platform: Platform | null;
  readonly hands: number;
  readonly accountAtOnce: number;
}

export interface DrainOptions {
  readonly pool: pg.Pool;
  readonly hand: Hand;
  readonly runId: string;
  readonly lanes: readonly Lane[];
  readonly signal: AbortSignal;
  readonly onJob: (event: JobEvent) => void;
}

/** How often a lane with a free hand looks for what has become due meanwhile. */
const lookMs = 500;

const drainLane = async (options: DrainOptions, lane: Lane): Promise<void> => {
  const { hand, runId, signal } = options;
  const active = new Set<Promise<void>>();
  let near: { readonly runId: string; readonly accountKey: number } | undefined;
  const failed: unknown[] = [];
  const carryOut = async (taken: Taken): Promise<void> => {
    try {
      options.onJob(await hand.carryOut(taken));
    } catch (error) {
      failed.push(error);
    }
    near = taken.job.accountKey === null ? near : { runId, accountKey: taken.job.accountKey };
  };
  while (failed.length === 0) {
    let taken: Taken | undefined;
    while (!signal.aborted && active.size < lane.hands) {
      taken = await hand.take({ ...lane, runId, near });
      if (!taken) break;
      const task: Promise<void> = carryOut(taken).finally(() => active.delete(task));
      active.add(task);
    }
    if (active.size === 0 && (signal.aborted || !(await isOpen(options.pool, runId, lane.platform)))) break;
    await Promise.race([...active, ...(signal.aborted ? [] : [sleep(lookMs)])]);
  }
  await Promise.all(active);
  if (failed.length > 0) throw failed[0];
};

/** How often the leases of what is under way are renewed. */
const renewMs = 8_000;

/**
 * Works through a run in this process, lane beside lane; a lane that fails holds up no other. Ends when nothing of the
 * run is open any more, or once what was under way has ended after the signal.
 */
export const drainRun = async (options: DrainOptions): Promise<void> => {
  const { hand, lanes, signal } = options;
  // Every request under way listens to it; Node warns of a leak from the eleventh on.
  setMaxListeners(0, signal);
  const ended = new AbortController();
  const renewing = (async () => {
    while (!ended.signal.aborted) {
      await sleep(renewMs, undefined, { signal: ended.signal }).catch(() => undefined);
      // A database that is away for a moment costs nothing while the leases last.
      await hand.renew().catch(() => undefined);
    }
  })();
  try {
    const outcomes = await Promise.allSettled(lanes.map((lane) => drainLane(options, lane)));
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  } finally {
    ended.abort();
    await renewing;
  }
};
