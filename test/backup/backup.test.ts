import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { backup } from "../../src/warehouse/backup/backup.ts";
import { restore } from "../../src/warehouse/backup/restore.ts";
import { openDatabase } from "../../src/warehouse/database.ts";
import { createDatabase, freshDatabase } from "../support/database.ts";
import { seedMarts } from "../support/seed-marts.ts";
import { smallSeed } from "../support/web.ts";

const never = new AbortController().signal;
const now = new Date("2026-11-20T12:00:00Z");

const folder = async (): Promise<string> => {
  const path = await mkdtemp(join(tmpdir(), "costper-backup-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
};

test("what was backed up comes back row by row", async () => {
  const database = await freshDatabase();
  await seedMarts(database.pool, smallSeed);
  const file = join(await folder(), "warehouse.zip");
  const manifest = await backup(database, { file, version: "1", now, signal: never });
  expect(manifest.tables.find(({ name }) => name === "marts.cost_per_conversion_daily")?.rows).toBeGreaterThan(100);
  const { url, drop } = await createDatabase({ empty: true });
  const target = openDatabase(url, { connections: 3 });
  onTestFinished(async () => {
    await target.close();
    await drop();
  });
  await restore(target, { file, force: false, signal: never });
  const again = join(await folder(), "again.zip");
  const second = await backup(target, { file: again, version: "1", now, signal: never });
  expect(second).toEqual(manifest);
});
