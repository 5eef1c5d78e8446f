import { describe, expect, test } from "vitest";
import { Failure, type FailureKind } from "../../src/domain/failure.ts";
import { nextStepOf } from "../../src/sync/next-step.ts";

const now = new Date("2026-10-20T03:00:00Z");
const giveUpAt = new Date("2026-10-20T23:00:00Z");
const after = (kind: FailureKind, attempts = 0, retryAt?: Date) =>
  nextStepOf(new Failure({ kind, message: "it failed", ...(retryAt && { retryAt }) }), {
    attempts,
    now,
    giveUpAt,
  });

describe("what the queue does with a failure", () => {
  test.each(["credentials", "account", "request", "data"] as const)(
    "of kind %s is to give up at once",
    (kind) => {
      expect(after(kind)).toEqual({ kind: "give-up" });
    },
  );

  test("that will pass is to try again with growing delay, five times in all", () => {
    const delays = [0, 1, 2, 3].map((attempts) => {
      const outcome = after("transient", attempts);
      return outcome.kind === "retry" ? outcome.at.getTime() - now.getTime() : 0;
    });
    delays.forEach((delay, index) => {
      expect(delay).toBeGreaterThanOrEqual(15_000 * 2 ** index);
      expect(delay).toBeLessThanOrEqual(30_000 * 2 ** index);
    });
    expect(after("transient", 4)).toEqual({ kind: "give-up" });
  });

  test("of a limit is to wait until it is over, however often, unless the night is lost", () => {
    const outcome = after("busy", 1_000, new Date("2026-10-20T22:00:00Z"));
    expect(outcome.kind === "retry" && outcome.at >= new Date("2026-10-20T22:00:00Z")).toBe(true);
    expect(after("busy", 0, new Date("2026-10-21T00:00:00Z"))).toEqual({ kind: "give-up" });
  });

  test("is to be tried once more soon where somebody watches, and to be told where a limit is met", () => {
    const watched = (kind: FailureKind, attempts: number) =>
      nextStepOf(new Failure({ kind, message: "it failed" }), { attempts, now, giveUpAt: null });
    const first = watched("transient", 0);
    expect(first.kind === "retry" && first.at.getTime() - now.getTime()).toBeLessThanOrEqual(3_000);
    expect(watched("transient", 1)).toEqual({ kind: "give-up" });
    expect(watched("busy", 0)).toEqual({ kind: "give-up" });
  });

  test("that was an interruption is to put it back at once", () => {
    expect(after("cancelled", 99)).toEqual({ kind: "retry", at: now });
  });
});
