import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { expect, onTestFinished, test, vi } from "vitest";
import { startEmbedded } from "../../src/warehouse/embedded/server.ts";
import { folderWith, startCostper } from "../jobs/start-process.ts";

const settings = { shared_buffers: "32MB", fsync: "off" };

const openFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "costper-embedded-"));
  await chmod(folder, 0o755);
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
};

/** Starts it, does something with it, stops it. */
const use = async (folder: string, statement = "select 1"): Promise<unknown> => {
  const server = await startEmbedded({ folder, settings });
  const client = new pg.Client({ connectionString: server.url });
  try {
    await client.connect();
    return (await client.query(statement)).rows;
  } finally {
    await client.end().catch(() => undefined);
    await server.close();
  }
};

const pidOf = async (folder: string): Promise<number> =>
  Number((await readFile(join(folder, "postgres", "data", "postmaster.pid"), "utf8")).split("\n")[0]);

/** A server takes its file away a moment before it ends. */
const expectEnd = (pid: number): Promise<void> =>
  vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow(/ESRCH/), { timeout: 20_000 });

/** A process that is no Postgres and will be there for a while. */
const bystander = (): ChildProcess => {
  const child = spawn("sleep", ["600"], { stdio: "ignore" });
  onTestFinished(async () => {
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  });
  return child;
};

test("a first start that is killed at any moment is begun again by the next one, and its password is never open", async () => {
  const folder = await folderWith({ connectors: { linkedin: { accessToken: "t" } } });
  await chmod(folder, 0o755);
  const seen = new Set<number>();
  for (const ms of [700, 900, 1_100, 1_300, 1_600, 2_000]) {
    const { child, ended } = startCostper(folder, ["migrate", "--status"]);
    const watching = (async () => {
      while (child.exitCode === null && child.signalCode === null) {
        for (const place of [join(folder, ".costper"), join(folder, ".costper", "postgres")])
          for (const name of await readdir(place).catch(() => []))
            if (/password|postgres\.json/.test(name))
              seen.add(((await stat(join(place, name)).catch(() => undefined))?.mode ?? 0o600) & 0o077);
        await sleep(5);
      }
    })();
    await sleep(ms);
    child.kill("SIGKILL");
    await ended;
    await watching;
  }
  const started = Date.now();
  const last = startCostper(folder, ["migrate"]);
  expect(await last.ended, last.said()).toBe(0);
  expect(Date.now() - started).toBeLessThan(110_000);
  expect([...seen].filter((mode) => mode !== 0)).toEqual([]);
  expect((await readdir(join(folder, ".costper", "postgres"))).filter((name) => name !== "data")).toEqual([]);
});

test("a postmaster.pid whose number another process has got is taken for what it is, and that process is left alone", async () => {
  const folder = await openFolder();
  await use(folder, "create table kept as select 1 as one");
  const other = bystander();
  const file = join(folder, "postgres", "data", "postmaster.pid");
  await writeFile(file, `${String(other.pid)}\n${join(folder, "postgres", "data")}\n0\n5432\n`);
  const started = Date.now();
  expect(await use(folder, "select one from kept")).toEqual([{ one: 1 }]);
  expect(Date.now() - started).toBeLessThan(55_000);
  expect(other.exitCode ?? other.signalCode).toBeNull();
});

test("a lock that a killed process left is taken over, also an empty one and one whose number lives on", async () => {
  const folder = await openFolder();
  for (const holder of ["", String(bystander().pid)]) {
    await writeFile(join(folder, "postgres.lock"), holder);
    const started = Date.now();
    await use(folder);
    expect(Date.now() - started).toBeLessThan(110_000);
  }
});

test("a password file that was cut off costs nothing: the data are there", async () => {
  const folder = await openFolder();
  await use(folder, "create table kept as select 1 as one");
  await truncate(join(folder, "postgres.json"), 7);
  expect(await use(folder, "select one from kept")).toEqual([{ one: 1 }]);
});

test("a server that a killed process left running is joined, and one whose password is lost is started anew", async () => {
  const folder = await openFolder();
  const first = await startEmbedded({ folder, settings });
  const pid = await pidOf(folder);
  await rm(join(folder, "postgres.users", String(process.pid)));
  await rm(join(folder, "postgres.json"));
  expect(await use(folder)).toHaveLength(1);
  await first.close();
  await expectEnd(pid);
});

