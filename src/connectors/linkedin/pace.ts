import { requestRetry } from "../wire/request.ts";
import { throttleDelaysMs } from "./failures.ts";

/** The waits of the connector; tests shorten them, nothing else does. */
export interface LinkedinPace {
  /** Before the second attempt of a request that failed in passing. */
  readonly firstDelayMs: number;
  /** Between attempts with a token too new to be known everywhere. */
  readonly graceDelaysMs: readonly number[];
  readonly throttleDelaysMs: readonly number[];
}

export const usualPace: LinkedinPace = {
  firstDelayMs: requestRetry.firstDelayMs,
  graceDelaysMs: [5_000, 10_000, 20_000],
  throttleDelaysMs,
};
