import { once } from "node:events";
import { finished } from "node:stream/promises";
import type pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { isLost } from "../lost-connections.ts";
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
export const openCopy = (client: pg.PoolClient, table: FactTable, place: Place): Copy => {
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
  const broke = "the connection to the database broke during a copy";
  if (isLost(client)) throw new Error(broke);
  const stream = client.query(
    copyFrom(`copy ${place.schema}.${table.name} (${columns.join(", ")}) from stdin`),
  );
  let failure: Error | undefined;
  stream.on("error", (error) => (failure = error));

  // A stream does not tell a waiting writer that its connection broke. Without this the writer would wait for ever.
  let onLost: (error: Error) => void = () => undefined;
  const lost = new Promise<never>((_, reject) => {
    onLost = (error) => reject(error);
  });
  lost.catch(() => undefined);
  const onEnd = () => onLost(new Error(broke));
  client.on("error", onLost);
  client.on("end", onEnd);
  const release = () => {
    client.off("error", onLost);
    client.off("end", onEnd);
  };

  return {
    async write(lines) {
      if (failure) throw failure;
      if (lines.length === 0) return;
      const separator = `\n${lead}`;
      if (!stream.write(`${lead}${lines.join(separator)}\n`)) {
        await Promise.race([once(stream, "drain"), lost]).catch((error: unknown) => {
          throw failure ?? error;
        });
      }
    },
    async end() {
      if (failure) throw failure;
      stream.end();
      await Promise.race([finished(stream), lost]);
      release();
      return stream.rowCount;
    },
    async abort(error) {
      stream.destroy(error);
      await Promise.race([finished(stream), lost]).catch(() => undefined);
      release();
    },
  };
};
