import { Failure } from "../../domain/failure.ts";

/** Errors that Postgres itself reports carry a five-character SQLSTATE. */
export const isDatabaseError = (error: unknown): error is Error & { code: string } =>
  error instanceof Error && /^[0-9A-Z]{5}$/.test(String((error as { code?: unknown }).code));

/** A figure that Postgres refuses (numeric overflow, a malformed date) is the platform's data, not our fault. */
export const dataFailure = (error: unknown): Failure | undefined =>
  isDatabaseError(error) && error.code.startsWith("22")
    ? new Failure({
        kind: "data",
        message: `a figure does not fit the warehouse: ${error.message}`,
        remedy: "check which figure the platform sent; nothing of this window was published",
        cause: error,
      })
    : undefined;
