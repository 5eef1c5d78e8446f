import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import {
  createLinkedinSandbox,
  linkedinSandboxCredentials,
  linkedinSandboxSettings,
} from "../../sandbox/linkedin/index.ts";
import { listen } from "../../sandbox/server.ts";
import { callForReady } from "../../src/jobs/wake.ts";
import { beginNight } from "../../src/jobs/night.ts";
import { alone } from "../../src/warehouse/lease.ts";
import { often } from "../../src/warehouse/connection/client.ts";
import { openDatabase } from "../../src/warehouse/database.ts";
import { inTransaction } from "../../src/warehouse/transaction.ts";
import { openBackend, silent } from "../jobs/backends.ts";
import { nightOver } from "../jobs/night-support.ts";
import { folderWith, startCostper } from "../jobs/start-process.ts";
import { createDatabase } from "../support/database.ts";
import { startPooler } from "../support/pgbouncer.ts";

const openPlatform = async (accounts = 2) => {
  const platform = createLinkedinSandbox({ clock: () => new Date(), accounts, campaigns: 2 });
  const server = await listen(platform);
  onTestFinished(() => server.close());
  return { platform, server };
};

const run = async (folder: string, ...args: string[]) => {
  const started = startCostper(folder, args);
  return { status: await started.ended, said: started.said() };
};

test("every command does its work through a pooler in transaction mode, and leaves nothing behind in its sessions", async () => {
  const { url, drop } = await createDatabase({ empty: true });
  onTestFinished(drop);
  const pooler = await startPooler(url);
  const { server } = await openPlatform();
  const folder = await folderWith({
    database: pooler.url,
    queue: url,
    lookbackDays: 3,
    connectors: { linkedin: linkedinSandboxSettings(server.url) },
  });
  await writeFile(
    join(folder, "costs.csv"),
    "period_start,period_end,cost_class,amount,currency\n2026-10-01,2026-10-01,tool,10.50,EUR\n",
  );
  for (const args of [
    ["migrate"],
    ["doctor"],
    ["sync", "--quiet"],
    ["sync", "--quiet"],
    ["rollup"],
    ["report"],
    ["reconcile"],
    ["status"],
    ["alerts", "check"],
    ["export", "marts.cost_per_conversion_daily", "out", "--format", "ndjson"],
    ["export", "marts.cost_per_conversion_daily", "out", "--format", "csv"],
    ["import", "costs", "costs.csv"],
  ]) {
    const { status, said } = await run(folder, ...args);
    expect(`${args.join(" ")}: ${String(status)} ${status === 0 ? "" : said}`).toBe(`${args.join(" ")}: 0 `);
    expect(await pooler.leftBehind(), args.join(" ")).toEqual([]);
  }
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  onTestFinished(() => client.end());
  const { rows } = await client.query(
    "select (select count(*) from ops.lease)::int as leases, (select count(*) > 0 from marts.cost_per_conversion_daily) as rolled_up",
  );
  expect(rows).toEqual([{ leases: 0, rolled_up: true }]);
});

test("a night goes through the pooler, with the queue on a connection of its own", async () => {
  const { database, queues } = await openBackend("postgres");
  const pooler = await startPooler(database.url);
  const { server } = await openPlatform(4);
  const folder = await folderWith({
    database: pooler.url,
    queue: database.url,
    lookbackDays: 2,
    schedule: "0 3 1 1 *",
    web: { port: 0 },
    connectors: { linkedin: linkedinSandboxSettings(server.url) },
  });
  const service = startCostper(folder, ["start"]);
  await service.until("costper is up");
  const web = String(service.lines().find(({ msg }) => msg === "dashboard")?.["url"]);
  const runId = await beginNight(
    { pool: database.pool, log: silent, platforms: ["linkedin"] },
    { at: new Date(), wallClock: "a night" },
  );
  await callForReady(database.pool, queues);
  expect(await nightOver(database, runId ?? "", 90_000)).toBe("done");
  const answers = await Promise.all(
    ["/readyz", "/api/overview", "/api/health"].map(async (path) => (await fetch(new URL(path, web))).status),
  );
  expect(answers).toEqual([200, 200, 200]);
  service.child.kill("SIGTERM");
  expect(await service.ended).toBe(0);
  expect(await pooler.leftBehind()).toEqual([]);
});

