import { Failure, failureRules } from "../domain/failure.ts";
import { retries } from "../domain/retry.ts";

/** What comes next for a job that failed. */
export type NextStep = { readonly kind: "retry"; readonly at: Date } | { readonly kind: "give-up" };

export interface Tried {
  /** Attempts that failed before this one. */
  readonly attempts: number;
  readonly now: Date;
  /** When the night is lost: nothing waits beyond it. Null where somebody watches, and no limit is waited for. */
  readonly giveUpAt: Date | null;
  /** Tests shorten the delays; nothing else does. */
  readonly firstDelayMs?: number;
}

/** Half of a doubling delay, and up to as much again by chance, so that what failed together comes back apart. */
const backoffMs = (attempts: number, firstDelayMs: number, longestDelayMs: number): number =>
  Math.min(firstDelayMs * 2 ** attempts, longestDelayMs) * (0.5 + Math.random() / 2);

/** Follows the tables of `domain/failure.ts` and `domain/retry.ts`. */
export const nextStepOf = (failure: Failure, tried: Tried): NextStep => {
  const rule = failureRules[failure.kind];
  if (!rule.retries) return { kind: "give-up" };
  const { giveUpAt, attempts } = tried;
  const now = tried.now.getTime();
  if (failure.kind === "cancelled") return { kind: "retry", at: tried.now };
  if (failure.kind === "busy") {
    const at = failure.retryAt ?? new Date(now + retries.job.busyDelayMs);
    return giveUpAt === null || at > giveUpAt
      ? { kind: "give-up" }
      : { kind: "retry", at: new Date(at.getTime() + Math.random() * 1_000) };
  }
  const pace = giveUpAt === null ? retries.watchedJob : retries.job;
  if (attempts + 1 >= Math.min(rule.attempts, pace.attempts)) return { kind: "give-up" };
  const firstDelayMs = tried.firstDelayMs ?? pace.firstDelayMs;
  return { kind: "retry", at: new Date(now + backoffMs(attempts, firstDelayMs, pace.longestDelayMs)) };
};

export const diedOver = (crashes: number): Failure =>
  new Failure({
    kind: "data",
    message: `${String(crashes)} workers ended while they were at it`,
    remedy: "read in the log what happened before they ended, then run `costper jobs retry`",
  });
