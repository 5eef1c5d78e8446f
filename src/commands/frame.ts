import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import type { Logger } from "pino";
import type { App, AppOverrides } from "../app.ts";
import type { Config } from "../config.ts";
import { createLog, logWarnings } from "../log.ts";
import { errorLines, exitStatus, statusOf } from "./errors.ts";
import { createOutput, type Output } from "./output.ts";
import { terminalLines } from "./terminal.ts";

/** The options that every command has. */
export interface Globals {
  readonly config?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly logFormat?: "json" | "pretty";
}

/** An account that lacks something after the run: the last lines on standard error, and exit status 1. */
export interface Shortfall {
  /** A platform, or another source of `connectors`: GA4. */
  readonly platform: string;
  /** Bare; empty where the whole platform is concerned. */
  readonly accountId: string;
  readonly what: string;
  readonly remedy: string;
}

/** What a command is given. */
export interface Frame {
  readonly globals: Globals;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Aborted by Ctrl-C or SIGTERM: end orderly, throw what the signal throws, and exit status 130 follows. */
  readonly signal: AbortSignal;
  readonly out: Output;
  readonly log: Logger;
  /** @throws ConfigError */
  readonly loadConfig: () => Promise<Config>;
  /** Database and connectors of the config, or of the given one; closed by the frame when the command has ended. */
  readonly openApp: (overrides?: AppOverrides & { readonly config?: Config }) => Promise<App>;
  /** Names an account that lacks something. */
  readonly report: (shortfall: Shortfall) => void;
  /** Something to close when the command has ended; the last one first. */
  readonly onEnd: (close: () => Promise<void>) => void;
  /** From now on Ctrl-C is for a program in the foreground, which hears it from the terminal too; SIGTERM stays ours. */
  readonly leaveInterrupts: () => void;
}

/** A command's work; what it returns is the exit status, nothing is 0 (or 1 where an account lacks something). */
export type Work<Options> = (
  frame: Frame,
  options: Options,
  ...args: string[]
) => Promise<number | undefined | void>;

/** Makes a commander action of a command's work. */
export type Act = <Options extends object>(work: Work<Options>) => (...params: unknown[]) => Promise<void>;

/** What a file of `commands/` exports: it adds arguments, options, examples and the action. */
export type Register = (command: Command, act: Act) => void;

/** Examples for the end of a command's help, one a line: the call and what it is for. */
export const examples = (...lines: readonly (readonly [call: string, purpose: string])[]): string => {
  const width = Math.max(...lines.map(([call]) => call.length));
  return `\nExamples:\n${lines.map(([call, purpose]) => `  ${call.padEnd(width)}  ${purpose}`).join("\n")}`;
};

const say = (line: string): void => void terminalLines.write(`${line}\n`);

const shortfallLine = ({ platform, accountId, what, remedy }: Shortfall): string =>
  [`${platform} ${accountId}`.trimEnd(), what, remedy]
    .filter((part) => part !== "")
    .join(": ")
    .replaceAll(/\s+/g, " ");

/** However a command hangs, it ends within 30 seconds of the first signal. */
const endMs = 28_000;

/** How long what a command opened may take to close when nobody has sent a signal. */
const closeMs = 40_000;

/** The first signal asks for an orderly end, the second ends at once; what does not end in time is left. */
const interruptible = (): { signal: AbortSignal; leaveInterrupts: () => void; release: () => void } => {
  const controller = new AbortController();
  let late: NodeJS.Timeout | undefined;
  // Every request and every wait under way listens to it: many are no leak.
  setMaxListeners(0, controller.signal);
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(exitStatus.interrupted);
    say("costper: ending; once more to end at once");
    late = setTimeout(() => {
      say("costper: something under way does not end and is left; the database rolls it back");
      process.exit(exitStatus.interrupted);
    }, endMs);
    controller.abort(new DOMException("interrupted", "AbortError"));
  };
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, onSignal);
  const ignore = () => undefined;
  return {
    signal: controller.signal,
    leaveInterrupts: () => {
      process.on("SIGINT", ignore);
      process.off("SIGINT", onSignal);
    },
    release: () => {
      clearTimeout(late);
      process.off("SIGINT", ignore);
      for (const name of ["SIGINT", "SIGTERM"] as const) process.off(name, onSignal);
    },
  };
};

/** Closes one after the other; what does not close is left to the end of the process. */
const closeAll = async (closers: readonly (() => Promise<void>)[], log: Logger): Promise<void> => {
  const closed = new AbortController();
  const closing = (async () => {
    for (const close of closers)
      await close().catch((error: unknown) =>
        log.warn({ failure: error instanceof Error ? error.message : String(error) }, "closing failed"),
      );
    closed.abort();
  })();
  await Promise.race([
    closing,
    sleep(closeMs, undefined, { signal: closed.signal }).then(
      () => log.warn("something does not close and is left"),
      () => undefined,
    ),
  ]);
};

/** Runs one command from its globals to its exit status; closes what it opened, says what failed. */
const runCommand = async (
  globals: Globals,
  work: (frame: Frame) => Promise<number | undefined | void>,
): Promise<number> => {
  const { signal, leaveInterrupts, release } = interruptible();
  const { secretSettings } = await import("../connectors/secrets.ts");
  const { sourceSecrets } = await import("../sources/registry.ts");
  const log = await createLog({
    secrets: [...new Set([...secretSettings(), ...sourceSecrets()])],
    quiet: globals.quiet ?? false,
    verbose: globals.verbose ?? false,
    ...(globals.logFormat === undefined ? {} : { format: globals.logFormat }),
    ...(process.stderr.isTTY ? { stream: terminalLines } : {}),
  });
  logWarnings(log);
  const closers: (() => Promise<void>)[] = [];
  const shortfalls: Shortfall[] = [];
  const { env } = process;
  const cwd = process.cwd();
  let loaded: Promise<Config> | undefined;
  const readConfig = async (): Promise<Config> => {
    const { loadConfig } = await import("../config.ts");
    return loadConfig({ cwd, env, ...(globals.config === undefined ? {} : { file: globals.config }) });
  };
  const loadConfig = () => (loaded ??= readConfig());
  const frame: Frame = {
    globals,
    cwd,
    env,
    signal,
    log,
    out: createOutput(),
    loadConfig,
    openApp: async (overrides) => {
      const config = overrides?.config ?? (await loadConfig());
      const { openApp } = await import("../app.ts");
      const app = await openApp({ ...overrides, config, log, signal });
      closers.push(() => app.close());
      return app;
    },
    report: (shortfall) => void shortfalls.push(shortfall),
    onEnd: (close) => void closers.push(close),
    leaveInterrupts,
  };

  let status: number;
  try {
    const returned = await work(frame);
    status = returned ?? (shortfalls.length > 0 ? exitStatus.failed : exitStatus.done);
  } catch (error) {
    status = statusOf(error, signal.aborted);
    if (status === exitStatus.interrupted) say("costper: interrupted");
    else errorLines(error).forEach(say);
    log.debug({ err: error }, "command failed");
  }
  await closeAll(closers.reverse(), log);
  release();
  shortfalls.map(shortfallLine).forEach(say);
  return status;
};

/** The `act` that commands are registered with; `onStatus` is called with the exit status. */
export const createAct =
  (onStatus: (status: number) => void): Act =>
  (work) =>
  async (...params) => {
    const command = params.at(-1) as Command;
    const options = params.at(-2) as Parameters<typeof work>[1];
    const args = params.slice(0, -2) as string[];
    onStatus(await runCommand(command.optsWithGlobals<Globals>(), (frame) => work(frame, options, ...args)));
  };