test("a queue that would have to go through the pooler is refused with what to set, by start and by doctor", async () => {
  const { url, drop } = await createDatabase();
  onTestFinished(drop);
  const { server } = await openPlatform();
  for (const more of [{}, { ignore_startup_parameters: "options" }] as const) {
    const pooler = await startPooler(url, more);
    const folder = await folderWith({
      database: pooler.url,
      connectors: { linkedin: linkedinSandboxSettings(server.url) },
    });
    for (const command of ["start", "doctor"]) {
      const { status, said } = await run(folder, command);
      expect(said).toContain("the queue cannot go through the connection pooler at 127.0.0.1:");
      expect(said).toContain("set `queue` to a postgres:// URL that reaches the server itself");
      expect(status).toBe(1);
    }
  }
});

test("two processes behind a pooler renew a rotating token once, and neither waits for ever", async () => {
  const { database, queues } = await openBackend("postgres");
  const pooler = await startPooler(database.url);
  const { platform, server } = await openPlatform(8);
  platform.oauth.rotates = true;
  server.latencyMs = 120;
  const folder = await folderWith({
    database: pooler.url,
    queue: database.url,
    lookbackDays: 2,
    schedule: "0 3 1 1 *",
    connectors: { linkedin: linkedinSandboxSettings(server.url) },
  });
  const workers = Array.from({ length: 2 }, () =>
    startCostper(folder, ["start", "--only", "worker", "--slices", "2"], {
      COSTPER_SECRET_KEY: "of the test",
    }),
  );
  await Promise.all(workers.map((worker) => worker.until("costper is up")));
  const runId = await beginNight(
    { pool: database.pool, log: silent, platforms: ["linkedin"] },
    { at: new Date(), wallClock: "a night" },
  );
  await callForReady(database.pool, queues);
  await expect
    .poll(
      async () =>
        (await database.pool.query("select from ops.job where kind = 'slice' and state = 'running'"))
          .rowCount,
      { interval: 20 },
    )
    .toBeGreaterThan(1);
  platform.oauth.expireTokens();
  expect(await nightOver(database, runId ?? "", 90_000)).toBe("done");
  expect(server.requests.filter(({ path }) => path === "/oauth/v2/accessToken")).toHaveLength(2);
  for (const worker of workers) expect(worker.said()).not.toContain(linkedinSandboxCredentials.refreshToken);
  // While they run, BullMQ holds locks of its own on the queue's connections, each for a transaction.
  for (const { child } of workers) child.kill("SIGTERM");
  expect(await Promise.all(workers.map(({ ended }) => ended))).toEqual([0, 0]);
  expect(await pooler.leftBehind()).toEqual([]);
});

test("a lease of a process that died ends by itself", async () => {
  const { url, drop } = await createDatabase();
  onTestFinished(drop);
  const database = openDatabase((await startPooler(url)).url, { connections: 4 });
  onTestFinished(() => database.close());
  await database.pool.query(
    `insert into ops.lease values ('credential linkedin:1', '{"host":"elsewhere","pid":1,"mark":"x"}', clock_timestamp() + interval '1 second')`,
  );
  const started = Date.now();
  expect(await alone(database.pool, "credential linkedin:1", async () => "done")).toBe("done");
  expect(Date.now() - started).toBeGreaterThan(500);
  await database.pool.query(
    `insert into ops.lease values ('credential linkedin:1', '{"host":"elsewhere","pid":1,"mark":"x"}', clock_timestamp() + interval '1 minute')`,
  );
  await expect(alone(database.pool, "credential linkedin:1", async () => "done", 500)).rejects.toMatchObject({
    kind: "transient",
  });
});

test("what is asked often is kept by a server's own connection, and asked anew through the pooler", async () => {
  const { url, drop } = await createDatabase({ empty: true });
  onTestFinished(drop);
  const pooler = await startPooler(url);
  for (const [place, kept] of [
    [url, 1],
    [pooler.url, 0],
  ] as const) {
    const database = openDatabase(place, { connections: 1 });
    onTestFinished(() => database.close());
    const { pool } = database;
    for (const value of ["1", "2", "3"]) {
      const { rows } = await pool.query<{ value: string }>(often("select $1::text as value", [value]));
      expect(rows).toEqual([{ value }]);
    }
    const inside = () =>
      inTransaction(
        pool,
        async (client) => (await client.query("select $1::integer as value", [1])).rows,
        undefined,
        { repeats: true },
      );
    for (let round = 1; round <= 3; round += 1) expect(await inside()).toEqual([{ value: 1 }]);
    const { rows } = await pool.query("select statement from pg_prepared_statements");
    expect(rows).toHaveLength(2 * kept);
  }
});
