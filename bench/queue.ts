import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { stringify } from "yaml";
import { queuePrefix } from "../src/jobs/installation.ts";
import { beginNight } from "../src/jobs/night.ts";
import { openQueues, type Queues } from "../src/jobs/queue.ts";
import { nightQueue } from "../src/jobs/schedule.ts";
import { call, callForReady, callToClose } from "../src/jobs/wake.ts";
import { insertPlan } from "../src/sync/ledger/add.ts";
import { finish, take } from "../src/sync/ledger/hold.ts";
import type { Slice } from "../src/sync/slice.ts";
import { createGoogleSandbox, googleSandboxSettings } from "../sandbox/google/index.ts";
import { listen } from "../sandbox/server.ts";
import { type Database, openDatabase } from "../src/warehouse/database.ts";
import { migrate } from "../src/warehouse/migrate.ts";
import { startPostgres } from "./support/processes.ts";
import { startRedis } from "./support/redis.ts";

const root = join(import.meta.dirname, "..");
const log = pino({ level: "silent" });

const accounts = 200;
const latencyMs = 100;
const drained = 20_000;
const drainedAccounts = 200;

const round = (seconds: number): number => Math.round(seconds * 10) / 10;

/** Each part as it is done, so that a run that is cut off has told something. */
const note = (part: string, figures: Readonly<Record<string, unknown>>): void =>
  void process.stderr.write(`${JSON.stringify({ part, ...figures })}\n`);

/** A worker as an operator starts it; resolves when it is up. */
const startWorker = async (file: string, more: readonly string[]): Promise<ChildProcess> => {
  const child = spawn(
    process.execPath,
    [
      "--import",
      "tsx",
      join(root, "src", "cli.ts"),
      "--config",
      file,
      "--log-format",
      "json",
      "start",
      "--only",
      "worker",
      ...more,
    ],
    { cwd: root, stdio: ["ignore", "ignore", "pipe"] },
  );
  let said = "";
  for await (const chunk of child.stderr) {
    said += String(chunk);
    if (said.includes("costper is up")) break;
  }
  if (!said.includes("costper is up")) throw new Error(`the worker did not come up: ${said.slice(-500)}`);
  child.stderr.resume();
  return child;
};

const secondsUntil = async (database: Database, runId: string): Promise<number> => {
  for (;;) {
    const { rows } = await database.pool.query<{ seconds: number | null; outcome: string | null }>(
      "select extract(epoch from finished_at - started_at)::float8 as seconds, outcome from ops.run where run_id = $1",
      [runId],
    );
    if (rows[0]?.outcome === "failed") throw new Error("the night failed");
    if (rows[0]?.seconds) return rows[0].seconds;
    await sleep(100);
  }
};

/** The seconds that a night of many small accounts takes. */
const timeNight = async (
  url: string,
  folder: string,
  processes: number,
  more: readonly string[],
): Promise<number> => {
  const sandbox = await listen(createGoogleSandbox({ clock: () => new Date(), accounts: accounts - 1 }));
  sandbox.latencyMs = latencyMs;
  const name = `night_${String(processes)}`;
  const admin = openDatabase(url);
  await admin.pool.query(`create database ${name}`);
  await admin.close();
  const own = new URL(url);
  own.pathname = `/${name}`;
  const database = openDatabase(own.href);
  await migrate(database);
  const file = join(folder, `${name}.yaml`);
  const config = {
    database: own.href,
    lookbackDays: 1,
    schedule: "0 3 1 1 *",
    connectors: { google: googleSandboxSettings(sandbox.url) },
  };
  await writeFile(file, stringify(config), { mode: 0o600 });
  const queues = await openQueues({
    redisUrl: undefined,
    databaseUrl: own.href,
    prefix: await queuePrefix(database.pool),
    log,
  });
  const workers = await Promise.all(Array.from({ length: processes }, () => startWorker(file, more)));
  const runId =
    (await beginNight(
      { pool: database.pool, log, platforms: ["google"] },
      { at: new Date(), wallClock: name },
    )) ?? "";
  await callForReady(database.pool, queues);
  const seconds = await secondsUntil(database, runId);
  for (const worker of workers) {
    const ended = once(worker, "exit");
    worker.kill("SIGKILL");
    await ended;
  }
  const { rows } = await database.pool.query<{ slices: number }>(
    "select count(*)::integer as slices from ops.slice where run_id = $1 and outcome = 'done'",
    [runId],
  );
  note("night", { processes, ...rows[0], seconds: round(seconds) });
  await queues.close();
  await database.close();
  await sandbox.close();
  return seconds;
};

