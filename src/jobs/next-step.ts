import { Failure, failureRules } from "../domain/failure.ts";
import { retries } from "../domain/retry.ts";

/** What the queue does with a job that failed. */
export type NextStep = { readonly kind: "retry"; readonly at: Date } | { readonly kind: "give-up" };

export interface Tried {
  /** Attempts that failed before this one. */
  readonly attempts: number;
  readonly now: Date;
  /** When the night is lost: nothing waits beyond it. */
  readonly giveUpAt: Date;
  /** Tests shorten the delays; nothing else does. */
  readonly firstDelayMs?: number;
}

/** Half of a doubling delay, and up to as much again by chance, so that what failed together comes back apart. */
const backoffMs = (attempts: number, firstDelayMs: number): number =>
  Math.min(firstDelayMs * 2 ** attempts, retries.job.longestDelayMs) * (0.5 + Math.random() / 2);

/** Follows the one table of `domain/failure.ts`. */
export const nextStepOf = (failure: Failure, tried: Tried): NextStep => {
  const rule = failureRules[failure.kind];
  if (!rule.retries) return { kind: "give-up" };
  const now = tried.now.getTime();
  if (failure.kind === "cancelled") return { kind: "retry", at: tried.now };
  if (failure.kind === "busy") {
    const at = failure.retryAt ?? new Date(now + retries.job.busyDelayMs);
    return at > tried.giveUpAt
      ? { kind: "give-up" }
      : { kind: "retry", at: new Date(at.getTime() + Math.random() * 1_000) };
  }
  if (tried.attempts + 1 >= rule.attempts) return { kind: "give-up" };
  return {
    kind: "retry",
    at: new Date(now + backoffMs(tried.attempts, tried.firstDelayMs ?? retries.job.firstDelayMs)),
  };
};

export const diedOver = (crashes: number): Failure =>
  new Failure({
    kind: "data",
    message: `${String(crashes)} workers ended while they were at it`,
    remedy: "read in the log what happened before they ended, then run `costper jobs retry`",
  });
