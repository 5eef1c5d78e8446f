import type pg from "pg";
import { to as copyTo } from "pg-copy-streams";
import { isLost, lostDuringCopy } from "./lost-connections.ts";

/** Runs `copy ... to stdout`; the rows as bytes of COPY text, cut anywhere. They have to be read to their end. */
export async function* copyOut(client: pg.PoolClient, statement: string): AsyncGenerator<Buffer> {
  if (isLost(client)) throw lostDuringCopy();
  yield* client.query(copyTo(statement)) as AsyncIterable<Buffer>;
  // The end of a COPY's rows comes before the end of its statement, and one begun between the two gets stuck.
  await client.query("select");
}
