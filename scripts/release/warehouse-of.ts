import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { packageRoot } from "../../src/package-root.ts";
import { backup } from "../../src/warehouse/backup/backup.ts";
import type { Database } from "../../src/warehouse/database.ts";
import { migrationTexts } from "../../src/warehouse/migrate.ts";
import { seedWarehouse } from "../warehouse-docs/render.ts";

/** A folder a release, with a filled warehouse of its schema: what the upgrade test begins from. */
export const releasedWarehouses = join(packageRoot, "test", "upgrade", "released");

const stepsShape = z.record(z.string(), z.string());

const stepHashes = async (): Promise<Readonly<Record<string, string>>> =>
  Object.fromEntries(
    [...(await migrationTexts())].map(([name, text]) => [
      name,
      createHash("sha256").update(text).digest("hex"),
    ]),
  );

/** Fills an empty warehouse of today's schema and keeps it as that of a version: the backup, and the hash of each step. */
export const keepWarehouse = async (database: Database, folder: string, version: string): Promise<void> => {
  await seedWarehouse(database);
  await mkdir(folder, { recursive: true });
  await backup(database, {
    file: join(folder, "warehouse.zip"),
    version,
    // The moment says nothing: the same release gives the same file.
    now: new Date("2026-11-01T00:00:00Z"),
    signal: new AbortController().signal,
  });
  await writeFile(join(folder, "steps.json"), `${JSON.stringify(await stepHashes(), undefined, 2)}\n`);
};

/** The steps of a release that are not any more what they were: a warehouse that took them has something else. */
export const changedSteps = async (folder: string): Promise<readonly string[]> => {
  const now = await stepHashes();
  const then = stepsShape.parse(JSON.parse(await readFile(join(folder, "steps.json"), "utf8")));
  return Object.entries(then).flatMap(([name, hash]) => (now[name] === hash ? [] : [name]));
};
