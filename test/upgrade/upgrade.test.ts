import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { changedSteps, keepWarehouse, releasedWarehouses } from "../../scripts/release/warehouse-of.ts";
import { compareRollups } from "../../src/metrics/rollup/compare.ts";
import { openArchive } from "../../src/warehouse/backup/archive.ts";
import { restore } from "../../src/warehouse/backup/restore.ts";
import { openDatabase } from "../../src/warehouse/database.ts";
import { migrationStatus } from "../../src/warehouse/migrate.ts";
import { createDatabase, freshDatabase } from "../support/database.ts";
import { openWorld } from "../sync/support.ts";

const signal = new AbortController().signal;

/** Takes a released warehouse to today's schema, as its owner's next `costper migrate` does. */
const upgrade = async (folder: string) => {
  const file = join(folder, "warehouse.zip");
  const archive = await openArchive(file);
  const before = new Map(archive.manifest.tables.map(({ name, rows }) => [name, rows]));
  archive.close();
  const { url, drop } = await createDatabase({ empty: true });
  const database = openDatabase(url, { connections: 4 });
  onTestFinished(async () => {
    await database.close();
    await drop();
  });
  // It makes the schema of the file by the steps of then, fills it, and goes on to today's.
  await restore(database, { file, force: false, signal });
  const rows = async (table: string) =>
    (await database.pool.query<{ rows: number }>(`select count(*)::int as rows from ${table}`)).rows[0]?.rows;
  return { database, url, before, rows };
};

const holds = async (folder: string): Promise<void> => {
  expect(await changedSteps(folder)).toEqual([]);
  const { database, url, before, rows } = await upgrade(folder);
  expect((await migrationStatus(database)).filter(({ appliedAt }) => appliedAt === undefined)).toEqual([]);
  for (const table of ["warehouse.account", "warehouse.ad_daily", "warehouse.conversion_daily"]) {
    expect(before.get(table), table).toBeGreaterThan(0);
    expect(await rows(table), table).toBe(before.get(table));
  }
  // Nothing of what was there is computed otherwise, and tonight's sync finds all it needs.
  const rollups = { pool: database.pool, reportingCurrency: "EUR", signal };
  expect(await compareRollups(rollups, { from: null, to: null })).toEqual([]);
  const world = await openWorld({ databaseUrl: url, platforms: ["meta"] });
  const { json } = await world.sync({ from: "2026-09-10", to: "2026-09-12" });
  expect(json.slices.length).toBeGreaterThan(0);
  expect(json.slices.map(({ outcome }) => outcome)).not.toContain("failed");
  expect(await compareRollups(rollups, { from: null, to: null })).toEqual([]);
};

const released = await readdir(releasedWarehouses).catch(() => []);

// Each release adds its own: see scripts/release.ts.
test.each(released)("a filled warehouse of %s is upgraded, and keeps its figures", (version) =>
  holds(join(releasedWarehouses, version)),
);

test("what a release keeps of today's schema can be upgraded, and a step that is changed afterwards is found", async () => {
  const folder = await mkdtemp(join(tmpdir(), "costper-upgrade-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await keepWarehouse(await freshDatabase(), folder, "0.0.0");
  await holds(folder);
  const file = join(folder, "steps.json");
  const text = await readFile(file, "utf8");
  await writeFile(file, text.replace(/"0010_accounts": "./, '"0010_accounts": "-'));
  expect(await changedSteps(folder)).toEqual(["0010_accounts"]);
});