test("a process that ends without closing leaves no server running, unless another one uses it", async () => {
  const folder = await openFolder();
  const program = `
    import { startEmbedded } from ${JSON.stringify(join(import.meta.dirname, "../../src/warehouse/embedded/server.ts"))};
    await startEmbedded(${JSON.stringify({ folder, settings })});
    process.exit(0);`;
  const leave = async (): Promise<void> => {
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program], {
      stdio: "ignore",
    });
    expect(await once(child, "exit")).toEqual([0, null]);
  };
  const other = await startEmbedded({ folder, settings });
  const pid = await pidOf(folder);
  await leave();
  const client = new pg.Client({ connectionString: other.url });
  await client.connect();
  expect((await client.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
  await client.end();
  await other.close();
  await expectEnd(pid);
  await leave();
  await expect.poll(() => pidOf(folder).catch(() => "gone"), { timeout: 20_000 }).toBe("gone");
  expect(await readdir(join(folder, "postgres.users"))).toEqual([]);
});

test("a damaged folder is said before its server could start, and nothing of it is lost", async () => {
  const folder = await openFolder();
  await use(folder, "create table kept as select 1 as one");
  const data = join(folder, "postgres", "data");
  for (const file of ["PG_VERSION", join("global", "pg_control")]) {
    await rename(join(data, file), join(folder, "aside"));
    const started = Date.now();
    await expect(use(folder)).rejects.toMatchObject({
      message: expect.stringContaining("is damaged") as string,
      remedy: expect.stringContaining("backup") as string,
    });
    expect(Date.now() - started).toBeLessThan(55_000);
    await rename(join(folder, "aside"), join(data, file));
  }
  const control = join(data, "global", "pg_control");
  const whole = await readFile(control);
  await writeFile(control, Buffer.alloc(whole.length, 7));
  await expect(use(folder)).rejects.toMatchObject({
    message: expect.stringContaining("the embedded Postgres did not start") as string,
  });
  await writeFile(control, whole);
  expect(await use(folder, "select one from kept")).toEqual([{ one: 1 }]);
});

test("a folder that others may enter is closed again", async () => {
  const folder = await openFolder();
  await use(folder);
  const data = join(folder, "postgres", "data");
  await chmod(data, 0o777);
  await use(folder);
  expect((await stat(data)).mode & 0o777).toBe(0o700);
});

test("a file in place of the folder is said, with what to do", async () => {
  const cwd = await folderWith({ connectors: { linkedin: { accessToken: "t" } } });
  await writeFile(join(cwd, ".costper"), "");
  const started = startCostper(cwd, ["migrate"]);
  expect(await started.ended).toBe(1);
  const said = started.said();
  expect(said).toMatch(/the embedded database cannot use .*\.costper: a file is in the way of the folder/);
  expect(said).toContain("move it away");
  expect(said).not.toMatch(/^\s+at /m);
});

test.runIf(process.getuid?.() === 0)("a link into a folder of root's changes nothing there", async () => {
  const folder = await openFolder();
  const foreign = await openFolder();
  await writeFile(join(foreign, "precious"), "kept");
  await symlink(foreign, join(folder, "postgres"));
  await expect(startEmbedded({ folder, settings })).rejects.toMatchObject({
    message: expect.stringContaining("belongs to another user, or leads elsewhere") as string,
  });
  expect((await stat(foreign)).uid).toBe(0);
  expect(await readdir(foreign)).toEqual(["precious"]);
});

test("a data folder with something foreign in it is not taken", async () => {
  const folder = await openFolder();
  await mkdir(join(folder, "postgres", "data"), { recursive: true });
  await writeFile(join(folder, "postgres", "data", "thesis.txt"), "kept");
  await expect(startEmbedded({ folder, settings })).rejects.toMatchObject({ kind: "request" });
  expect(await readFile(join(folder, "postgres", "data", "thesis.txt"), "utf8")).toBe("kept");
});

test("a demo that was killed four times works the fifth time, and leaves no server", async () => {
  const folder = await openFolder();
  for (const ms of [1_500, 4_000, 7_000, 10_000]) {
    const { child, ended } = startCostper(folder, ["demo", "--days", "2", "--once"]);
    await Promise.race([sleep(ms), ended]);
    child.kill("SIGKILL");
    await ended;
  }
  const fifth = startCostper(folder, ["demo", "--days", "2", "--once"]);
  expect(await fifth.ended, fifth.said()).toBe(0);
  const data = join(folder, ".costper", "postgres", "data");
  expect(await readdir(data)).not.toContain("postmaster.pid");
  const running: string[] = [];
  for (const pid of await readdir("/proc"))
    if (/^\d+$/.test(pid))
      running.push(await readFile(join("/proc", pid, "cmdline"), "utf8").catch(() => ""));
  expect(running.filter((line) => line.includes(data))).toEqual([]);
});
