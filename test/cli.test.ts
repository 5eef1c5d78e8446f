import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, inject, onTestFinished, test } from "vitest";
import { createDatabase, freshDatabase } from "./support/database.ts";

const root = join(import.meta.dirname, "..");
const loader = import.meta.resolve("tsx");

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs node with the arguments; `onOutput` hears all output as it comes. */
const node = (
  args: readonly string[],
  options: {
    cwd: string;
    env?: Record<string, string>;
    onOutput?: (text: string, interrupt: () => void) => void;
  },
): Promise<Ended> =>
  new Promise((ended, reject) => {
    const child = spawn(process.execPath, ["--import", loader, ...args], {
      cwd: options.cwd,
      env: { PATH: process.env["PATH"], HOME: options.cwd, ...options.env },
    });
    let out = "";
    let err = "";
    const heard = () => options.onOutput?.(out + err, () => child.kill("SIGINT"));
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString();
      heard();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      err += chunk.toString();
      heard();
    });
    child.once("error", reject);
    child.once("close", (status) => ended({ status, out, err }));
  });

const temporaryFolder = async (config?: string): Promise<string> => {
  const cwd = await mkdtemp(join(tmpdir(), "costper-cli-"));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  if (config !== undefined) await writeFile(join(cwd, "costper.yaml"), config);
  return cwd;
};

const costper = async (args: string, cwd: string, env: Record<string, string> = {}): Promise<Ended> =>
  node([join(root, "src", "cli.ts"), ...args.split(" ")], { cwd, env });

const configFor = (database: string): string =>
  `database: "${database}"\nconnectors: { linkedin: { accessToken: s3cret } }\n`;

test("help lists the commands, each with examples, and a misspelt one is answered with the nearest", async () => {
  const cwd = await temporaryFolder();
  const [help, ofMigrate, ofMisspelt, misspelt, badOption, version] = await Promise.all(
    ["--help", "help migrate", "help migrat", "migrat", "migrate --statu", "--version"].map((args) =>
      costper(args, cwd),
    ),
  );
  expect(help).toMatchObject({ status: 0, out: expect.stringMatching(/doctor[^]*Examples:/) });
  expect(ofMigrate).toMatchObject({ status: 0, out: expect.stringMatching(/--status[^]*Examples:/) });
  expect(ofMisspelt).toMatchObject({ status: 2, out: "", err: expect.stringContaining("mean migrate?") });
  expect(misspelt).toMatchObject({
    status: 2,
    out: "",
    err: expect.stringContaining("Did you mean migrate?"),
  });
  expect(badOption).toMatchObject({ status: 2, err: expect.stringContaining("Did you mean --status?") });
  expect(version).toMatchObject({ status: 0, out: "0.1.0\n" });
});

test("init writes a config and a private .env, overwrites nothing, and never a secret", async () => {
  const cwd = await temporaryFolder();
  const env = join(cwd, ".env");
  expect(await costper("init", cwd)).toMatchObject({ status: 0 });
  expect((await stat(env)).mode & 0o777).toBe(0o600);
  await writeFile(join(cwd, "costper.yaml"), "mine");
  await writeFile(env, "META_ACCESS_TOKEN=s3cret");
  expect(await costper("init", cwd)).toMatchObject({ status: 2, err: expect.stringContaining("--force") });
  expect(await readFile(join(cwd, "costper.yaml"), "utf8")).toBe("mine");
  expect(await readFile(env, "utf8")).toBe("META_ACCESS_TOKEN=s3cret");
  expect(await costper("init --force", cwd)).toMatchObject({ status: 0 });
  expect(await readFile(join(cwd, "costper.yaml"), "utf8")).toContain("connectors:");
  expect(await readFile(env, "utf8")).toMatch(/^META_ACCESS_TOKEN=s3cret\n[^]*LINKEDIN_CLIENT_ID=\n/);
});

test.each([
  ["report --json --format csv", "--json and --format csv contradict each other"],
  ["sync --source crm --account 1", "--source goes without --platform and --account"],
  ["sync --source crm --platform linkedin", "--source goes without --platform and --account"],
  ["report --platform google --platform linkedin", "--platform google is not in the config"],
])(
  "%s contradicts itself or the config: it is refused by that name, and no file made",
  async (args, message) => {
    const cwd = await temporaryFolder("connectors: { linkedin: { accessToken: s3cret } }\n");
    const { status, out, err } = await costper(args, cwd);
    expect({ status, out }).toEqual({ status: 2, out: "" });
    expect(err).toContain(message);
    expect(await readdir(cwd)).toEqual(["costper.yaml"]);
  },
);

