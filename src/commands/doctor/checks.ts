import { stat } from "node:fs/promises";
import { join } from "node:path";
import { clockDifference, clockRemedy, clockSentence, tolerableMs } from "../../connectors/wire/clock.ts";
import { asFailure } from "../../domain/failure.ts";
import { daysLeft, type TokenEnd } from "../../warehouse/credentials.ts";

/** One thing that was looked at. A warning leaves the exit status at 0. */
export interface Check {
  /** `config`, `database`, a platform ... */
  readonly check: string;
  readonly outcome: "ok" | "warning" | "failed";
  readonly message: string;
  readonly remedy: string;
}

export const ok = (check: string, message: string): Check => ({ check, outcome: "ok", message, remedy: "" });

export const failed = (check: string, error: unknown): Check => {
  const { message, remedy } = asFailure(error);
  return { check, outcome: "failed", message, remedy };
};

/** costper runs on Node 20.19 and newer. */
export const checkNode = (version: string): Check => {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 20 || (major === 20 && minor >= 19)
    ? ok("node", `v${version}`)
    : {
        check: "node",
        outcome: "failed",
        message: `v${version} is too old`,
        remedy: "install Node 20.19 or newer",
      };
};

/** A `.env` that other users of the machine can read; Windows has no such modes. */
export async function* checkSecretsFile(folder: string): AsyncGenerator<Check> {
  const file = join(folder, ".env");
  const found = await stat(file).catch(() => undefined);
  if (found && process.platform !== "win32" && (found.mode & 0o077) !== 0)
    yield {
      check: "secrets",
      outcome: "warning",
      message: `${file} can be read by other users of this machine`,
      remedy: `chmod 600 ${file}`,
    };
}

/** Servers' clocks against ours, once some have answered. */
export async function* checkClock(): AsyncGenerator<Check> {
  const found = clockDifference();
  if (!found) return;
  const apart = Math.abs(found.ms);
  if (apart <= 5 * 60_000) yield ok("clock", "as the servers have it");
  else
    yield {
      check: "clock",
      outcome: apart > tolerableMs ? "failed" : "warning",
      message: clockSentence(found),
      remedy: clockRemedy,
    };
}

/** Days before the end of a token from which on a person should see to it. */
const soonDays = 30;

/** When a token ends that only a person can renew. */
export const checkTokenEnd = ({ platform, expiresAt }: TokenEnd, now: Date): Check => {
  const days = daysLeft(expiresAt, now);
  const day = expiresAt.toISOString().slice(0, 10);
  const remedy = `sign in again and set the new token in connectors.${platform}`;
  if (days < 0) return { check: platform, outcome: "failed", message: `the token ended on ${day}`, remedy };
  const message = `the token ends on ${day}, in ${String(days)} ${days === 1 ? "day" : "days"}`;
  return days <= soonDays ? { check: platform, outcome: "warning", message, remedy } : ok(platform, message);
};
