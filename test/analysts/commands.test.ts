import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { seedWarehouse } from "../../scripts/warehouse-docs/render.ts";
import { freshDatabase } from "../support/database.ts";

const root = join(import.meta.dirname, "..", "..");

/** `costper` in a folder of its own, on a seeded warehouse. */
const openFolder = async () => {
  const database = await freshDatabase();
  await seedWarehouse(database);
  const folder = await mkdtemp(join(tmpdir(), "costper-commands-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(
    join(folder, "costper.yaml"),
    "database: ${DATABASE_URL}\nconnectors: { meta: { accessToken: not-a-token, conversions: [lead] } }\n",
  );
  const costper = (...args: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> =>
    new Promise((resolve, reject) => {
      const child = spawn(
        process.execPath,
        [
          "--import",
          join(root, "node_modules", "tsx", "dist", "esm", "index.mjs"),
          join(root, "src", "cli.ts"),
          ...args,
        ],
        { cwd: folder, env: { ...process.env, DATABASE_URL: database.url } },
      );
      let stdout = "";
      let stderr = "";
      child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
      child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
      child.once("error", reject);
      child.once("close", (status) => resolve({ status, stdout, stderr }));
    });
  return { database, folder, costper };
};

test("export writes to standard output or into a folder, and says what it wrote", async () => {
  const { costper, folder } = await openFolder();
  const piped = await costper(
    "export",
    "cost_per_conversion_daily",
    "-",
    "--from",
    "2026-10-30",
    "--to",
    "2026-10-30",
  );
  expect(piped.status).toBe(0);
  expect(piped.stdout.trimEnd().split("\n")).toHaveLength(7);
  const parts = await costper(
    "export",
    "warehouse.ad_daily",
    "out",
    "--format",
    "parquet",
    "--partition-by",
    "month",
    "--json",
  );
  expect(JSON.parse(parts.stdout)).toMatchObject({ files: [{ rows: expect.any(Number) as number }, {}] });
  expect(await readdir(join(folder, "out", "month=2026-10"))).toEqual(["warehouse.ad_daily.parquet"]);
});

test("what cannot be asked for is exit status 2, a sentence, and nothing done", async () => {
  const { costper, folder } = await openFolder();
  for (const [args, message] of [
    [["export", "cost_per_conversion_dayly", "out"], /did you mean cost_per_conversion_daily\?/],
    [["export", "ad_daily", "out", "--format", "xlsx"], /csv, parquet, ndjson/],
    [["grant", "analyst", "pg_ann"], /Postgres keeps for itself/],
    [["grant", "admin", "ann"], /did you mean analyst\?/],
  ] as const) {
    const { status, stdout, stderr } = await costper(...args);
    expect(status).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
  }
  expect(await readdir(folder)).toEqual(["costper.yaml"]);
});

test("grant shows the password once, and the line to connect with holds none", async () => {
  const { costper, database } = await openFolder();
  const name = `ann_${database.url.slice(-8)}`;
  onTestFinished(async () => {
    await database.pool.query(`drop owned by ${name}; drop role ${name}`);
  });
  const first = JSON.parse((await costper("grant", "analyst", name, "--json")).stdout) as {
    created: boolean;
    password: string;
    url: string;
  };
  expect(first).toMatchObject({ role: name, created: true });
  expect(new URL(first.url)).toMatchObject({ username: name, password: "" });
  const url = new URL(first.url);
  url.password = first.password;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  await client.query("select 1 from cost_per_conversion_daily");
  await client.end();
  const again = await costper("grant", "analyst", name);
  expect(again.stdout).toContain("its password is as it was");
  expect(again.stdout).not.toContain(first.password);
});
