import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openMemory } from "../../src/app.ts";
import { parseConfig } from "../../src/config.ts";
import type { Memory } from "../../src/connectors/connector.ts";
import { databaseMemory, fileMemory } from "../../src/warehouse/memory.ts";
import { openDatabase } from "../../src/warehouse/database.ts";
import { createDatabase, freshDatabase } from "../support/database.ts";

const folderOf = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "costper-memory-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
};

const kinds: Readonly<Record<string, () => Promise<() => Memory>>> = {
  database: async () => {
    const { pool } = await freshDatabase();
    return () => databaseMemory(pool);
  },
  file: async () => {
    const file = join(await folderOf(), "below", "memory.json");
    return () => fileMemory(file);
  },
};

test.each(Object.entries(kinds))(
  "what one process kept in the %s another recalls, until it ends or is forgotten",
  async (_, open) => {
    const memory = await open();
    await memory().keep("x:a", "one", 60_000);
    await memory().keep("x:a", "two", 60_000);
    await memory().keep("x:b", "kept", 60_000);
    await memory().keep("x:old", "old", -1);
    expect(await memory().recall("x:a")).toBe("two");
    expect(await memory().recall("x:old")).toBeUndefined();
    expect(await memory().recall("x:never")).toBeUndefined();
    await memory().forget(["x:a", "x:never"]);
    expect(await memory().recall("x:a")).toBeUndefined();
    expect(await memory().recall("x:b")).toBe("kept");
  },
);

test("the file is its owner's alone, and a broken one is as good as none", async () => {
  const folder = await folderOf();
  const file = join(folder, "memory.json");
  const memory = fileMemory(file);
  await memory.keep("x:a", "one", 60_000);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readFile(file, "utf8")).toContain("one");
  const broken = fileMemory(folder);
  expect(await broken.recall("x:a")).toBeUndefined();
});

test("a database that is not migrated yet remembers nothing and refuses nothing", async () => {
  const { url, drop } = await createDatabase();
  onTestFinished(drop);
  const database = openDatabase(url, {});
  onTestFinished(() => database.close());
  await database.pool.query("drop schema if exists ops cascade");
  const memory = databaseMemory(database.pool);
  await memory.keep("x:a", "one", 60_000);
  expect(await memory.recall("x:a")).toBeUndefined();
  await memory.forget(["x:a"]);
});

test("a command without a warehouse keeps it in a file beside the config, and one that may make no file keeps none", async () => {
  const folder = await folderOf();
  const file = join(folder, "costper.yaml");
  const config = parseConfig("connectors: { meta: { accessToken: x } }", file, {});
  const silent = openMemory(config, { files: false });
  await silent.memory.keep("x:a", "one", 60_000);
  await silent.close();
  const kept = openMemory(config);
  expect(await kept.memory.recall("x:a")).toBeUndefined();
  await kept.memory.keep("x:a", "two", 60_000);
  await kept.close();
  const later = openMemory(config);
  expect(await later.memory.recall("x:a")).toBe("two");
  await later.close();
});
