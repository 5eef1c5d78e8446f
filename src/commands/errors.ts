import { ConfigError } from "../config/problems.ts";
import { Failure } from "../domain/failure.ts";
import { withoutSecretShapes } from "../domain/secrets.ts";

/** The status that costper ends with; what each means is a promise to scripts. */
export const exitStatus = { done: 0, failed: 1, wrongUse: 2, interrupted: 130 } as const;

/** The command line asks for something that is not there: nothing was done, exit status 2. */
export class UsageError extends Error {
  readonly remedy: string;

  constructor(message: string, remedy = "") {
    super(message);
    this.name = "UsageError";
    this.remedy = remedy;
  }
}

const place = ({ platform, accountId }: Failure): string =>
  [platform, accountId].filter((part) => part !== undefined).join(" ");

/** What the machine refuses a process, in words: these reach us from anywhere, and say nothing to a person. */
const limitWords: Readonly<Record<string, readonly [what: string, remedy: string]>> = {
  EMFILE: ["this process may open no more files", "raise its limit: ulimit -n 4096"],
  ENFILE: ["this machine may open no more files", "end other programs, or raise fs.file-max"],
  ENOSPC: ["the disk is full", "free some space and run the command again; what was published is kept"],
  EDQUOT: [
    "the disk quota is used up",
    "free some space and run the command again; what was published is kept",
  ],
  // Postgres says it so of its own disk.
  "53100": [
    "the disk of the database is full",
    "free some space there and run the command again; what was published is kept",
  ],
  EROFS: ["the disk can only be read", "run costper in a folder that it may write"],
  ENOMEM: ["this machine has no memory left", "end other programs, or give it more"],
};

/** The code of an error or of what caused it. */
const codeOf = (error: unknown): string | undefined => {
  for (
    let at = error as { code?: unknown; cause?: unknown } | null | undefined;
    at;
    at = at.cause as typeof at
  )
    if (typeof at.code === "string" && at.code in limitWords) return at.code;
  return undefined;
};

const limitLines = (error: unknown): string[] | undefined => {
  // Node gives this one the code of any missing file.
  if ((error as { syscall?: unknown } | null)?.syscall === "uv_cwd")
    return ["costper: the working directory is not there any more", "  change into a folder that exists"];
  const code = codeOf(error);
  const words = code === undefined ? undefined : limitWords[code];
  return words && [`costper: ${words[0]} (${code ?? ""})`, `  ${words[1]}`];
};

/** What a person reads of an error: what, where, and what to do; one line each. Never a stack. */
export const errorLines = (error: unknown): string[] => {
  if (error instanceof ConfigError) return error.lines();
  const limit = error instanceof UsageError ? undefined : limitLines(error);
  if (limit) return limit;
  const told = error instanceof Error ? error.message : String(error);
  // What others throw may be long and hold anything.
  const message =
    error instanceof Failure || error instanceof UsageError
      ? told
      : withoutSecretShapes(told)
          .trim()
          .replaceAll(/\s*\n\s*/g, " ");
  const where = error instanceof Failure ? place(error) : "";
  const remedy = error instanceof Failure || error instanceof UsageError ? error.remedy : "";
  const code = (error as { code?: unknown } | null)?.code;
  const what = message === "" ? (typeof code === "string" ? code : "unknown error") : message;
  return [`costper: ${where ? `${where}: ` : ""}${what}`, ...(remedy ? [`  ${remedy}`] : [])];
};

/** The exit status that an error stands for. */
export const statusOf = (error: unknown, interrupted: boolean): number => {
  if (error instanceof ConfigError || error instanceof UsageError) return exitStatus.wrongUse;
  if (interrupted || (error instanceof Failure && error.kind === "cancelled")) return exitStatus.interrupted;
  return exitStatus.failed;
};
