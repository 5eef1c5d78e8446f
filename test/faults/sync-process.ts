import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { expect, onTestFinished } from "vitest";
import { sandboxPlatforms, type SandboxName } from "../../sandbox/platforms.ts";
import { listen, type SandboxServer } from "../../sandbox/server.ts";
import { addDays, dayAt } from "../../src/domain/day.ts";
import { openDatabase } from "../../src/warehouse/database.ts";
import { fingerprint } from "../jobs/night-support.ts";
import { folderWith } from "../jobs/start-process.ts";
import { createDatabase } from "../support/database.ts";

/** `costper sync` as a process of its own. */
export interface SyncProcess {
  readonly child: ChildProcess;
  /** Status, and what it said; resolves when it has ended. */
  readonly ended: Promise<{ readonly status: number | null; readonly said: string; readonly at: number }>;
}

/** Figures stand still while a file's tests run: what one of them came to holds for the others. */
/** When each platform's clock was stopped, so that its figures stay: at its first use, since X takes no old signature. */
const stopped = new Map<SandboxName, Date>();

const undisturbed = new Map<SandboxName, Record<string, string>>();

/** A platform of few accounts, and warehouses that costper syncs it into. */
export const openSyncs = async (name: SandboxName, program: string) => {
  const now = stopped.get(name) ?? new Date();
  stopped.set(name, now);
  const server: SandboxServer = await listen(
    sandboxPlatforms[name].create({ clock: () => now, accounts: 2, campaigns: 3 }),
  );
  onTestFinished(() => server.close());
  const last = addDays(dayAt(now, "UTC"), -3);
  const range = ["--from", addDays(last, -3), "--to", last];

  const into = async (databaseUrl?: string) => {
    const fresh = databaseUrl === undefined ? await createDatabase() : undefined;
    if (fresh) onTestFinished(fresh.drop);
    const url = databaseUrl ?? fresh?.url ?? "";
    const settings = { ...sandboxPlatforms[name].settings(server.url), timeoutSeconds: 2 };
    const folder = await folderWith({ database: url, connectors: { [name]: settings } });
    const start = (): SyncProcess => {
      const child = spawn(process.execPath, [program, "--log-format", "json", "sync", ...range], {
        cwd: folder,
        env: { PATH: process.env["PATH"], HOME: folder },
        stdio: ["ignore", "ignore", "pipe"],
      });
      onTestFinished(() => void child.kill("SIGKILL"));
      let said = "";
      child.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
      const ended = once(child, "close").then(([status]) => ({
        status: status as number | null,
        said,
        at: performance.now(),
      }));
      return { child, ended };
    };
    /** A run that nothing disturbs, and the figures after it. */
    const complete = async (): Promise<Record<string, string>> => {
      const { status, said } = await start().ended;
      expect(status, said).toBe(0);
      const database = openDatabase(url, { connections: 2 });
      try {
        return await fingerprint(database);
      } finally {
        await database.close();
      }
    };
    return { url, start, complete };
  };
  /** Figures after a run in an empty warehouse in which nothing went wrong. */
  const expected = async (): Promise<Record<string, string>> => {
    const known = undisturbed.get(name) ?? (await (await into()).complete());
    undisturbed.set(name, known);
    return known;
  };
  return { server, into, expected };
};

/** Resolves when the platform is asked for the so-manieth time from now on, before it answers. */
export const asked = (server: SandboxServer, times: number): Promise<void> =>
  new Promise((resolve) =>
    server.addFault({
      name: "is asked",
      after: times - 1,
      strike: async (_, answer) => {
        resolve();
        await answer();
      },
    }),
  );

/** However an end was asked for, it comes within this time. */
export const endsWithinMs = 30_000;
