import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { createLinkedinSandbox, linkedinSandboxSettings } from "../../sandbox/linkedin/index.ts";
import { listen } from "../../sandbox/server.ts";
import { folderWith } from "../jobs/start-process.ts";
import { createDatabase } from "../support/database.ts";

const root = join(import.meta.dirname, "..", "..");

// As it is installed: the loader of development has limits of its own.
const built = join(root, `dist.test-${String(process.pid)}`);
beforeAll(() =>
  build({
    entryPoints: [join(root, "src", "cli.ts")],
    outdir: built,
    bundle: true,
    splitting: true,
    packages: "external",
    platform: "node",
    format: "esm",
    logLevel: "error",
  }),
);
afterAll(() => rm(built, { recursive: true, force: true }));

/** Runs costper behind words of the shell, such as a limit; `$costper` is the program. */
const inShell = async (cwd: string, script: string) => {
  const started = Date.now();
  const child = spawn("bash", ["-c", script], {
    cwd,
    env: {
      PATH: process.env["PATH"],
      HOME: cwd,
      costper: `${process.execPath} ${join(built, "cli.js")}`,
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const [status] = (await once(child, "close")) as [number | null];
  return { status, said, ms: Date.now() - started };
};

const stack = /^\s+at /m;

const syncable = async () => {
  const server = await listen(createLinkedinSandbox({ clock: () => new Date(), accounts: 8, campaigns: 2 }));
  onTestFinished(() => server.close());
  const { url, drop } = await createDatabase();
  onTestFinished(drop);
  return folderWith({
    database: url,
    lookbackDays: 2,
    connectors: { linkedin: linkedinSandboxSettings(server.url) },
  });
};

test("256 file descriptors are enough for a sync, and too few are said in words", async () => {
  const folder = await syncable();
  const enough = await inShell(folder, "ulimit -n 256; $costper --log-format json sync --quiet");
  expect(enough.status, enough.said).toBe(0);
  const few = await inShell(folder, "ulimit -n 28; $costper --log-format json sync --quiet");
  expect(few.said).not.toMatch(stack);
  expect(few.said).toMatch(/too many open files|may open no more files/);
  expect(few.status).toBe(1);
});

test("a working directory that was removed is one line", async () => {
  const folder = await folderWith({ connectors: {} });
  await mkdir(join(folder, "gone"));
  const { status, said } = await inShell(join(folder, "gone"), "rmdir ../gone; $costper status");
  expect(said).not.toMatch(stack);
  expect(said).toContain("the working directory is not there any more");
  expect(status).toBe(1);
});

test.runIf(process.getuid?.() === 0)("a folder that can only be read is said at once", async () => {
  const folder = await folderWith({ connectors: { linkedin: { accessToken: "t" } } });
  await chmod(folder, 0o555);
  await chmod(join(folder, "costper.yaml"), 0o644);
  const { status, said, ms } = await inShell(
    folder,
    "exec setpriv --reuid 65534 --regid 65534 --clear-groups $costper migrate",
  );
  expect(said).toMatch(/cannot use .*\.costper.*it may not be written/);
  expect(said).not.toMatch(stack);
  expect(status).toBe(1);
  expect(ms).toBeLessThan(20_000);
});

test.runIf(process.getuid?.() === 0)(
  "a sync on a disk that is full ends in words, and goes on by itself once there is space",
  async () => {
    const server = await listen(
      createLinkedinSandbox({ clock: () => new Date(), accounts: 2, campaigns: 2 }),
    );
    onTestFinished(() => server.close());
    const folder = await folderWith({
      lookbackDays: 30,
      connectors: { linkedin: linkedinSandboxSettings(server.url) },
    });
    await chmod(folder, 0o755);
    const disk = join(folder, "disk");
    await mkdir(disk);
    const mounted = await inShell(folder, "mount -t tmpfs -o size=110m,mode=755 tmpfs disk");
    // Not every machine lets a test have a disk of its own.
    if (mounted.status !== 0) return;
    onTestFinished(async () => void (await inShell(folder, "umount disk")));
    await inShell(folder, "mv costper.yaml disk/");
    const run = (command: string) => inShell(disk, `$costper --log-format json ${command} --quiet`);
    expect((await run("migrate")).status).toBe(0);
    // Nothing left for the server to start, and room to start but not to load.
    for (const room of ["0", "700K"]) {
      await inShell(disk, `cat /dev/zero > filler; truncate -s -${room} filler`);
      const full = await run("sync");
      expect(full.said, room).toMatch(/disk.* is full|No space left/);
      expect(full.said).not.toMatch(stack);
      expect(full.status).toBe(1);
      expect(full.ms).toBeLessThan(90_000);
    }
    await rm(join(disk, "filler"));
    const again = await run("sync");
    expect(again.status, again.said).toBe(0);
  },
);

test.runIf(process.getuid?.() === 0)(
  "init on a full disk leaves the only copy of a token as it was",
  async () => {
    const folder = await folderWith({ connectors: {} });
    const disk = join(folder, "disk");
    await mkdir(disk);
    const mounted = await inShell(folder, "mount -t tmpfs -o size=64k tmpfs disk");
    // Not every machine lets a test have a disk of its own.
    if (mounted.status !== 0) return;
    onTestFinished(async () => void (await inShell(folder, "umount disk")));
    await writeFile(join(disk, ".env"), "META_ACCESS_TOKEN=the-only-copy\n");
    await inShell(disk, "cat /dev/zero > filler");
    const { status, said } = await inShell(disk, "$costper init");
    expect(said).toContain("the disk is full");
    expect(said).not.toMatch(stack);
    expect(status).toBe(2);
    expect(await readFile(join(disk, ".env"), "utf8")).toBe("META_ACCESS_TOKEN=the-only-copy\n");
    expect((await readdir(disk)).sort()).toEqual([".env", "filler"]);
    await rm(join(disk, "filler"));
  },
);