/** Plans and drains many slices that pull nothing: what queue and ledger cost by themselves. */
const timeDrain = async (
  database: Database,
  queues: Queues,
): Promise<{ planned: number; drained: number }> => {
  const { pool } = database;
  const name = `drain on ${queues.backend}`;
  const runId =
    (await beginNight({ pool, log, platforms: ["google"] }, { at: new Date(), wallClock: name })) ?? "";
  const slices = Array.from({ length: drained }, (_, index): Slice => {
    const account = index % drainedAccounts;
    const day = new Date(Date.UTC(2026, 0, 1) - Math.floor(index / drainedAccounts) * 86_400_000)
      .toISOString()
      .slice(0, 10);
    return {
      account: {
        platform: "google",
        id: String(account),
        name: `Account ${String(account)}`,
        currency: "EUR",
        timeZone: "UTC",
        status: "ENABLED",
        active: true,
      },
      accountKey: account + 1,
      withEntities: false,
      from: day,
      to: day,
    };
  });
  const started = performance.now();
  await insertPlan(pool, runId, { slices, failures: [] });
  const planned = (performance.now() - started) / 1_000;
  const answer =
    (platform: "google" | null): Parameters<Queues["worker"]>[2] =>
    async () => {
      const taken = await take(pool, {
        platform,
        runId: null,
        platformAtOnce: 1_000,
        accountAtOnce: 2,
        leaseSeconds: 30,
      });
      if (!taken) return;
      await finish(pool, taken.job.jobId);
      if (taken.job.kind === "close")
        await pool.query("update ops.run set outcome = 'done', finished_at = now() where run_id = $1", [
          runId,
        ]);
      await call(queues, platform ?? nightQueue);
      if (taken.job.kind === "plan") await callForReady(pool, queues);
      if (taken.job.kind === "rollup") await callToClose(pool, queues, runId);
    };
  const workers = [queues.worker(nightQueue, 4, answer(null)), queues.worker("google", 16, answer("google"))];
  await callForReady(pool, queues);
  await secondsUntil(database, runId);
  const total = (performance.now() - started) / 1_000;
  await Promise.all(workers.map((worker) => worker.close()));
  return { planned, drained: total - planned };
};

/** `npm run bench -- queue` */
export const run = async (): Promise<unknown> => {
  const postgres = await startPostgres();
  const redis = await startRedis();
  try {
    const one = await timeNight(postgres.url, postgres.folder, 1, ["--slices", "1"]);
    const four = await timeNight(postgres.url, postgres.folder, 4, []);
    const database = openDatabase(postgres.url, { connections: 24 });
    await migrate(database);
    const drains: Record<string, unknown> = {};
    for (const redisUrl of [undefined, ...(redis ? [redis.url] : [])]) {
      const queues = await openQueues({
        redisUrl,
        databaseUrl: postgres.url,
        prefix: "bench",
        log,
        connections: 24,
      });
      const { planned, drained: seconds } = await timeDrain(database, queues);
      const figures = {
        planned_seconds: round(planned),
        drained_seconds: round(seconds),
        slices_per_second: Math.round(drained / seconds),
      };
      drains[queues.backend] = figures;
      note(`${String(drained)} slices on ${queues.backend}`, figures);
      await queues.close();
    }
    await database.close();
    return {
      accounts,
      latency_ms: latencyMs,
      one_slice_at_a_time_seconds: round(one),
      four_workers_seconds: round(four),
      times_as_fast: round(one / four),
      slices: drained,
      drain: drains,
      ...(redis ? {} : { redis: "not installed" }),
    };
  } finally {
    await redis?.stop();
    await postgres.close();
  }
};
