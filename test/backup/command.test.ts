import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createDatabase } from "../support/database.ts";
import { openWorld } from "../sync/support.ts";

const root = join(import.meta.dirname, "..", "..");

const costper = async (cwd: string, ...args: string[]) => {
  const child = spawn(join(root, "node_modules", ".bin", "tsx"), [join(root, "src", "cli.ts"), ...args], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const [status] = (await once(child, "close")) as [number];
  return { status, out, err };
};

const folderFor = async (database: string): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "costper-backup-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(
    join(folder, "costper.yaml"),
    `database: ${database}\nreportingCurrency: EUR\nconnectors: { meta: { accessToken: x } }\n`,
  );
  return folder;
};

test(
  "backup, restore and move say what they did, and refuse what would overwrite",
  { timeout: 240_000 },
  async () => {
    const world = await openWorld({ platforms: ["meta"] });
    await world.sync({ from: "2026-09-12", to: "2026-09-12" });
    const from = await folderFor(world.url);
    const empty = await createDatabase({ empty: true });
    const other = await createDatabase({ empty: true });
    onTestFinished(empty.drop);
    onTestFinished(other.drop);

    const saved = await costper(from, "backup", "warehouse.zip", "--json");
    expect(saved).toMatchObject({ status: 0, err: "" });
    expect(JSON.parse(saved.out)).toMatchObject({ costper_backup: 1, file: join(from, "warehouse.zip") });
    const bytes = await readFile(join(from, "warehouse.zip"));

    const twice = await costper(from, "backup", "warehouse.zip");
    expect(twice).toMatchObject({ status: 2, out: "" });
    expect(twice.err).toContain("is there already");
    expect(bytes.equals(await readFile(join(from, "warehouse.zip")))).toBe(true);

    const filled = await costper(from, "restore", "warehouse.zip");
    expect(filled.status).toBe(2);
    expect(filled.err).toContain("--force");

    const moved = await costper(from, "move", "--to", other.url);
    expect(moved.status).toBe(0);
    expect(moved.out).toContain("DATABASE_URL");
    expect(moved.out).not.toContain(new URL(other.url).password);
    expect((await costper(from, "move", "--to", other.url)).status).toBe(2);
    expect((await costper(from, "move", "--to", "mysql://x")).status).toBe(2);

    const to = await folderFor(empty.url);
    const restored = await costper(to, "restore", join(from, "warehouse.zip"));
    expect(restored).toMatchObject({ status: 0 });
    expect((await costper(to, "restore", "nothing.zip")).status).toBe(2);
  },
);
