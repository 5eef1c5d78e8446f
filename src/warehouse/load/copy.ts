import type pg from "pg";
import { openCopyIn } from "../copy-in.ts";
import type { FactTable } from "./fact-tables.ts";

/** Where rows are copied: beside the published figures, or straight among them while the range is empty. */
export type Place =
  | { readonly schema: "staging"; readonly sliceId: string; readonly accountKey: number }
  | { readonly schema: "warehouse"; readonly accountKey: number };

/** A COPY under way. Rows are written in chunks; the promise of `write` is the back-pressure. */
export interface Copy {
  /** Whole lines, as `linesOf` makes them. */
  write(lines: string | Uint8Array): Promise<void>;
  /** Ends the COPY; the number of rows that it took. */
  end(): Promise<number>;
  /** Gives it up; the rows are rolled back to the last savepoint by the caller. */
  abort(error: Error): Promise<void>;
}

/** Of a staged line, before the key: the slice and the account. */
export const leadingColumns = 2;

/** Lines with the leading columns of the place. `lines` hold the columns after these, tab-separated. */
export const linesOf = (place: Place, lines: readonly string[]): string => {
  const lead = `${place.schema === "staging" ? `${place.sliceId}\t` : ""}${String(place.accountKey)}\t`;
  return lines.length === 0 ? "" : `${lead}${lines.join(`\n${lead}`)}\n`;
};

/** Opens `copy ... from stdin` on the connection. */
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
  return openCopyIn(client, `copy ${place.schema}.${table.name} (${columns.join(", ")}) from stdin`, signal);
};
