import { Writable } from "node:stream";

/**
 * Standard error as a person sees it: lines of the log, and below them a live display while one runs. Both would write
 * over each other, so that whoever shows a display takes the lines and prints them above it.
 */
const state: { above: ((text: string) => void) | undefined } = { above: undefined };

/** Where lines for people go. */
export const terminalLines = new Writable({
  write: (chunk: Buffer | string, _, done) => {
    if (state.above) state.above(chunk.toString());
    else process.stderr.write(chunk);
    done();
  },
});

/** From now on `show` prints the lines, until it is called without. */
export const linesAbove = (show?: (text: string) => void): void => void (state.above = show);
