import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { stringify } from "yaml";

const root = join(import.meta.dirname, "..", "..");

/** `costper start` as an operator runs it. */
export interface Started {
  readonly child: ChildProcess;
  /** Everything on standard error so far. */
  said(): string;
  /** The log lines so far; what is no JSON is left out. */
  lines(): readonly Readonly<Record<string, unknown>>[];
  /** Waits until so many log lines say it, or throws with what was said. */
  until(text: string, times?: number, timeoutMs?: number): Promise<void>;
  /** The exit status, once the process has ended. */
  readonly ended: Promise<number | null>;
}

/** A folder of the test's own with a costper.yaml in it. */
export const folderWith = async (config: Readonly<Record<string, unknown>>): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "costper-start-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "costper.yaml"), stringify(config), { mode: 0o600 });
  return folder;
};

/** Starts the process; killed when the test finishes. */
export const startCostper = (
  folder: string,
  args: readonly string[] = ["start", "--only", "worker"],
  env: Readonly<Record<string, string>> = {},
): Started => {
  const child = spawn(
    process.execPath,
    ["--import", import.meta.resolve("tsx"), join(root, "src", "cli.ts"), "--log-format", "json", ...args],
    {
      cwd: folder,
      env: { PATH: process.env["PATH"], HOME: folder, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const ended = once(child, "exit").then(([status]) => status as number | null);
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await ended;
  });
  const lines: Started["lines"] = () =>
    said
      .split("\n")
      .filter((line) => line.startsWith("{") && line.endsWith("}"))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return {
    child,
    said: () => said,
    lines,
    ended,
    async until(text, times = 1, timeoutMs = 110_000) {
      const deadline = Date.now() + timeoutMs;
      while (said.split(text).length <= times) {
        if (child.exitCode !== null) throw new Error(`it ended (${String(child.exitCode)}): ${said}`);
        if (Date.now() > deadline) throw new Error(`it never said "${text}": ${said}`);
        await sleep(20);
      }
    },
  };
};
