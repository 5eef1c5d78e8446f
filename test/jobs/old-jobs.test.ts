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

test("a night is not held open by a platform that was taken out of the config while it ran", async () => {
  const sandbox = await openSandbox();
  const { database, queues } = await openBackend("postgres");
  const { pool } = database;
  const { google, linkedin, meta } = sandbox.settings.connectors;
  const before = configOf(sandbox, { lookbackDays: 1, connectors: { google, linkedin, meta } });
  const runId = await begin(before, database, queues);
  // Meta was planned, a worker died over one of its slices; LinkedIn wanted its plan to wait.
  await pool.query("update ops.job set state = 'done' where kind = 'plan' and platform = 'meta'");
  await pool.query(
    "update ops.job set state = 'deferred', not_before = now() + interval '1 hour' where kind = 'plan' and platform = 'linkedin'",
  );
  await pool.query(
    `insert into ops.job (job_id, run_id, kind, platform, account_id, account_key, state, lease_until)
     values ('cut off', $1, 'slice', 'meta', '1', 1, 'running', now()),
            ('waits', $1, 'slice', 'meta', '1', 1, 'pending', null),
            ('after them', $1, 'rollup', 'meta', '1', 1, 'pending', null)`,
    [runId],
  );
  const config = configOf(sandbox, { lookbackDays: 1, connectors: { google } });
  await openService({ config, database, queues });
  expect(await nightOver(database, runId, 40_000)).toBe("done");
  const { rows } = await pool.query(
    "select platform, kind from ops.job where failure = 'the config has this platform no more' order by 1, 2",
  );
  expect(rows).toEqual([
    { platform: "linkedin", kind: "plan" },
    { platform: "meta", kind: "rollup" },
    { platform: "meta", kind: "slice" },
    { platform: "meta", kind: "slice" },
  ]);
});
