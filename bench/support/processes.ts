import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbedded } from "../../src/warehouse/embedded/server.ts";

const root = join(import.meta.dirname, "..", "..");

/** A temporary folder with an embedded Postgres of its own. */
export const startPostgres = async () => {
  const folder = await mkdtemp(join(tmpdir(), "costper-bench-"));
  // Open to the user that Postgres runs as where this is root.
  await chmod(folder, 0o755);
  const server = await startEmbedded({ folder, settings: { shared_buffers: "1GB", max_wal_size: "8GB" } });
  return {
    folder,
    url: server.url,
    close: async () => {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};

/** Runs a TypeScript file of this folder in a process of its own; resolves with its first line of JSON. */
export const startHelper = async (
  file: string,
  args: readonly string[],
): Promise<{ told: unknown; stop: () => Promise<void> }> => {
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

/** Runs the built command line once and measures it. Needs `npm run build`. */
export const runCostper = async (
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv },
): Promise<Measured> => {
  const started = performance.now();
  const child = spawn(process.execPath, [join(root, "dist", "cli.js"), ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let stdout = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  let peakMib = 0;
  const watch = setInterval(() => (peakMib = Math.max(peakMib, peakOf(child))), 50);
  const [status] = (await once(child, "exit")) as [number];
  clearInterval(watch);
  return { status, seconds: (performance.now() - started) / 1_000, peakMib: Math.round(peakMib), stdout };
};
