import { Failure } from "../domain/failure.ts";
import { UsageError } from "./errors.ts";

/** For `catch`: a refusal of what the command line asked for (code `usage`) is wrong use, exit status 2. */
export const asWrongUse = (error: unknown): never => {
  if (error instanceof Failure && error.code === "usage") throw new UsageError(error.message, error.remedy);
  throw error;
};
