import { describe, expect, onTestFinished, test } from "vitest";
import { callForReady } from "../../src/jobs/wake.ts";
import { beginNight } from "../../src/jobs/night.ts";
import { createLinkedinSandbox, linkedinSandboxSettings } from "../../sandbox/linkedin/index.ts";
import { listen } from "../../sandbox/server.ts";
import { openBackend, silent } from "../jobs/backends.ts";
import { folderWith, startCostper } from "../jobs/start-process.ts";

/** A process of the service with a slice under way that hangs: at the platform, or at a lock in the database. */
const openHanging = async (where: "platform" | "database") => {
  const sandbox = await listen(createLinkedinSandbox({ clock: () => new Date() }));
  onTestFinished(() => sandbox.close());
  const { database, queues } = await openBackend("postgres");
  const { pool } = database;
  const lock = await pool.connect();
  onTestFinished(() => lock.release(true));
  if (where === "database") {
    await lock.query("begin");
    await lock.query("lock table ops.slice in access exclusive mode");
  } else
    sandbox.addFault({
      name: "says nothing",
      times: 1_000,
      when: ({ path }) => path.includes("adAnalytics"),
      strike: () => new Promise(() => undefined),
    });
  const folder = await folderWith({
    database: database.url,
    lookbackDays: 2,
    schedule: "0 3 1 1 *",
    connectors: { linkedin: linkedinSandboxSettings(sandbox.url) },
  });
  const started = startCostper(folder);
  await started.until("costper is up");
  await beginNight({ pool, log: silent, platforms: ["linkedin"] }, { at: new Date(), wallClock: "a night" });
  await callForReady(pool, queues);
  const states = async (): Promise<readonly string[]> =>
    (
      await pool.query<{ state: string }>(
        "select state from ops.job where kind = 'slice' order by (state = 'running') desc, job_id",
      )
    ).rows.map(({ state }) => state);
  await expect.poll(states).toContain("running");
  const published = async (): Promise<number> =>
    (await pool.query("select from warehouse.ad_daily union all select from staging.ad_daily")).rowCount ?? 0;
  const crashes = async (): Promise<number> =>
    (await pool.query<{ n: number }>("select sum(crashes)::integer as n from ops.job")).rows[0]?.n ?? -1;
  return { started, states, published, crashes };
};

describe.each(["platform", "database"] as const)("a slice that hangs in the %s", (where) => {
  test("is put back within 30 seconds of the signal, half of nothing is published", async () => {
    const { started, states, published, crashes } = await openHanging(where);
    const asked = Date.now();
    started.child.kill("SIGTERM");
    expect(await started.ended).toBe(0);
    expect(Date.now() - asked).toBeLessThan(30_000);
    expect(await states()).not.toContain("running");
    expect(await crashes()).toBe(0);
    expect(await published()).toBe(0);
  });

  test("ends at once with the second signal, and is left to the next worker", async () => {
    const { started, published } = await openHanging(where);
    started.child.kill("SIGTERM");
    await started.until("once more to end at once");
    const asked = Date.now();
    started.child.kill("SIGTERM");
    expect(await started.ended).toBe(130);
    expect(Date.now() - asked).toBeLessThan(12_000);
    expect(await published()).toBe(0);
  });
});
