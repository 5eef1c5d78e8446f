import { spawn } from "node:child_process";
import { join } from "node:path";
import { onTestFinished } from "vitest";

const root = join(import.meta.dirname, "..", "..");

/** A command on a terminal of its own: everything that would be on the screen, with the codes that move about on it. */
export interface OnTerminal {
  shown(): string;
  /** Resolves as soon as the screen has it; says what the screen has instead after a minute and a half. */
  shows(text: string | RegExp): Promise<void>;
  type(keys: string): void;
  readonly ended: Promise<number | null>;
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** Runs a program on a pseudo-terminal of so many columns. */
export const onTerminal = (
  command: readonly string[],
  options: {
    readonly cwd: string;
    readonly columns?: number;
    readonly env?: Readonly<Record<string, string>>;
  },
): OnTerminal => {
  const { cwd, columns = 80, env = {} } = options;
  const line = `stty cols ${String(columns)} rows 50; exec ${command.map(quoted).join(" ")}`;
  const child = spawn("script", ["-qefc", line, "/dev/null"], {
    cwd,
    env: { PATH: process.env["PATH"], HOME: cwd, TERM: "xterm", SHELL: "/bin/sh", ...env },
  });
  let shown = "";
  const heard = new Set<() => void>();
  child.stdout.on("data", (chunk: Buffer) => {
    shown += chunk.toString();
    heard.forEach((hear) => hear());
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return {
    shown: () => shown,
    shows: (text) =>
      new Promise((resolve, reject) => {
        const fails = (why: string) => {
          clearTimeout(limit);
          reject(new Error(`no ${String(text)}: ${why}: ${shown}`));
        };
        const limit = setTimeout(fails, 90_000, "the time is over");
        const look = () => {
          if (typeof text === "string" ? !shown.includes(text) : !text.test(shown)) return;
          clearTimeout(limit);
          heard.delete(look);
          resolve();
        };
        heard.add(look);
        look();
        void ended.then(() => fails("it ended first"));
      }),
    type: (keys) => void child.stdin.write(keys),
    ended,
  };
};

/** The call of costper from its sources. */
export const costperCall = (...args: readonly string[]): readonly string[] => [
  process.execPath,
  "--import",
  import.meta.resolve("tsx"),
  join(root, "src", "cli.ts"),
  ...args,
];
