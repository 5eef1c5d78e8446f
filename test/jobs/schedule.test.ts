import { describe, expect, test } from "vitest";
import { beginNight, missedNight, noteSchedule } from "../../src/jobs/night.ts";
import { lastDue } from "../../src/domain/schedule.ts";
import { ensureScheduler, nightQueue } from "../../src/jobs/schedule.ts";
import { freshDatabase } from "../support/database.ts";
import { backends, openBackend, silent } from "./backends.ts";

const copenhagen = { pattern: "30 2 * * *", timeZone: "Europe/Copenhagen" };

describe("the time that a night is due", () => {
  test.each([
    ["2026-07-01T00:29:59Z", "2026-06-30T00:30:00.000Z"],
    ["2026-07-01T00:30:00Z", "2026-07-01T00:30:00.000Z"],
    // 02:30 does not exist on 29 March: the night begins at the end of the gap, once.
    ["2026-03-29T00:59:59Z", "2026-03-28T01:30:00.000Z"],
    ["2026-03-29T01:00:00Z", "2026-03-29T01:00:00.000Z"],
    ["2026-03-29T12:00:00Z", "2026-03-29T01:00:00.000Z"],
    ["2026-03-30T00:30:00Z", "2026-03-30T00:30:00.000Z"],
  ])("at %s was last %s", (now, due) => {
    expect(lastDue(copenhagen, new Date(now)).at.toISOString()).toBe(due);
  });

  test("is one and the same for both 02:30 of an autumn night", () => {
    const first = lastDue(copenhagen, new Date("2026-10-25T00:30:00Z"));
    const second = lastDue(copenhagen, new Date("2026-10-25T01:30:00Z"));
    expect(second.wallClock).toBe(first.wallClock);
    expect(lastDue(copenhagen, new Date("2026-10-26T01:30:00Z")).wallClock).not.toBe(first.wallClock);
  });

  test("follows a schedule of every minute", () => {
    const due = lastDue({ pattern: "* * * * *", timeZone: "UTC" }, new Date("2026-10-25T00:30:40Z"));
    expect(due.at.toISOString()).toBe("2026-10-25T00:30:00.000Z");
  });
});

const night = async () => {
  const { pool } = await freshDatabase();
  return { pool, options: { pool, log: silent, platforms: ["google"] as const } };
};

describe("a night", () => {
  test("begins once, however many schedulers begin it", async () => {
    const { options } = await night();
    const due = lastDue(copenhagen, new Date("2026-07-01T08:00:00Z"));
    const begun = await Promise.all(Array.from({ length: 5 }, () => beginNight(options, due)));
    expect(begun.filter((run) => run !== undefined)).toHaveLength(1);
  });

  test("does not begin while the one before is under way", async () => {
    const { pool, options } = await night();
    const first = await beginNight(options, lastDue(copenhagen, new Date("2026-07-01T08:00:00Z")));
    const next = lastDue(copenhagen, new Date("2026-07-02T08:00:00Z"));
    expect(await beginNight(options, next)).toBeUndefined();
    await pool.query("update ops.run set finished_at = now(), outcome = 'done' where run_id = $1", [first]);
    expect(await beginNight(options, next)).toBeDefined();
  });

  test("that was missed is caught up once, and only the last of several", async () => {
    const { pool, options } = await night();
    await noteSchedule(pool, copenhagen, new Date("2026-07-01T08:00:00Z"));
    expect(await missedNight(pool, new Date("2026-07-01T20:00:00Z"))).toBeUndefined();
    const missed = await missedNight(pool, new Date("2026-07-05T08:00:00Z"));
    expect(missed?.at.toISOString()).toBe("2026-07-05T00:30:00.000Z");
    if (missed) await beginNight(options, missed);
    expect(await missedNight(pool, new Date("2026-07-05T08:01:00Z"))).toBeUndefined();
  });

  test("that was begun by a clock far ahead hides none that is missed once the clock is right", async () => {
    const { pool, options } = await night();
    await noteSchedule(pool, copenhagen, new Date("2026-07-01T08:00:00Z"));
    const ahead = await beginNight(options, lastDue(copenhagen, new Date("2031-01-01T08:00:00Z")));
    await pool.query("update ops.run set finished_at = now(), outcome = 'done' where run_id = $1", [ahead]);
    const missed = await missedNight(pool, new Date("2026-07-05T08:00:00Z"));
    expect(missed?.at.toISOString()).toBe("2026-07-05T00:30:00.000Z");
  });

  test("is not hidden either by a schedule that was noted by such a clock", async () => {
    const { pool } = await night();
    await noteSchedule(pool, copenhagen, new Date("2031-07-01T08:00:00Z"));
    await noteSchedule(pool, copenhagen, new Date("2026-07-01T08:00:00Z"));
    const missed = await missedNight(pool, new Date("2026-07-05T08:00:00Z"));
    expect(missed?.at.toISOString()).toBe("2026-07-05T00:30:00.000Z");
  });

  test("is not missing for having been due before its schedule was set", async () => {
    const { pool } = await night();
    await noteSchedule(pool, copenhagen, new Date("2026-07-01T08:00:00Z"));
    await noteSchedule(pool, { pattern: "0 6 * * *", timeZone: "UTC" }, new Date("2026-07-01T09:00:00Z"));
    expect(await missedNight(pool, new Date("2026-07-01T10:00:00Z"))).toBeUndefined();
  });
});

describe.each(backends)("the scheduler on %s", (kind) => {
  test("is set, followed when it changes, and leaves no orphan", async () => {
    const { queues } = await openBackend(kind);
    const queue = queues.queue(nightQueue);
    const now = new Date();
    expect(await ensureScheduler(queue, copenhagen, now)).toBe("missing");
    expect(await ensureScheduler(queue, copenhagen, now)).toBe("well");
    await queue.upsertJobScheduler("of old", { pattern: "0 5 * * *" }, { name: "tick" });
    expect(await ensureScheduler(queue, { pattern: "15 4 * * *", timeZone: "UTC" }, now)).toBe("changed");
    expect((await queue.getJobSchedulers()).map(({ pattern }) => pattern)).toEqual(["15 4 * * *"]);
    expect(await queue.getJobCountByTypes("delayed", "waiting", "active")).toBe(1);
  });

  test("is mended where it stopped producing", async () => {
    const { queues } = await openBackend(kind);
    const queue = queues.queue(nightQueue);
    await ensureScheduler(queue, { pattern: "0 5 * * *", timeZone: "UTC" }, new Date());
    for (const job of await queue.getDelayed()) await job.remove().catch(() => undefined);
    // Its job may be protected from removal; time goes on and nothing comes either way.
    const later = new Date(Date.now() + 3 * 86_400_000);
    expect(await ensureScheduler(queue, { pattern: "0 5 * * *", timeZone: "UTC" }, later)).toBe("stopped");
    expect(await queue.getDelayedCount()).toBe(1);
  });

  test("hands over ticks at its own beat", async () => {
    const { queues } = await openBackend(kind);
    const queue = queues.queue(nightQueue);
    const ticks: string[] = [];
    const worker = queues.worker(nightQueue, 1, async (job) => void ticks.push(job.name));
    await ensureScheduler(queue, { pattern: "* * * * * *", timeZone: "UTC" }, new Date());
    await expect.poll(() => ticks.length).toBeGreaterThan(1);
    await worker.close();
    expect(ticks.slice(0, 2)).toEqual(["tick", "tick"]);
  });
});
