import { spawnSync } from "node:child_process";
import { createWriteStream } from "node:fs";
import { open, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { expect, onTestFinished, test } from "vitest";
import yazl from "yazl";
import { compareRollups } from "../../src/metrics/rollup/compare.ts";
import { openArchive } from "../../src/warehouse/backup/archive.ts";
import { backup } from "../../src/warehouse/backup/backup.ts";
import { restore } from "../../src/warehouse/backup/restore.ts";
import { type Database, openDatabase } from "../../src/warehouse/database.ts";
import { migrationTexts } from "../../src/warehouse/migrate.ts";
import { createDatabase, freshDatabase } from "../support/database.ts";
import { seedMarts } from "../support/seed-marts.ts";
import { smallSeed } from "../support/web.ts";
import { openWorld } from "../sync/support.ts";

const never = new AbortController().signal;
const now = new Date("2026-11-20T12:00:00Z");

const folder = async (): Promise<string> => {
  const path = await mkdtemp(join(tmpdir(), "costper-backup-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
};

/** A database without anything in it. */
const emptyDatabase = async (): Promise<Database & { readonly url: string }> => {
  const { url, drop } = await createDatabase({ empty: true });
  const database = openDatabase(url, { connections: 4 });
  onTestFinished(async () => {
    await database.close();
    await drop();
  });
  return { ...database, url };
};

const save = async (database: Database, signal = never) => {
  const file = join(await folder(), "warehouse.zip");
  return { file, manifest: await backup(database, { file, version: "1", now, signal }) };
};

/** A warehouse with figures, and its backup. */
const seeded = async () => {
  const database = await freshDatabase();
  await seedMarts(database.pool, smallSeed);
  return { database, ...(await save(database)) };
};

test("comes back row by row, and goes on where it was", async () => {
  const world = await openWorld();
  const range = { from: "2026-09-10", to: "2026-09-12" };
  await world.sync(range);
  const { file, manifest } = await save(world.app.database);
  expect(manifest.tables.find(({ name }) => name === "warehouse.ad_daily")?.rows).toBeGreaterThan(100);

  const target = await emptyDatabase();
  await restore(target, { file, force: false, signal: never });
  expect((await save(target)).manifest).toEqual(manifest);
  const rollups = { pool: target.pool, reportingCurrency: "EUR", signal: never };
  expect(await compareRollups(rollups, { from: null, to: null })).toEqual([]);

  // The restored warehouse is synced again: nothing is written twice, and a new account gets a key of its own.
  const again = await openWorld({ databaseUrl: target.url });
  const { json } = await again.sync(range);
  expect(json.slices.length).toBeGreaterThan(2);
  expect(json.slices.every(({ rows_written }) => rows_written === 0)).toBe(true);
  const { rows } = await target.pool.query<{ free: boolean }>(
    `insert into warehouse.account (platform, account_id, name, currency, time_zone, status, is_active, restatement_days)
     values ('google', 'another', '', 'EUR', 'UTC', '', true, 30)
     returning account_key > (select max(account_key) from warehouse.account where account_id <> 'another') as free`,
  );
  expect(rows).toEqual([{ free: true }]);
});

test("a night that was under way is over: the next one asks for its days again", async () => {
  const { database } = await seeded();
  await database.pool.query("insert into ops.run (command) values ('night')");
  await database.pool.query(
    `insert into ops.night (run_id, due, due_at, give_up_at)
     select run_id, '2026-11-20T03:30', now(), now() from ops.run where command = 'night'`,
  );
  const { file } = await save(database);
  const target = await emptyDatabase();
  await restore(target, { file, force: false, signal: never });
  const { rows } = await target.pool.query(
    `select (select count(*)::int from ops.night) as nights, (select count(*)::int from ops.job) as jobs,
            (select count(*)::int from ops.run where finished_at is null) as unfinished`,
  );
  expect(rows).toEqual([{ nights: 0, jobs: 0, unfinished: 0 }]);
});

test("a filled database is replaced only by force, and then wholly", async () => {
  const { file, manifest } = await seeded();
  const target = await freshDatabase();
  await seedMarts(target.pool, { ...smallSeed, accounts: 3 });
  await expect(restore(target, { file, force: false, signal: never })).rejects.toMatchObject({
    code: "usage",
    message: expect.stringContaining("holds a warehouse already") as string,
    remedy: expect.stringContaining("--force") as string,
  });
  const kept = await target.pool.query("select count(*)::int as accounts from warehouse.account");
  expect(kept.rows).toEqual([{ accounts: 9 }]);
  await restore(target, { file, force: true, signal: never });
  expect((await save(target)).manifest).toEqual(manifest);
});

test("the same rows give the same file, in whatever order they lie on the disk", async () => {
  const { database, manifest } = await seeded();
  await database.pool.query(
    `create temporary table kept as select * from warehouse.campaign;
     delete from warehouse.campaign;
     insert into warehouse.campaign select * from kept order by campaign_id desc;
     drop table kept`,
  );
  expect((await save(database)).manifest).toEqual(manifest);
});

test("a row that the database refuses ends the restore, and the database stays as it was", async () => {
  const { database } = await seeded();
  await database.pool.query(
    "alter table warehouse.campaign alter column name drop not null; update warehouse.campaign set name = null",
  );
  const { file } = await save(database);
  const target = await freshDatabase();
  await seedMarts(target.pool, { ...smallSeed, accounts: 3 });
  await expect(restore(target, { file, force: true, signal: never })).rejects.toThrow("not-null");
  const { rows } = await target.pool.query("select count(*)::int as accounts from warehouse.account");
  expect(rows).toEqual([{ accounts: 9 }]);
});

/** A restore that waits, since a load has its tables. */
const held = async () => {
  const { file } = await seeded();
  const target = await freshDatabase();
  await seedMarts(target.pool, smallSeed);
  const load = await target.pool.connect();
  onTestFinished(() => load.release(true));
  await load.query("begin; lock table ops.run in row exclusive mode");
  const controller = new AbortController();
  const restoring = restore(target, { file, force: true, signal: controller.signal });
  restoring.catch(() => undefined);
  const waiting = async () =>
    (
      await target.pool.query<{ pid: number }>(
        "select pid from pg_stat_activity where datname = current_database() and query like 'lock table ops.run,%' and wait_event_type = 'Lock'",
      )
    ).rows[0]?.pid;
  await expect.poll(waiting).toBeGreaterThan(0);
  return { target, restoring, controller, pid: await waiting() };
};

test("a restore that waits for a load is ended by a signal, within seconds", async () => {
  const { restoring, controller } = await held();
  controller.abort();
  await expect(restoring).rejects.toThrow();
});

test("a connection that breaks ends the restore", async () => {
  const { target, restoring, pid } = await held();
  await target.pool.query("select pg_terminate_backend($1)", [pid]);
  await expect(restoring).rejects.toThrow();
});

test("a connection that breaks ends the backup, and leaves no file", async () => {
  const database = await freshDatabase();
  await seedMarts(database.pool, smallSeed);
  const path = await folder();
  // Held up in its midst, it is there to be broken.
  const holder = await database.pool.connect();
  onTestFinished(() => holder.release(true));
  await holder.query("begin; lock table warehouse.conversion_daily in access exclusive mode");
  const saving = backup(database, { file: join(path, "warehouse.zip"), version: "1", now, signal: never });
  saving.catch(() => undefined);
  const breakIt = async () =>
    (
      await database.pool.query<{ broken: boolean }>(
        "select pg_terminate_backend(pid) as broken from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      )
    ).rows[0]?.broken;
  await expect.poll(breakIt).toBe(true);
  await expect(saving).rejects.toThrow();
  expect(await readdir(path)).toEqual([]);
});

test("a full disk ends the backup in words, and leaves no file", async () => {
  const { database } = await seeded();
  const path = await folder();
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", path]);
  // Only root may mount; elsewhere there is no small disk to fill.
  if (status !== 0) return;
  onTestFinished(() => void spawnSync("umount", [path]));
  const file = join(path, "warehouse.zip");
  await expect(backup(database, { file, version: "1", now, signal: never })).rejects.toMatchObject({
    message: `there is no space left for ${file}`,
    remedy: expect.stringContaining("make room") as string,
  });
  expect(await readdir(path)).toEqual([]);
});

test.each(["nowhere/warehouse.zip", `${"long".repeat(80)}.zip`])(
  "a place that cannot be is wrong use: %s",
  async (name) => {
    const { database } = await seeded();
    const file = join(await folder(), name);
    await expect(backup(database, { file, version: "1", now, signal: never })).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining("cannot be written") as string,
    });
  },
);

test("a backup in a later format names the costper that reads it", async () => {
  const file = join(await folder(), "later.zip");
  const zip = new yazl.ZipFile();
  zip.addBuffer(Buffer.from('{"costper_backup":2,"version":"7.0.0","parts":[]}'), "manifest.json");
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(file));
  await expect(restore(await emptyDatabase(), { file, force: false, signal: never })).rejects.toMatchObject({
    code: "usage",
    message: expect.stringContaining("written by costper 7.0.0") as string,
    remedy: expect.stringContaining("update costper to 7.0.0") as string,
  });
});

test("a file that is there is not overwritten", async () => {
  const { database, file } = await seeded();
  const before = await stat(file);
  await expect(backup(database, { file, version: "1", now, signal: never })).rejects.toMatchObject({
    code: "usage",
  });
  expect((await stat(file)).mtimeMs).toBe(before.mtimeMs);
});

test("an interrupted backup leaves no file behind, neither whole nor half", async () => {
  const database = await freshDatabase();
  await seedMarts(database.pool, smallSeed);
  const path = await folder();
  const controller = new AbortController();
  await expect(
    backup(database, {
      file: join(path, "warehouse.zip"),
      version: "1",
      now,
      signal: controller.signal,
      onTable: (name) => name.startsWith("warehouse.") && controller.abort(),
    }),
  ).rejects.toThrow();
  expect(await readdir(path)).toEqual([]);
});

test.each(["cut off", "a byte changed", "something else", "not there"])(
  "a damaged file is refused and the database stays as it was: %s",
  async (damage) => {
    const { file } = await seeded();
    const { size } = await stat(file);
    if (damage === "something else") await writeFile(file, "no zip at all");
    else if (damage === "not there") await rm(file);
    else {
      const handle = await open(file, "r+");
      if (damage === "cut off") await handle.truncate(Math.floor(size / 2));
      else await handle.write(Buffer.from([0x55, 0xaa, 0x55, 0xaa]), 0, 4, Math.floor(size / 3));
      await handle.close();
    }
    const target = await freshDatabase();
    await seedMarts(target.pool, { ...smallSeed, accounts: 3 });
    await expect(restore(target, { file, force: true, signal: never })).rejects.toThrow();
    const { rows } = await target.pool.query("select count(*)::int as accounts from warehouse.account");
    expect(rows).toEqual([{ accounts: 9 }]);
  },
);

test("a backup of an older schema is brought up to date, one of a newer costper is refused", async () => {
  const steps = [...(await migrationTexts())];
  const older = await emptyDatabase();
  const last = 8;
  for (const [, text] of steps.slice(0, last)) await older.pool.query(text);
  await older.pool.query(
    "create table ops.kysely_migration (name varchar(255) not null primary key, timestamp varchar(255) not null)",
  );
  for (const [name] of steps.slice(0, last))
    await older.pool.query("insert into ops.kysely_migration values ($1, '2026-01-01')", [name]);
  await older.pool.query(
    "insert into warehouse.account (platform, account_id, name, currency, time_zone, status, is_active, restatement_days) values ('meta', '1', 'One', 'EUR', 'UTC', 'ACTIVE', true, 30)",
  );
  const { file, manifest } = await save(older);
  expect(manifest.schema).toHaveLength(last);
  const target = await emptyDatabase();
  await restore(target, { file, force: false, signal: never });
  const { rows } = await target.pool.query(
    "select (select count(*)::int from ops.kysely_migration) as steps, (select name from warehouse.account) as name",
  );
  expect(rows).toEqual([{ steps: steps.length, name: "One" }]);

  await older.pool.query("insert into ops.kysely_migration values ('9999_of_tomorrow', '2099-01-01')");
  const newer = await save(older);
  await expect(
    restore(await emptyDatabase(), { file: newer.file, force: false, signal: never }),
  ).rejects.toMatchObject({ code: "usage", message: expect.stringContaining("9999_of_tomorrow") as string });
});

test("a backup from before the first release is refused with the way out, and the database stays as it was", async () => {
  const { database } = await seeded();
  await database.pool.query("update ops.kysely_migration set name = '0000_' || name");
  const { file } = await save(database);
  const target = await freshDatabase();
  await seedMarts(target.pool, { ...smallSeed, accounts: 3 });
  await expect(restore(target, { file, force: true, signal: never })).rejects.toMatchObject({
    code: "usage",
    message: expect.stringContaining("backup has a schema from before the first release") as string,
    remedy: expect.stringContaining("costper sync") as string,
  });
  const { rows } = await target.pool.query("select count(*)::int as accounts from warehouse.account");
  expect(rows).toEqual([{ accounts: 9 }]);
});

test("sessions and work under way are in no backup", async () => {
  const { file } = await seeded();
  const archive = await openArchive(file);
  const names = archive.manifest.tables.map(({ name }) => name);
  archive.close();
  expect(names).toContain("marts.cost_per_conversion_history");
  expect(names.filter((name) => /web_session|ops\.job|ops\.pause|ops\.lease|staging/.test(name))).toEqual([]);
});
