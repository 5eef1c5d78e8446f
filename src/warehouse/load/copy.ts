import type pg from "pg";
import { openCopyIn } from "../copy-in.ts";
import type { FactTable } from "./fact-tables.ts";

/** Where rows are copied: beside the published figures, or straight among them while the range is empty. */
export type Place =
  | { readonly schema: "staging"; readonly sliceId: string; readonly accountKey: number }
  | { readonly schema: "warehouse"; readonly accountKey: number };

/** A COPY under way. Rows are written in chunks; the promise of `write` is the back-pressure. */
export interface Copy {
  write(lines: readonly string[]): Promise<void>;
  /** Ends the COPY; the number of rows that it took. */
  end(): Promise<number>;
  /** Gives it up; the rows are rolled back to the last savepoint by the caller. */
  abort(error: Error): Promise<void>;
}

/** Opens `copy ... from stdin` on the connection. `lines` hold the columns after the leading ones, tab-separated. */
export const openCopy = (
  client: pg.PoolClient,
  table: FactTable,
  place: Place,
  signal: AbortSignal,
): Copy => {
  const columns = [
    ...(place.schema === "staging" ? ["slice_id"] : []),
    "account_key",
    ...table.key,
    ...table.figures,
  ];
  const lead =
    place.schema === "staging"
      ? `${place.sliceId}\t${String(place.accountKey)}\t`
      : `${String(place.accountKey)}\t`;
  const copy = openCopyIn(
    client,
    `copy ${place.schema}.${table.name} (${columns.join(", ")}) from stdin`,
    signal,
  );
  return {
    async write(lines) {
      if (lines.length > 0) await copy.write(`${lead}${lines.join(`\n${lead}`)}\n`);
    },
    end: () => copy.end(),
    abort: (error) => copy.abort(error),
  };
};
