import type { FactTable } from "./fact-tables.ts";

/** Watches the rows of one table's day go by, and tells whether a key came twice. */
export interface RepeatWatch {
  /** COPY text, cut anywhere. */
  see(bytes: Buffer): void;
  /** Also where there were more rows than it keeps in mind: then the database has to look. */
  readonly mayRepeat: boolean;
}

/** Keys of so many rows are kept, some ten megabytes. */
const mostKeys = 200_000;

/** `leading`: columns before the key. */
export const watchRepeats = ({ key }: FactTable, leading: number): RepeatWatch => {
  const seen = new Set<string>();
  const columns = leading + key.length;
  let rest = "";
  let rows = 0;
  let mayRepeat = false;
  return {
    see(bytes) {
      if (mayRepeat) return;
      // A character a byte: only whether two keys are the same matters.
      const text = rest + bytes.toString("latin1");
      let start = 0;
      for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
        let keyEnd = start;
        for (let column = 0; column < columns; column += 1) keyEnd = text.indexOf("\t", keyEnd) + 1;
        seen.add(text.slice(start, keyEnd));
        rows += 1;
        start = end + 1;
      }
      rest = text.slice(start);
      mayRepeat = seen.size < rows || rows > mostKeys;
    },
    get mayRepeat() {
      return mayRepeat;
    },
  };
};
