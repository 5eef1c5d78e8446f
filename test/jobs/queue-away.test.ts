import { expect, onTestFinished, test } from "vitest";
import { askForNight } from "../../src/jobs/asked-night.ts";
import { addGauges, createMetrics } from "../../src/jobs/metrics.ts";
import { queueBoard } from "../../src/web/queue-board.ts";
import { openWeb } from "../../src/web/server.ts";
import { openBackend, silent } from "./backends.ts";
import { configOf, openSandbox } from "./night-support.ts";
import { clock } from "./pace.ts";

const token = "a-token-of-the-operator";

test("while Redis is away metrics, the board and a night asked for are answered all the same", async () => {
  const sandbox = await openSandbox();
  const { database, queues, redis } = await openBackend("redis");
  const config = configOf(sandbox);
  const { pool, db } = database;
  const metrics = createMetrics();
  addGauges(metrics.registry, { db, pool, queues });
  const web = await openWeb({
    config: { web: { host: "127.0.0.1", port: 0, token } },
    db,
    log: silent,
    metricsRegistry: metrics.registry,
    nights: { begin: () => askForNight({ pool, queues, log: silent, config, now: clock() }) },
    extraRoutes: queueBoard([queues.queue("night")], { readOnly: false }),
  });
  onTestFinished(() => web.close());
  const call = (method: string, path: string) =>
    fetch(web.url + path, {
      method,
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(15_000),
    });
  expect(await (await call("GET", "/metrics")).text()).toMatch(
    /costper_queue_jobs\{queue="night",state="waiting"\} 0/,
  );
  await redis?.stop();

  const told = await call("GET", "/metrics");
  expect(told.status).toBe(200);
  const text = await told.text();
  expect(text).toContain("# TYPE costper_account_freshness_hours gauge");
  expect(text).not.toContain("costper_queue_jobs{");
  expect((await call("GET", "/queues/api/queues")).status).toBe(503);
  const begun = await call("POST", "/api/nights");
  expect(begun.status).toBe(200);
  const { run } = (await begun.json()) as { run: string };
  const { rows } = await pool.query("select from ops.job where run_id = $1 and state = 'pending'", [run]);
  expect(rows.length).toBeGreaterThan(0);
});
