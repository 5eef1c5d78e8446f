import { ConfigError } from "../config/problems.ts";
import { Failure } from "../domain/failure.ts";

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

/** What a person reads of an error: what, where, and what to do; one line each. Never a stack. */
export const errorLines = (error: unknown): string[] => {
  if (error instanceof ConfigError) return error.lines();
  const message = error instanceof Error ? error.message : String(error);
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
