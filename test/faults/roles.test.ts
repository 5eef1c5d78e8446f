import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { expect, inject, onTestFinished, test } from "vitest";
import { createLinkedinSandbox, linkedinSandboxSettings } from "../../sandbox/linkedin/index.ts";
import { listen } from "../../sandbox/server.ts";
import { beginNight } from "../../src/jobs/night.ts";
import { openDatabase } from "../../src/warehouse/database.ts";
import { silent } from "../jobs/backends.ts";
import { nightOver } from "../jobs/night-support.ts";
import { folderWith, startCostper } from "../jobs/start-process.ts";

/** A role of the test's own that owns a fresh database, with what `alter role` says of it. */
const roleWith = async (settings: readonly string[], limit = -1): Promise<string> => {
  const name = `role_${randomBytes(5).toString("hex")}`;
  const url = new URL("/postgres", inject("postgresUrl"));
  const admin = new pg.Client({ connectionString: url.href });
  await admin.connect();
  await admin.query(`create role ${name} login password 'p/w+@' connection limit ${String(limit)}`);
  await admin.query(`create database ${name} owner ${name}`);
  for (const setting of settings) await admin.query(`alter role ${name} set ${setting}`);
  onTestFinished(async () => {
    await admin.query(`drop database if exists ${name} with (force)`);
    await admin.query(`drop role ${name}`);
    await admin.end();
  });
  url.username = name;
  url.password = encodeURIComponent("p/w+@");
  url.pathname = `/${name}`;
  return url.href;
};

const openPlatform = async (accounts: number) => {
  const server = await listen(createLinkedinSandbox({ clock: () => new Date(), accounts, campaigns: 2 }));
  onTestFinished(() => server.close());
  return server;
};

const run = async (folder: string, ...args: string[]) => {
  const started = startCostper(folder, args);
  return { status: await started.ended, said: started.said() };
};

test("a role with a statement timeout of a second loads from a platform that stalls for three", async () => {
  const server = await openPlatform(1);
  let stalled = 0;
  server.addFault({
    name: "stalls",
    times: 4,
    when: ({ path }) => path.includes("adAnalytics"),
    strike: async (_, answer) => {
      stalled += 1;
      await sleep(3_000);
      await answer();
    },
  });
  const folder = await folderWith({
    database: await roleWith([
      "statement_timeout = '1s'",
      "lock_timeout = '1s'",
      "idle_in_transaction_session_timeout = '1s'",
      "transaction_timeout = '2s'",
      "default_transaction_isolation = 'serializable'",
    ]),
    lookbackDays: 2,
    connectors: { linkedin: linkedinSandboxSettings(server.url) },
  });
  expect(await run(folder, "sync", "--quiet")).toMatchObject({ status: 0 });
  expect(stalled).toBeGreaterThan(1);
});

test("days in JSON and CSV are ISO whatever the role's styles are, and tokens are read as they were written", async () => {
  const server = await openPlatform(1);
  const styles = [
    "datestyle = 'German, DMY'",
    "intervalstyle = 'sql_standard'",
    "timezone = 'Pacific/Auckland'",
    "bytea_output = 'escape'",
    "extra_float_digits = -10",
    "standard_conforming_strings = off",
  ];
  const answers: string[] = [];
  for (const settings of [[], styles]) {
    const url = await roleWith(settings);
    const folder = await folderWith({
      database: url,
      lookbackDays: 3,
      connectors: { linkedin: linkedinSandboxSettings(server.url) },
    });
    const said: string[] = [];
    for (const args of [
      ["sync", "--quiet"],
      ["report", "--by", "date", "--format", "csv"],
      ["report", "--by", "date,campaign", "--format", "json"],
      ["export", "marts.cost_per_conversion_daily", "out", "--format", "csv"],
      ["export", "warehouse.ad_daily", "out", "--format", "ndjson"],
      ["reconcile", "--json"],
    ]) {
      const ended = await run(folder, ...args);
      expect(`${args.join(" ")} ${String(ended.status)}`, ended.said).toBe(`${args.join(" ")} 0`);
      said.push(ended.said);
    }
    const database = openDatabase(url);
    const { rows } = await database.pool.query(
      "select max(refreshed_at) > now() - interval '1 hour' as fresh from marts.cost_per_conversion_daily",
    );
    expect(rows).toEqual([{ fresh: true }]);
    await database.close();
    said[0] = "";
    said.push(
      (await readFile(join(folder, "out", "marts.cost_per_conversion_daily.csv"), "utf8")).replaceAll(
        /\d{4}-\d\d-\d\d \d\d:\d\d:[\d.]+\+00/g,
        "MOMENT",
      ),
    );
    answers.push(
      said
        .join("\n")
        .replaceAll(/[\w/-]+costper-start-\w+/g, "FOLDER")
        .replaceAll(/"time":"[^"]+"/g, ""),
    );
  }
  expect(answers[1]).toBe(answers[0]);
  expect(answers[1]).toMatch(/\b20\d\d-\d\d-\d\d\b/);
});

test("a role that may have ten connections runs a night with all roles of the service, the queue in the database", async () => {
  const url = await roleWith([], 10);
  const server = await openPlatform(6);
  server.latencyMs = 50;
  const folder = await folderWith({
    database: { url, connections: 8 },
    lookbackDays: 2,
    schedule: "0 3 1 1 *",
    web: { port: 0 },
    connectors: { linkedin: linkedinSandboxSettings(server.url) },
  });
  const service = startCostper(folder, ["start"]);
  await service.until("costper is up");
  const database = openDatabase(url, { connections: 1 });
  onTestFinished(() => database.close());
  const runId = await beginNight(
    { pool: database.pool, log: silent, platforms: ["linkedin"] },
    { at: new Date(), wallClock: "a night" },
  );
  // The watchdog of the service finds it.
  expect(await nightOver(database, runId ?? "", 110_000)).toBe("done");
  service.child.kill("SIGTERM");
  expect(await service.ended).toBe(0);
});

test("a pool lives with the connections that it gets, and says what to set where it gets none", async () => {
  const url = await roleWith([], 3);
  const database = openDatabase(url, { connections: 12 });
  const { pool } = database;
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => pool.query<{ n: number }>("select 1 as n, pg_sleep(0.05)")),
  );
  expect(answers.map(({ rows }) => rows[0]?.n)).toEqual(Array.from({ length: 12 }, () => 1));
  expect(pool.options.max).toBe(3);
  const held = await Promise.all([pool.connect(), pool.connect(), pool.connect()]);
  const folder = await folderWith({ database: url, connectors: { linkedin: { accessToken: "t" } } });
  const { status, said } = await run(folder, "migrate", "--status");
  expect(said).toContain("allows no more connections (53300)");
  expect(said).toContain("database: { url, connections }");
  expect(status).toBe(1);
  for (const client of held) client.release();
  await database.close();
});

test("a sync with the fewest connections that the config takes loads many accounts", async () => {
  const server = await openPlatform(8);
  const folder = await folderWith({
    database: { url: await roleWith([], 3), connections: 3 },
    lookbackDays: 2,
    connectors: { linkedin: linkedinSandboxSettings(server.url) },
  });
  expect(await run(folder, "sync", "--quiet")).toMatchObject({ status: 0 });
  expect((await run(folder, "start")).said).toContain(
    "database.connections is 3, and the queue alone takes 4 here",
  );
});
