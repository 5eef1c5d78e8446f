import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { stringify } from "yaml";

const root = join(import.meta.dirname, "..", "..");

export interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** A command under way, as a person sees it. */
export interface Running {
  readonly ended: Promise<Ended>;
  /** The consent page's address, once it is printed on a line of its own. */
  readonly address: Promise<string>;
  /** Resolves as soon as standard error has it. */
  says(text: string): Promise<void>;
  type(line: string): void;
  endInput(): void;
  interrupt(): void;
}

/** Runs `costper connect ...`; the input stays open, as a person's does. */
export const startConnect = (
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Running => start(cwd, ["connect", ...args], env);

/** Runs any command to its end. */
export const runCostper = (cwd: string, args: readonly string[]): Promise<Ended> =>
  start(cwd, args, {}).ended;

const start = (cwd: string, args: readonly string[], env: Readonly<Record<string, string>>): Running => {
  const child = spawn(
    process.execPath,
    ["--import", import.meta.resolve("tsx"), join(root, "src", "cli.ts"), ...args],
    { cwd, env: { PATH: process.env["PATH"], HOME: cwd, ...env } },
  );
  let out = "";
  let err = "";
  const heard = new Set<() => void>();
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString();
    heard.forEach((hear) => hear());
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) => resolve({ status, out, err }));
  });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const until = <T>(find: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const look = () => {
        const found = find();
        if (found === undefined) return;
        heard.delete(look);
        resolve(found);
      };
      heard.add(look);
      look();
      void ended.then(() => reject(new Error(`ended first: ${err}`)));
    });
  const address = until(() => /^(https?:\/\/\S+\?\S+)\n/m.exec(err)?.[1]);
  address.catch(() => undefined);
  return {
    ended,
    address,
    says: async (text) => until(() => (err.includes(text) ? true : undefined)).then(() => undefined),
    type: (line) => void child.stdin.write(`${line}\n`),
    endInput: () => void child.stdin.end(),
    interrupt: () => void child.kill("SIGINT"),
  };
};

/** A folder with a costper.yaml and a `.env`. */
export const folderWith = async (config: unknown, env?: string): Promise<string> => {
  const cwd = await mkdtemp(join(tmpdir(), "costper-connect-"));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  await writeFile(join(cwd, "costper.yaml"), typeof config === "string" ? config : stringify(config));
  if (env !== undefined) await writeFile(join(cwd, ".env"), env);
  return cwd;
};

export const envOf = (cwd: string): Promise<string> => readFile(join(cwd, ".env"), "utf8");

/** What a browser does with a consent page: decides there, and is told where to go. */
export const decide = async (address: string, decision: string): Promise<string> => {
  const answer = await fetch(`${address}&sandbox_decision=${decision}`, { redirect: "manual" });
  const location = answer.headers.get("location");
  if (location === null) throw new Error(`the page leads nowhere: ${await answer.text()}`);
  return location;
};
