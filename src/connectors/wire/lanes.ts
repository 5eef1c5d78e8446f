import { Failure } from "../../domain/failure.ts";
import type { Platform } from "../../domain/platform.ts";
import { interrupted } from "./exchange.ts";
import { semaphore } from "./limits.ts";
import { pause } from "./request.ts";

/** Places of a lane as every process on the same warehouse knows them; that of a process that died becomes free. */
export interface SharedPlaces {
  /** Takes a free one of so many places; what it gives frees it. Undefined while others hold them all. */
  take(lane: string, places: number): Promise<(() => Promise<void>) | undefined>;
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
}

const firstAskMs = 200;
const longestAskMs = 2_000;

export const createLanes = (options: LanesOptions): Lanes => {
  const { platform, shared } = options;
  const lanes = new Map<string, ReturnType<typeof semaphore>>();

  /** Asks until a place of the warehouse is ours. */
  const takeShared = async (places: SharedPlaces, lane: string, count: number, signal: AbortSignal) => {
    const until = performance.now() + options.maxWaitMs;
    for (let ms = firstAskMs; ; ms = Math.min(ms * 2, longestAskMs)) {
      const free = await places.take(lane, count);
      if (free) return () => void free().catch(() => undefined);
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
