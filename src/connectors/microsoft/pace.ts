import { requestRetry } from "../wire/request.ts";

/** The waits of the connector, in ms; tests shorten them, nothing else does. */
export interface Pace {
  /** Before the second attempt of a request that failed in passing. */
  readonly firstDelayMs: number;
  /** Before each further try of a refresh token that was refused: now and then a good one is. */
  readonly grantDelaysMs: readonly number[];
  /** Between two questions for the state of a report: doubled each time, up to the longest. */
  readonly firstPollMs: number;
  readonly longestPollMs: number;
  /** So long one report is waited for; the next run takes it up again. */
  readonly reportMs: number;
  /** Between two attempts to open a report while the customer has too many: doubled each time, up to the longest. */
  readonly firstFullMs: number;
  readonly longestFullMs: number;
  /** So long a place for one more report is waited for. */
  readonly fullMs: number;
  /** Calls per minute are counted over the last 60 s. */
  readonly callRateMs: number;
}

export const usualPace: Pace = {
  firstDelayMs: requestRetry.firstDelayMs,
  grantDelaysMs: [2_000, 10_000],
  // Small reports are ready at once; ten questions later a minute lies between two of them.
  firstPollMs: 250,
  longestPollMs: 60_000,
  reportMs: 30 * 60_000,
  firstFullMs: 5_000,
  longestFullMs: 60_000,
  fullMs: 30 * 60_000,
  callRateMs: 60_000,
};
