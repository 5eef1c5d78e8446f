import { describe, expect, test } from "vitest";
import { nightQueue } from "../../src/jobs/schedule.ts";
import { backends, openBackend } from "./backends.ts";
import { begin, configOf, nightOver, openSandbox, openService } from "./night-support.ts";

describe.each(backends)("a job of another version left in the queue of %s", (kind) => {
  test("does no harm: whatever stands there, the work is in the ledger", async () => {
    const sandbox = await openSandbox();
    const { database, queues } = await openBackend(kind);
    const config = configOf(sandbox, { lookbackDays: 1 });
    await queues.queue(nightQueue).add("sync-account", { account: 7 }, { jobId: "old" });
    await queues.queue("google").add("slice", { version: 99, unit: "slice.of.the.future" }, { jobId: "new" });
    await openService({ config, database, queues });
    expect(await nightOver(database, await begin(config, database, queues))).toBe("done");
    await expect.poll(() => queues.queue("google").getJobState("new")).not.toBe("waiting");
    expect(await queues.queue(nightQueue).getJobState("old")).not.toBe("failed");
    expect(await queues.queue("google").getJobState("new")).not.toBe("failed");
  });
});
