/** One thing that is wrong with one line of a file. */
export interface RowProblem {
  /** As an editor counts, the header being 1. */
  readonly line: number;
  /** Name of the column; empty where the whole line is meant. */
  readonly column: string;
  readonly reason: string;
}

/** A value that cannot be taken as it is; the message says why and, where it helps, what would do. */
export class Unreadable extends Error {}

/** A fault after which nothing of the file can be taken. */
export class BrokenFile extends Unreadable {
  readonly line: number;
  readonly column: string;

  constructor(line: number, message: string, column = "") {
    super(message);
    this.line = line;
    this.column = column;
  }
}

export const describeProblem = ({ line, column, reason }: RowProblem): string =>
  column === "" ? `line ${String(line)}: ${reason}` : `line ${String(line)}, ${column}: ${reason}`;
