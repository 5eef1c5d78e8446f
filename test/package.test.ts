import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packageInto } from "../scripts/release/package.ts";
import { version } from "../src/version.ts";

const root = join(import.meta.dirname, "..");

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
  /** Until the first word on either stream. */
  readonly firstWordMs: number;
}

/** What `npm test` sets for itself would send an installation back to this folder; a registry of the machine's stays. */
const cleanEnv = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) =>
      name.toLowerCase() === "npm_config_registry" ||
      !/^(npm_|vitest|node_options$|node_env$|costper_)/i.test(name),
  ),
);

const run = (command: string, args: readonly string[], cwd: string): Promise<Ended> =>
  new Promise((ended, reject) => {
    const begun = performance.now();
    let firstWordMs = Infinity;
    const child = spawn(command, args, {
      cwd,
      env: cleanEnv,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let out = "";
    let err = "";
    const heard = () => (firstWordMs = Math.min(firstWordMs, performance.now() - begun));
    child.stdout.on("data", (chunk: Buffer) => (heard(), (out += chunk.toString())));
    child.stderr.on("data", (chunk: Buffer) => (heard(), (err += chunk.toString())));
    child.once("error", reject);
    child.once("close", (status) => ended({ status, out, err, firstWordMs }));
  });

let folder = "";
let installed: Ended;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "costper-installed-"));
  expect(await run("npm", ["run", "--silent", "build"], root)).toMatchObject({ status: 0 });
  const tarball = await packageInto(folder);
  installed = await run(
    "npm",
    ["install", "--no-audit", "--no-fund", "--prefer-offline", "--engine-strict", tarball],
    folder,
  );
}, 280_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Node 24 as npm has it; undefined where these tests run on it anyway. */
const newerNode = async (): Promise<string | undefined> => {
  if (Number(process.versions.node.split(".")[0]) >= 24) return undefined;
  const name = `node-${process.platform}-${process.arch}`;
  const place = join(folder, "newer-node");
  const { status, err } = await run(
    "npm",
    [
      "install",
      "--no-audit",
      "--no-fund",
      "--no-save",
      "--prefer-offline",
      "--prefix",
      place,
      `${name}@24.9.0`,
    ],
    folder,
  );
  expect({ status, err }).toMatchObject({ status: 0 });
  return join(place, "node_modules", name, "bin", "node");
};

test("the package installs into an empty folder, and no version in it is too new for this Node", async () => {
  expect({ status: installed.status, err: installed.err }).toMatchObject({ status: 0 });
  expect(installed.err).not.toMatch(/EBADENGINE|deprecated|ERESOLVE/);
  const place = join(folder, "node_modules", "costper");
  const files = await readdir(place);
  expect(files).toEqual(
    expect.arrayContaining(["CHANGELOG.md", "LICENSE", "README.md", "deploy", "dist", "docs", "migrations"]),
  );
  expect(files).not.toContain("src");
  const manifest = await readFile(join(place, "package.json"), "utf8");
  expect(manifest).not.toMatch(/"scripts"|devDependencies/);
});

describe.each(["the Node of these tests", "Node 24"])("on %s", (name) => {
  let program = process.execPath;
  beforeAll(async () => {
    if (name === "Node 24") program = (await newerNode()) ?? process.execPath;
  }, 120_000);
  const costper = (args: string): Promise<Ended> =>
    run(program, [join(folder, "node_modules", "costper", "dist", "cli.js"), ...args.split(" ")], folder);

  test("it says its version, makes a config, and runs the demo, without a warning", async () => {
    expect(await costper("--version")).toMatchObject({ status: 0, out: `${version}\n`, err: "" });
    expect(await costper("init --yes --force")).toMatchObject({ status: 0, err: "" });
    expect(await readFile(join(folder, "costper.yaml"), "utf8")).toMatch(
      /^# yaml-language-server: \$schema=\.\/node_modules\/costper\/costper\.schema\.json\n/,
    );
    // Another program may have the dashboard's usual port.
    const other = createServer();
    await new Promise<void>((done) => other.once("error", () => done()).listen(8787, "127.0.0.1", done));
    try {
      const { status, out, err, firstWordMs } = await costper("demo --once --days 5");
      expect({ status, err }).toMatchObject({ status: 0 });
      expect(out).toMatch(/What did a paid conversion cost\?/);
      expect(err).not.toMatch(/Warning|DEP\d{4}|deprecated/);
      expect(firstWordMs).toBeLessThan(3_000);
    } finally {
      other.close();
    }
  }, 240_000);
});