test("a wrong config ends with status 2, every problem said and no file made", async () => {
  const cwd = await temporaryFolder(
    "connectors: { meta: { accesToken: s3cret } }\nalerts: [{ name: a, metric: cpc }]\n",
  );
  const { status, out, err } = await costper("migrate --json", cwd);
  expect({ status, out }).toEqual({ status: 2, out: "" });
  expect(err).toMatch(/connectors\.meta\.accessToken: is missing/);
  expect(err).toMatch(/connectors\.meta\.accesToken: .*did you mean accessToken/);
  expect(err).toMatch(/alerts\[0\]\.metric: .*cost_per_conversion.*cost_per_click/);
  expect(err).not.toContain("s3cret");
  await expect(stat(join(cwd, ".costper"))).rejects.toThrow("ENOENT");
});

test("migrate brings an empty database up to date, once", async () => {
  const { url, drop } = await createDatabase({ empty: true });
  onTestFinished(drop);
  const cwd = await temporaryFolder(configFor(url));
  expect((await costper("migrate", cwd)).out).toMatch(/applied 0010_accounts/);
  const { out } = await costper("migrate --json", cwd);
  expect(JSON.parse(out)).toEqual({ applied: [] });
  const { steps } = JSON.parse((await costper("migrate --status --json", cwd)).out) as {
    steps: { applied_at: string | null }[];
  };
  expect(steps.every(({ applied_at }) => applied_at !== null)).toBe(true);
});

test("migrate says whether the password, the server or a newer schema is in the way, and no password", async () => {
  const wrongPassword = new URL(inject("postgresUrl"));
  wrongPassword.password = "s3cret";
  const newer = await freshDatabase();
  await newer.pool.query("insert into ops.kysely_migration values ('9999_future', '2099-01-01')");
  const urls = [wrongPassword.href, "postgresql://me:s3cret@127.0.0.1:1/costper", newer.url];
  const ended = await Promise.all(
    urls.map(async (url) => costper("migrate", await temporaryFolder(configFor(url)))),
  );
  expect(ended.map(({ status }) => status)).toEqual([1, 1, 1]);
  expect(ended[0]?.err).toMatch(/refuses the user or password\n.*check user and password/);
  expect(ended[1]?.err).toMatch(
    /no database answers at 127\.0\.0\.1:1\/costper \(ECONNREFUSED\)\n.*server is up/,
  );
  expect(ended[2]?.err).toMatch(/newer schema.*9999_future.*\n.*update costper/);
  expect(ended.map(({ out, err }) => out + err).join("")).not.toContain("s3cret");
});

test("doctor goes on after a failure and says of each what is wrong", async () => {
  const platform = createServer((_, response) => {
    response.writeHead(401, { "content-type": "application/json" });
    response.end(JSON.stringify({ status: 401, serviceErrorCode: 65600, message: "Invalid access token" }));
  });
  await new Promise<void>((listening) => platform.listen(0, "127.0.0.1", listening));
  onTestFinished(() => void platform.close());
  const { port } = platform.address() as AddressInfo;
  const cwd = await temporaryFolder(`
database: "\${DB}"
queue: redis://:s3cret@127.0.0.1:1
connectors:
  linkedin: { accessToken: s3cret, endpoints: { api: "http://127.0.0.1:${String(port)}" } }
`);
  await writeFile(join(cwd, ".env"), "", { mode: 0o644 });
  const { url } = await freshDatabase();
  const { status, out, err } = await costper("doctor --json", cwd, { DB: url });
  expect(status).toBe(1);
  const { checks } = JSON.parse(out) as { checks: { check: string; outcome: string }[] };
  expect(checks.map(({ check, outcome }) => `${check} ${outcome}`)).toEqual([
    "node ok",
    "config ok",
    "secrets warning",
    "database ok",
    "schema ok",
    "placement ok",
    "queue failed",
    "linkedin failed",
    "clock ok",
  ]);
  expect(out + err).not.toContain("s3cret");
});

const waiting = (onAbort: string): string => `
  import { createAct } from ${JSON.stringify(pathToFileURL(join(root, "src", "commands", "frame.ts")).href)};
  const act = createAct((status) => process.exit(status));
  await act(async ({ signal, onEnd }) => {
    onEnd(async () => console.log("closed"));
    console.log("running");
    await new Promise((_, reject) => {
      setTimeout(() => reject(new Error("too late")), 30_000);
      ${onAbort}
    });
  })({}, { optsWithGlobals: () => ({}) });`;

/** Runs a script and presses Ctrl-C each time that the next of the words has come. */
const interrupted = (script: string, ...words: string[]): Promise<Ended> => {
  let sent = 0;
  return node(["--input-type=module", "--eval", script], {
    cwd: root,
    onOutput: (text, interrupt) => {
      const word = words[sent];
      if (word === undefined || !text.includes(word)) return;
      sent += 1;
      interrupt();
    },
  });
};

test("the first Ctrl-C ends a command orderly, a second one at once, both with status 130", async () => {
  const [orderly, atOnce] = await Promise.all([
    interrupted(waiting('signal.addEventListener("abort", () => reject(signal.reason));'), "running"),
    interrupted(waiting(""), "running", "ending"),
  ]);
  expect(orderly).toMatchObject({ status: 130, out: "running\nclosed\n" });
  expect(atOnce).toMatchObject({ status: 130, out: "running\n" });
});
