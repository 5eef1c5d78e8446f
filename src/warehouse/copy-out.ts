import type pg from "pg";
import { to as copyTo } from "pg-copy-streams";

/** Runs `copy ... to stdout`; the rows as bytes of COPY text, cut anywhere. It has to be read to its end. */
export async function* copyOut(client: pg.PoolClient, statement: string): AsyncGenerator<Buffer> {
  yield* client.query(copyTo(statement)) as AsyncIterable<Buffer>;
  // The end of a COPY's rows comes before the end of its statement, and one begun between the two gets stuck.
  await client.query("select");
}
