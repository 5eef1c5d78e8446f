import pino, { type Logger } from "pino";

/** A log whose lines can be looked at. */
export const recordedLog = (): {
  readonly log: Logger;
  readonly lines: readonly Record<string, unknown>[];
} => {
  const lines: Record<string, unknown>[] = [];
  const log = pino(
    {},
    {
      write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>),
    },
  );
  return { log, lines };
};
