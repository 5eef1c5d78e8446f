import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { DelayedError } from "bullmq";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Queues } from "../../src/jobs/queue.ts";
import { openQueues } from "../../src/jobs/queue.ts";
import { backends, openBackend, silent } from "./backends.ts";

/** Runs a worker until the wished number of jobs is done; tells what ran, in order. */
const drain = async (
  queues: Queues,
  count: number,
  handle: Parameters<Queues["worker"]>[2] = async () => undefined,
  concurrency = 1,
): Promise<string[]> => {
  const ran: string[] = [];
  await new Promise<void>((done) => {
    const worker = queues.worker("tried", concurrency, async (job, token) => {
      ran.push(job.id ?? "");
      await handle(job, token);
    });
    let completed = 0;
    worker.on("completed", () => {
      completed += 1;
      if (completed === count) done();
    });
    onTestFinished(() => worker.close(true));
  });
  return ran;
};

describe.each(backends)("the queue on %s", (kind) => {
  test("takes a job id once", async () => {
    const { queues } = await openBackend(kind);
    const queue = queues.queue("tried");
    await queue.add("slice", { n: 1 }, { jobId: "a" });
    await queue.add("slice", { n: 2 }, { jobId: "a" });
    await queue.addBulk([
      { name: "slice", data: { n: 3 }, opts: { jobId: "a" } },
      { name: "slice", data: { n: 4 }, opts: { jobId: "b" } },
    ]);
    expect(await queue.getJobCountByTypes("waiting")).toBe(2);
    expect(await drain(queues, 2)).toEqual(["a", "b"]);
  });

  test("keeps a delayed job back until its time", async () => {
    const { queues } = await openBackend(kind);
    const due = Date.now() + 400;
    await queues.queue("tried").add("slice", {}, { jobId: "late", delay: 400 });
    await drain(queues, 1);
    expect(Date.now()).toBeGreaterThanOrEqual(due - 20);
  });

  test("puts an active job back for later without counting an attempt, and others go before it", async () => {
    const { queues } = await openBackend(kind);
    const queue = queues.queue("tried");
    await queue.add("slice", {}, { jobId: "throttled" });
    await queue.add("slice", {}, { jobId: "other" });
    let putBack = 0;
    let attempts: number | undefined;
    const ran = await drain(queues, 2, async (job, token) => {
      if (job.id !== "throttled") return;
      attempts = job.attemptsMade;
      if (putBack > 0) return;
      putBack += 1;
      await job.moveToDelayed(Date.now() + 300, token);
      throw new DelayedError();
    });
    expect(ran).toEqual(["throttled", "other", "throttled"]);
    expect(attempts).toBe(0);
  });

  test("gives the job of a worker that died to another one", async () => {
    const { queues } = await openBackend(kind);
    await queues.queue("tried").add("slice", {}, { jobId: "orphan" });
    const lost = queues.worker("tried", 1, async () => new Promise(() => undefined));
    await once(lost, "active");
    // Closed by force it renews no lock, as if the process were gone.
    await lost.close(true);
    expect(await drain(queues, 1)).toEqual(["orphan"]);
  });

  test("knows the state of a job, and of one that it never saw", async () => {
    const { queues } = await openBackend(kind);
    const queue = queues.queue("tried");
    await queue.add("slice", {}, { jobId: "here" });
    expect(await queue.getJobState("here")).toBe("waiting");
    expect(await queue.getJobState("nowhere")).toBe("unknown");
  });

  test("replaces a scheduler of the same id, job and all, and removes one without leaving a job", async () => {
    const { queues } = await openBackend(kind);
    const queue = queues.queue("tried");
    await queue.upsertJobScheduler(
      "night",
      { pattern: "30 2 * * *", tz: "Europe/Copenhagen" },
      { name: "tick" },
    );
    await queue.upsertJobScheduler(
      "night",
      { pattern: "15 4 * * *", tz: "America/New_York" },
      { name: "tick" },
    );
    const schedulers = await queue.getJobSchedulers();
    expect(schedulers.map(({ pattern, tz }) => [pattern, tz])).toEqual([["15 4 * * *", "America/New_York"]]);
    expect(await queue.getJobCountByTypes("delayed", "waiting")).toBe(1);
    const next = new Date(schedulers[0]?.next ?? 0);
    expect(
      next.toLocaleTimeString("en-GB", { timeZone: "America/New_York", hour: "2-digit", minute: "2-digit" }),
    ).toBe("04:15");
    await queue.removeJobScheduler("night");
    expect(await queue.getJobSchedulers()).toEqual([]);
    expect(await queue.getJobCountByTypes("delayed", "waiting")).toBe(0);
  });

  test("produces a job at each beat of a scheduler", async () => {
    const { queues } = await openBackend(kind);
    const queue = queues.queue("tried");
    await queue.upsertJobScheduler("beat", { pattern: "* * * * * *", tz: "UTC" }, { name: "tick" });
    const ran = await drain(queues, 2);
    expect(new Set(ran).size).toBe(2);
    await queue.removeJobScheduler("beat");
  });

  test("lets several workers share the work, each job once", async () => {
    const { queues } = await openBackend(kind);
    const queue = queues.queue("tried");
    await queue.addBulk(
      Array.from({ length: 60 }, (_, n) => ({
        name: "slice",
        data: {},
        opts: { jobId: `job-${String(n)}`, removeOnComplete: true },
      })),
    );
    const ran: string[] = [];
    await new Promise<void>((done) => {
      for (let n = 0; n < 3; n += 1) {
        const worker = queues.worker("tried", 5, async (job) => {
          await sleep(5);
          ran.push(job.id ?? "");
          if (ran.length === 60) done();
        });
        onTestFinished(() => worker.close());
      }
    });
    expect(new Set(ran).size).toBe(60);
  });
});

test("says where the Redis is that does not answer, without its password", async () => {
  const opening = openQueues({
    redisUrl: "redis://user:s3cret@127.0.0.1:1",
    databaseUrl: "",
    prefix: "test",
    log: silent,
  });
  await expect(opening).rejects.toThrow(/no Redis answers at 127\.0\.0\.1:1/);
  await expect(opening).rejects.not.toThrow(/s3cret/);
});
