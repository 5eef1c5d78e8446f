import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { startEmbedded } from "../../src/warehouse/embedded/server.ts";

const root = join(import.meta.dirname, "..", "..");

const ticksPerSecond = 100;

/** User and system CPU of a process, and of its ended children if asked for, in seconds; 0 once it is gone. */
const ticksOf = (pid: number | undefined, children = false): number => {
  try {
    // The name in parentheses may hold spaces; what follows it does not.
    const fields = readFileSync(`/proc/${String(pid)}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    const ticks = fields.slice(11, children ? 15 : 13);
    return ticks.reduce((sum, field) => sum + Number(field), 0) / ticksPerSecond;
  } catch {
    return 0;
  }
};

const dataDirectory = async (url: string): Promise<string> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ data_directory: string }>("show data_directory");
    return rows[0]?.data_directory ?? "";
  } finally {
    await client.end();
  }
};

/** A temporary folder with an embedded Postgres of its own. */
export const startPostgres = async (more: Readonly<Record<string, string>> = {}) => {
  const folder = await mkdtemp(join(tmpdir(), "costper-bench-"));
  const server = await startEmbedded({
    folder,
    settings: { shared_buffers: "1GB", max_wal_size: "8GB", ...more },
  });
  const data = await dataDirectory(server.url);
  const pid = Number(readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")[0]);
  return {
    folder,
    url: server.url,
    /** CPU of the server and of all its backends, gone ones too, in seconds. */
    cpuSeconds: () =>
      ticksOf(pid, true) +
      readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, "utf8")
        .trim()
        .split(" ")
        .reduce((sum, child) => sum + ticksOf(Number(child), true), 0),
    close: async () => {
      await server.close();
      for (const place of [folder, data]) await rm(place, { recursive: true, force: true });
    },
  };
};

/** Runs a TypeScript file of this folder in a process of its own; resolves with its first line of JSON, parsed. */
export const startHelper = async (
  file: string,
  args: readonly string[],
): Promise<{ told: unknown; cpuSeconds: () => number; stop: () => Promise<void> }> => {
  const child = spawn(process.execPath, ["--import", "tsx", join(root, "bench", file), ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  for await (const chunk of child.stdout) {
    text += String(chunk);
    if (text.includes("\n")) break;
  }
  return {
    told: JSON.parse(text) as unknown,
    cpuSeconds: () => ticksOf(child.pid),
    stop: async () => {
      child.kill("SIGKILL");
      if (child.exitCode === null) await once(child, "exit");
    },
  };
};

export interface Measured {
  readonly status: number;
  readonly seconds: number;
  /** Peak resident memory, in MiB, as the kernel counts it. */
  readonly peakMib: number;
  /** User and system CPU, in seconds. */
  readonly cpuSeconds: number;
  readonly stdout: string;
}

const peakOf = (child: ChildProcess): number => {
  try {
    const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${String(child.pid)}/status`, "utf8"));
    return Number(line?.[1] ?? 0) / 1_024;
  } catch {
    return 0;
  }
};

interface Run {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs the built command line once and measures it. Needs `npm run build`; `build`: another one. */
export const runCostper = (
  args: readonly string[],
  options: Run & { readonly build?: string },
): Promise<Measured> =>
  runMeasured(process.execPath, [join(options.build ?? root, "dist", "cli.js"), ...args], options);

/** Runs a program once and measures it with its children. */
export const runMeasured = async (
  program: string,
  args: readonly string[],
  options: Run,
): Promise<Measured> => {
  const started = performance.now();
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let stdout = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  let peakMib = 0;
  let cpuSeconds = 0;
  const watch = setInterval(() => {
    peakMib = Math.max(peakMib, peakOf(child));
    cpuSeconds = Math.max(cpuSeconds, ticksOf(child.pid, true));
  }, 50);
  const [status] = (await once(child, "exit")) as [number];
  clearInterval(watch);
  const seconds = (performance.now() - started) / 1_000;
  return { status, seconds, peakMib: Math.round(peakMib), cpuSeconds, stdout };
};
