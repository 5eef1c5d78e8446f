import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, onTestFinished } from "vitest";
import type { Config } from "../../src/config.ts";
import { parseConfig } from "../../src/config.ts";
import { sandboxConfig, type Sandbox } from "../../sandbox/start.ts";
import type { Database } from "../../src/warehouse/database.ts";
import { openBackend } from "../jobs/backends.ts";
import { begin, configOf, fingerprint, nightOver, openSandbox, openService } from "../jobs/night-support.ts";

type Backend = Awaited<ReturnType<typeof openBackend>>;

/** A sandbox, an empty warehouse and queues, and the config that joins them. */
export interface Stage extends Backend {
  readonly sandbox: Sandbox;
  readonly config: Config;
  /** The config as a file, for processes. */
  readonly file: string;
}

const night = { lookbackDays: 8, schedule: "0 3 1 1 *" } as const;

/**
 * The platforms that neither a jumping clock nor an orphaned report disturbs: X refuses a signature of another time,
 * and Microsoft keeps a report of a killed worker open until its own clock ends it.
 */
const steady = ({ settings }: Awaited<ReturnType<typeof openSandbox>>) => {
  const { x: _x, microsoft: _microsoft, ...connectors } = settings.connectors as Record<string, unknown>;
  return { ...night, connectors };
};

export const openStage = async (kind: "postgres" | "redis", ownUrl?: string): Promise<Stage> => {
  const sandbox = await openSandbox();
  const backend = await openBackend(kind, ownUrl);
  const folder = await mkdtemp(join(tmpdir(), "costper-fault-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "costper.yaml");
  const text = sandboxConfig(sandbox, {
    ...steady(sandbox),
    database: backend.database.url,
    ...(backend.redisUrl && { queue: backend.redisUrl }),
  });
  await writeFile(file, text, { mode: 0o600 });
  return { ...backend, sandbox, file, config: parseConfig(text, file, {}) };
};

let undisturbed: Promise<Record<string, string>> | undefined;

/** Facts and marts of a night in which nothing went wrong. */
const undisturbedNight = (): Promise<Record<string, string>> =>
  (undisturbed ??= (async () => {
    const sandbox = await openSandbox();
    const { database, queues } = await openBackend("postgres");
    const config = configOf(sandbox, steady(sandbox));
    const service = await openService({ config, database, queues });
    expect(await nightOver(database, await begin(config, database, queues))).toBe("done");
    const print = await fingerprint(database);
    await service.stop();
    return print;
  })());

/** Nothing lost, nothing double: every job done, and the same figures, history and days as undisturbed. */
export const expectUndisturbed = async (database: Database, runId: string): Promise<void> => {
  const { rows } = await database.pool.query(
    "select job_id, state, failure from ops.job where run_id = $1 and state <> 'done' and kind <> 'close'",
    [runId],
  );
  expect(rows).toEqual([]);
  expect(await fingerprint(database)).toEqual(await undisturbedNight());
};

const processes = new Set<ChildProcess>();

/** Starts a process of the service; resolves when its workers are up. `usual`: as patient as in production. */
export const startProcess = async (
  stage: Stage,
  { jumpMinutes = 0, patience = "quick" }: { jumpMinutes?: number; patience?: "quick" | "usual" } = {},
): Promise<ChildProcess> => {
  const child = fork(join(import.meta.dirname, "process.ts"), [stage.file, patience], {
    execArgv: ["--import", "tsx"],
    env: { ...process.env, COSTPER_TEST_JUMP: String(jumpMinutes) },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  processes.add(child);
  child.once("exit", () => processes.delete(child));
  onTestFinished(() => endProcess(child, "SIGKILL"));
  await Promise.race([
    once(child, "message"),
    once(child, "exit").then(() => Promise.reject(new Error("the process ended before it was up"))),
  ]);
  return child;
};

export const endProcess = async (child: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
};

/** Waits until the night has as many slices in a state as wished. */
export const slicesIn = async (
  database: Database,
  state: "running" | "done" | "failed" | "deferred",
  atLeast: number,
): Promise<void> => {
  const deadline = Date.now() + 120_000;
  for (;;) {
    if (Date.now() > deadline) throw new Error(`no ${String(atLeast)} slices were ${state}`);
    const { rows } = await database.pool.query<{ n: number }>(
      "select count(*)::integer as n from ops.job where kind = 'slice' and state = $1",
      [state],
    );
    if ((rows[0]?.n ?? 0) >= atLeast) return;
    await sleep(20);
  }
};

const outcomes: string[][] = [];

/** Notes for the table how a fault was borne, and how long its night took. */
export const noting = async (fault: string, backend: string, work: () => Promise<string>): Promise<void> => {
  const started = performance.now();
  let outcome = "FAILED";
  try {
    outcome = await work();
  } finally {
    outcomes.push([fault, backend, outcome, `${((performance.now() - started) / 1_000).toFixed(1)} s`]);
  }
};

/** Prints the table of faults and outcomes when the file is done. */
export const printOutcomes = (): void => {
  afterAll(() => {
    const header = ["fault", "queue", "outcome", "time"];
    const lines = [header, ...outcomes];
    const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
    const text = lines.map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
    process.stdout.write(`\n${text.join("\n")}\n`);
  });
};

export const complete = "complete, same as undisturbed";
