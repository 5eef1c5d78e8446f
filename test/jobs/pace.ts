import type { Patience } from "../../src/jobs/queue.ts";
import type { Pace } from "../../src/jobs/service.ts";

/** The moment at which every test's night takes place. */
export const clock = (): Date => new Date("2026-10-20T05:00:00Z");

/** Lost workers are noticed within a few seconds. */
export const impatient: Patience = { lockMs: 2_500, stalledMs: 500 };

/** Processes that share a busy machine stand still for seconds while they load their modules. */
export const ofProcesses: Patience = { lockMs: 8_000, stalledMs: 1_000 };

export const quick: Pace = {
  watchMs: 400,
  graceMs: 60_000,
  renewMs: 700,
  leaseSeconds: 3,
  finishMs: 5_000,
  putBackMs: 3_000,
  firstDelayMs: 200,
};
