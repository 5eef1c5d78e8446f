import { randomUUID } from "node:crypto";
import { Failure } from "../../domain/failure.ts";
import type { Platform } from "../../domain/platform.ts";
import { interrupted } from "./exchange.ts";
import { semaphore } from "./limits.ts";
import { pause } from "./request.ts";

/** Places of a lane as every process on the same warehouse knows them; each is held on a lease. */
export interface SharedPlaces {
  /** Takes a free one of so many places, or says false while others hold them all. */
  take(lane: string, places: number, holder: string, leaseMs: number): Promise<boolean>;
  /** Holds the place for so long again. */
  renew(lane: string, holder: string, leaseMs: number): Promise<void>;
  free(lane: string, holder: string): Promise<void>;
}

/** What may be under way only a few at a time, over all processes, for longer than a request: reports of a customer. */
export interface Lanes {
  /**
   * Waits for a place in the lane; what it returns gives it back.
   * @throws Failure `busy` where other processes hold every place for too long, `cancelled` on an abort.
   */
  enter(lane: string, places: number, signal: AbortSignal): Promise<() => void>;
}

export interface LanesOptions {
  readonly platform: Platform;
  /** Absent: other processes are not asked. */
  readonly shared?: SharedPlaces | undefined;
  readonly now: () => Date;
  /** How long the places of other processes are waited for. */
  readonly maxWaitMs: number;
  /** A process that dies holds its place for so long. */
  readonly leaseMs?: number;
}

const firstAskMs = 200;
const longestAskMs = 2_000;

export const createLanes = (options: LanesOptions): Lanes => {
  const { platform, shared, leaseMs = 60_000 } = options;
  const lanes = new Map<string, ReturnType<typeof semaphore>>();

  /** Asks until a place of the warehouse is ours. */
  const takeShared = async (places: SharedPlaces, lane: string, count: number, signal: AbortSignal) => {
    const holder = randomUUID();
    const until = performance.now() + options.maxWaitMs;
    for (
      let ms = firstAskMs;
      !(await places.take(lane, count, holder, leaseMs));
      ms = Math.min(ms * 2, longestAskMs)
    ) {
      if (performance.now() > until)
        throw new Failure({
          kind: "busy",
          platform,
          message: `${lane}: other processes hold all ${String(count)} places`,
          remedy: "nothing: it goes on by itself once they are done",
          retryAt: new Date(options.now().getTime() + 60_000),
        });
      await pause(ms, signal, platform);
    }
    // A lost renewal is no harm by itself: the lease outlives three of them.
    const renewal = setInterval(
      () => void places.renew(lane, holder, leaseMs).catch(() => undefined),
      leaseMs / 4,
    ).unref();
    return () => {
      clearInterval(renewal);
      void places.free(lane, holder).catch(() => undefined);
    };
  };

  return {
    async enter(lane, places, signal) {
      let own = lanes.get(lane);
      if (!own) lanes.set(lane, (own = semaphore(places)));
      const place = own;
      if (signal.aborted) throw interrupted(signal, platform);
      await place.acquire(signal).catch((error: unknown) => {
        throw signal.aborted ? interrupted(signal, platform) : error;
      });
      try {
        const free = shared ? await takeShared(shared, lane, places, signal) : undefined;
        return () => {
          free?.();
          place.release();
        };
      } catch (error) {
        place.release();
        throw error;
      }
    },
  };
};
