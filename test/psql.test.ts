import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { findPsql } from "../src/commands/psql/find.ts";
import { libpqEnvironment } from "../src/warehouse/connection/libpq.ts";
import { freshDatabase } from "./support/database.ts";
import { costperCall, onTerminal } from "./support/terminal.ts";

const folderWith = async (config: string | undefined): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "costper-psql-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  // Open to the user that Postgres runs as where this is root.
  await chmod(folder, 0o755);
  if (config !== undefined) await writeFile(join(folder, "costper.yaml"), config);
  return folder;
};
const connectors = "connectors: { meta: { accessToken: x } }\n";

const costper = async (cwd: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const [program = "", ...rest] = costperCall(...args);
  const child = spawn(program, rest, {
    cwd,
    env: { PATH: process.env["PATH"], HOME: cwd, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const [status] = (await once(child, "close")) as [number | null];
  return { status, out, err };
};

const isUp = async (folder: string): Promise<boolean> =>
  (await readFile(join(folder, ".costper", "postgres", "data", "postmaster.pid"), "utf8").catch(() => "")) !==
  "";

test("asks the configured database, and hands its arguments on", async () => {
  const { url } = await freshDatabase();
  const folder = await folderWith(`database: ${url}\n${connectors}`);
  const asked = await costper(folder, ["psql", "--", "-Atc", "select count(*) from warehouse.account"]);
  expect(asked).toEqual({ status: 0, out: "0\n", err: "" });
  const wrong = await costper(folder, ["psql", "--", "-Atc", "select 1/0"]);
  expect(wrong).toMatchObject({ status: 1, out: "", err: expect.stringContaining("by zero") as string });
});

test("the embedded Postgres is started, keeps its port, and is stopped; a demo's needs no config", async () => {
  const folder = await folderWith(connectors);
  const port = async (cwd = folder) => (await costper(cwd, ["psql", "--", "-Atc", "show port"])).out.trim();
  const first = await port();
  expect(Number(first)).toBeGreaterThan(0);
  expect(await isUp(folder)).toBe(false);
  expect(await port()).toBe(first);
  await rm(join(folder, "costper.yaml"));
  expect(await port()).toBe(first);

  // The port that it had has been taken since: it is no promise, but that of the config is.
  const taken = createServer();
  onTestFinished(() => void taken.close());
  await new Promise<void>((up) => taken.listen(Number(first), "127.0.0.1", up));
  const second = await port();
  expect(Number(second)).toBeGreaterThan(0);
  expect(second).not.toBe(first);
  await writeFile(join(folder, "costper.yaml"), `embedded: { port: ${first} }\n${connectors}`);
  expect(await costper(folder, ["psql", "--", "-Atc", "show port"])).toMatchObject({
    status: 1,
    out: "",
    err: expect.stringMatching(new RegExp(`port ${first} .*embedded\\.port.* is taken`)) as string,
  });
  taken.close();
  expect(await port()).toBe(first);
});

test("at a prompt Ctrl-C ends the question, not costper, and the server stops with the prompt", async () => {
  const folder = await folderWith(connectors);
  const prompt = onTerminal(costperCall("psql", "--", "-X"), { cwd: folder, env: { PAGER: "cat" } });
  await prompt.shows("costper=#");
  // Only its own notice says that the question is under way: the screen shows a typed line before psql has it.
  prompt.type("do $$ begin raise notice 'asleep'; perform pg_sleep(600); end $$;\n");
  await prompt.shows("NOTICE:  asleep");
  prompt.type("\u0003");
  await prompt.shows("canceling statement due to user request");
  prompt.type("select 6 * 7 as answer;\n");
  await prompt.shows(/ 42\r\n/);
  expect(prompt.shown()).not.toContain("costper: ending");
  prompt.type("\\q\n");
  expect(await prompt.ended).toBe(0);
  expect(await isUp(folder)).toBe(false);
});

test("the password stands in no argument", async () => {
  const { url } = await freshDatabase();
  const folder = await folderWith(`database: ${url}\n${connectors}`);
  const program = join(folder, "psql");
  await writeFile(program, `#!/bin/sh\necho "$@"\necho "$PGUSER $PGPASSWORD"\n`);
  await chmod(program, 0o755);
  const { out } = await costper(folder, ["psql", "--", "-c", "select 1"], {
    PATH: `${folder}:${process.env["PATH"] ?? ""}`,
  });
  const { username, password } = new URL(url);
  expect(out).toBe(`-c select 1\n${username} ${password}\n`);
});

test("without psql the error says how to install it", async () => {
  const folder = await folderWith(connectors);
  const found = findPsql({ PATH: folder }, { platform: "linux", folders: [] });
  await expect(found).rejects.toMatchObject({
    message: "psql is not installed",
    remedy: expect.stringContaining("apt install postgresql-client") as string,
  });
  // Some installers leave it off the PATH: the newest is taken.
  for (const version of ["9.6", "16", "15"]) {
    const place = join(folder, "pgsql", version, "bin");
    await mkdir(place, { recursive: true });
    await writeFile(join(place, "psql"), "#!/bin/sh\n", { mode: 0o755 });
  }
  expect(
    await findPsql({ PATH: dirname(folder) }, { platform: "linux", folders: [`${folder}/pgsql/*/bin`] }),
  ).toBe(join(folder, "pgsql", "16", "bin", "psql"));
});

test.each([
  ["postgres://u:p@h:5433/d", { PGHOST: "h", PGPORT: "5433", PGUSER: "u", PGPASSWORD: "p", PGDATABASE: "d" }],
  ["postgres://u@h/d?sslmode=disable", { PGSSLMODE: "disable" }],
  ["postgres://u@h/d?sslmode=no-verify", { PGSSLMODE: "require" }],
  // What costper verifies, psql does: its own `require` would hand the password to anybody.
  ["postgres://u@h/d?sslmode=require", { PGSSLMODE: "verify-full", PGSSLROOTCERT: "system" }],
  ["postgres://u:p%40ss@/d?host=/run/pg", { PGHOST: "/run/pg", PGPASSWORD: "p@ss" }],
  ["postgres://u@h/d?options=-c%20x%3D1&pgbouncer=true", { PGOPTIONS: "-c x=1" }],
])("%s reaches the same server in the same way", (url, expected) => {
  expect(libpqEnvironment({ url })).toMatchObject(expected);
});
