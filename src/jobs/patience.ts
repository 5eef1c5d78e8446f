import { setTimeout as sleep } from "node:timers/promises";

/** How long somebody who waits for an answer waits for the queue: a Redis that is away is asked until it is back. */
export const patienceMs = 3_000;

/** What the work comes to, or undefined where that takes too long: it goes on, and nobody waits for it. */
export const inTime = async <Value>(work: Promise<Value>, ms: number): Promise<Value | undefined> => {
  const late = new AbortController();
  try {
    return await Promise.race([work, sleep(ms, undefined, { signal: late.signal })]);
  } finally {
    late.abort();
  }
};
