import { Failure } from "../../domain/failure.ts";

/** A file of rates that cannot be trusted; `incomplete` where it ended too early and may be whole next time. */
export const malformed = (message: string, details: { code?: "incomplete"; cause?: unknown } = {}): Failure =>
  new Failure({
    kind: "data",
    message: `exchange rates: ${message}`,
    remedy: "nothing of the file was stored; the next run fetches it again",
    ...details,
  });
