import { Writable } from "node:stream";
import pino, { type Logger } from "pino";

/** A log whose lines can be looked at. */
export const recordedLog = (): {
  readonly log: Logger;
  readonly lines: readonly Record<string, unknown>[];
} => {
  const lines: Record<string, unknown>[] = [];
  const log = pino(
    new Writable({
      write(chunk: Buffer, _, done) {
        lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
        done();
      },
    }),
  );
  return { log, lines };
};
