import { requestRetry } from "../wire/request.ts";

/** The waits of the connector in ms, and where jobs begin; tests change them, nothing else does. */
export interface Pace {
  /** A slice of more synchronous calls than that is computed as jobs ("Analytics": call counts). */
  readonly mostCalls: number;
  /** Before the second attempt of a request that failed in passing. */
  readonly firstDelayMs: number;
  /** Between polls of jobs: the first, and what it grows to. */
  readonly firstPollMs: number;
  readonly longestPollMs: number;
  /** Between attempts to submit where X has too many jobs and none of them is ours. */
  readonly firstRoomMs: number;
  readonly longestRoomMs: number;
}

export const usualPace: Pace = {
  mostCalls: 150,
  firstDelayMs: requestRetry.firstDelayMs,
  firstPollMs: 15_000,
  longestPollMs: 60_000,
  firstRoomMs: 15_000,
  longestRoomMs: 60_000,
};

const minuteMs = 60_000;

/** Where a 429 names no reset: a minute, doubling, at most a quarter of an hour. */
export const unnamedPauseMs = (before: number): number => Math.min(minuteMs * 2 ** before, 15 * minuteMs);
