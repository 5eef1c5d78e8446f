import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  type CredentialStore,
  fileCredentials,
  sealedCredentials,
  secretKey,
} from "../../src/warehouse/credentials.ts";
import { freshDatabase } from "../support/database.ts";
import { silent } from "./backends.ts";

const open = async () => {
  const { pool } = await freshDatabase();
  const folder = await mkdtemp(join(tmpdir(), "costper-credentials-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "costper.credentials.json");
  const stores: Record<string, CredentialStore> = {
    "the database": sealedCredentials(pool, secretKey("a key"), silent),
    "a file": fileCredentials(pool, file, silent),
  };
  return { pool, file, stores };
};

describe.each(["the database", "a file"])("tokens kept in %s", (place) => {
  test("come back as they were written, the newest first", async () => {
    const store = (await open()).stores[place];
    expect(await store?.read("linkedin:1")).toBeUndefined();
    await store?.write("linkedin:1", "first");
    await store?.write("linkedin:1", "second ✓");
    expect(await store?.read("linkedin:1")).toBe("second ✓");
  });

  test("are warned about 30, 14 and 3 days before their end, once each", async () => {
    const store = (await open()).stores[place];
    const end = new Date("2026-12-31T00:00:00Z");
    await store?.write("linkedin:1", "token", end);
    const days = async (day: string) =>
      (await store?.expiring(new Date(`${day}T00:00:00Z`)))?.map((due) => due.days);
    expect(await days("2026-11-01")).toEqual([]);
    expect(await days("2026-12-01")).toEqual([30]);
    expect(await days("2026-12-02")).toEqual([]);
    expect(await days("2026-12-18")).toEqual([13]);
    expect(await days("2026-12-20")).toEqual([]);
    expect(await days("2026-12-28")).toEqual([3]);
    expect(await days("2026-12-29")).toEqual([]);
  });

  test("are renewed by one process at a time", async () => {
    const store = (await open()).stores[place];
    if (!store) throw new Error(`no store in ${place}`);
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 4 }, () =>
        store.alone("linkedin:1", async () => {
          inside += 1;
          most = Math.max(most, inside);
          await new Promise((done) => setImmediate(done));
          inside -= 1;
        }),
      ),
    );
    expect(most).toBe(1);
  });
});

test("no secret stands in a table unencrypted, and another key reads nothing", async () => {
  const { pool, stores } = await open();
  await stores["the database"]?.write("linkedin:1", "AQXrefresh-token");
  const { rows } = await pool.query<{ text: string }>(
    "select encode(secret, 'escape') || key as text from ops.credential",
  );
  expect(rows[0]?.text).not.toContain("refresh-token");
  expect(await sealedCredentials(pool, secretKey("another"), silent).read("linkedin:1")).toBeUndefined();
});

test("a file of tokens is readable by its owner alone", async () => {
  const { file, stores } = await open();
  await stores["a file"]?.write("linkedin:1", "token");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readFile(file, "utf8")).toContain("token");
});
