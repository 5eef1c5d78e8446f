import { type DestinationStream, type Logger, pino } from "pino";
import { Failure } from "./domain/failure.ts";
import { censored, secretKeys, withoutSecretShapes } from "./domain/secrets.ts";

export interface LogOptions {
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  /** Omitted: pretty on a terminal, JSON elsewhere. */
  readonly format?: "json" | "pretty";
  /** Further names whose values are cut out: what the sources of the config call secret. */
  readonly secrets?: readonly string[];
  /** Omitted: standard error. */
  readonly stream?: DestinationStream;
}

/** Errors of SDKs carry whole requests, tokens and all: only these fields of an error are logged. */
const describeError = (error: unknown): unknown => {
  if (!(error instanceof Error)) return typeof error;
  const failure =
    error instanceof Failure
      ? { kind: error.kind, code: error.code, requestId: error.requestId, remedy: error.remedy || undefined }
      : { code: (error as { code?: unknown }).code };
  return {
    type: error.name,
    message: withoutSecretShapes(error.message),
    ...failure,
    stack: withoutSecretShapes(error.stack ?? ""),
  };
};

const levelOf = ({ quiet, verbose }: LogOptions): string => (verbose ? "debug" : quiet ? "warn" : "info");

const destination = async ({ format, stream }: LogOptions): Promise<DestinationStream> => {
  const wanted = format ?? (process.stderr.isTTY ? "pretty" : "json");
  const target = stream ?? pino.destination({ fd: 2, sync: true });
  if (wanted === "json") return target;
  // Loaded here since few runs need it.
  const { default: pretty } = await import("pino-pretty");
  return pretty({
    ...(stream ? { destination: stream as NodeJS.WritableStream } : { destination: 2 }),
    sync: true,
    colorize: process.stderr.isTTY,
    translateTime: "SYS:HH:MM:ss",
    ignore: "pid,hostname",
  });
};

/**
 * What the runtime warns of goes into the log instead of onto the terminal: a leak of listeners for people to see, what
 * is old or new in the runtime for those who look closer.
 */
export const logWarnings = (log: Logger): void => {
  process.removeAllListeners("warning");
  process.on("warning", (warning) => {
    const level = /Deprecation|Experimental/.test(warning.name) ? "debug" : "warn";
    log[level]({ warning: warning.name, reason: withoutSecretShapes(warning.message) }, "the runtime warns");
  });
};

/** The one log, to standard error, so that standard output holds answers only. */
export const createLog = async (options: LogOptions = {}): Promise<Logger> =>
  pino(
    {
      level: levelOf(options),
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: describeError, error: describeError },
      // Nothing should log these; where something does all the same, the value is cut out.
      redact: {
        paths: [...new Set([...secretKeys, ...(options.secrets ?? [])])].flatMap((key) => [
          key,
          `*.${key}`,
          `*.*.${key}`,
        ]),
        censor: censored,
      },
    },
    await destination(options),
  );
