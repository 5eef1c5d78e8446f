import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { pino } from "pino";
import { expect, inject, onTestFinished, test } from "vitest";
import { openQueues } from "../../src/jobs/queue.ts";
import { createDatabase } from "../support/database.ts";
import { impatient } from "./pace.ts";

test("a database that refuses connections at once is spoken of once, and the work goes on when it takes them again", async () => {
  const { url, drop } = await createDatabase();
  onTestFinished(drop);
  const said: { msg: string; failure?: string }[] = [];
  const log = pino({ level: "warn" }, { write: (line: string) => void said.push(JSON.parse(line) as never) });
  const queues = await openQueues({
    redisUrl: undefined,
    databaseUrl: url,
    prefix: "t",
    log,
    patience: impatient,
  });
  const ran: string[] = [];
  const worker = queues.worker("tried", 8, async (job) => void ran.push(job.id ?? ""));
  onTestFinished(async () => {
    await worker.close(true);
    await queues.close();
  });
  await worker.waitUntilReady();

  const name = new URL(url).pathname.slice(1);
  const server = new pg.Client({ connectionString: new URL("/postgres", inject("postgresUrl")).href });
  await server.connect();
  onTestFinished(() => server.end());
  await server.query(`alter database ${name} with allow_connections false`);
  await server.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", [name]);
  const refusals = () =>
    said.filter(({ failure }) => failure?.includes("not currently accepting connections"));
  await expect.poll(refusals).toHaveLength(1);
  // A time in which it is refused again and again.
  await sleep(3_000);
  expect(refusals()).toHaveLength(1);
  expect(said.length).toBeLessThan(8);
  await server.query(`alter database ${name} with allow_connections true`);
  await queues.queue("tried").add("slice", {}, { jobId: "later" });
  await expect.poll(() => ran).toEqual(["later"]);
});
