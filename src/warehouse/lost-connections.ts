import type { Socket } from "node:net";
import type pg from "pg";

const lost = new WeakSet<object>();

/**
 * Remembers connections of the pool that broke, also while they are lent out: such a one must not end the process, and
 * a COPY begun on it would wait for an answer for ever.
 */
export const watchConnections = (pool: pg.Pool): void => {
  pool.on("connect", (client) => {
    client.on("error", () => lost.add(client));
    client.on("end", () => lost.add(client));
  });
};

/** Whether the connection has broken since it was made. */
export const isLost = (client: pg.PoolClient): boolean => lost.has(client);

export const lostDuringCopy = (): Error => new Error("the connection to the database broke during a copy");

/** Hangs up: whoever waits for an answer on the connection is told, and the server rolls back by itself. */
export const breakConnection = (client: pg.PoolClient): void => {
  // The driver's types do not name it.
  (client as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
};
