import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { breakConnection, isLost, lostDuringCopy } from "./lost-connections.ts";

/**
 * A `copy ... from stdin` under way. Whoever waits for it is told when the server refuses it, the connection breaks or
 * the signal aborts: the stream of the driver tells nobody of any of these.
 */
export interface CopyIn {
  /** Resolves when the server has taken enough of it: the back-pressure. */
  write(text: string | Uint8Array): Promise<void>;
  /** Ends the COPY; the number of rows that it took. */
  end(): Promise<number>;
  /** Gives it up; what it brought is rolled back by the caller. Ends in a bounded time. */
  abort(error: Error): Promise<void>;
}

/** How long the server may take to hear that a COPY is given up; then its connection is broken. */
const abortMs = 4_000;

export const openCopyIn = (client: pg.PoolClient, statement: string, signal?: AbortSignal): CopyIn => {
  if (isLost(client)) throw lostDuringCopy();
  signal?.throwIfAborted();
  const stream = client.query(copyFrom(statement));

  let failure: Error | undefined;
  let isOver = false;
  let tell: ((error: Error) => void) | undefined;
  const fail = (error: Error): void => {
    failure ??= error;
    tell?.(failure);
  };
  const until = (event: "drain" | "finish"): Promise<void> =>
    new Promise((resolve, reject) => {
      const settle = (): void => {
        stream.off(event, come);
        tell = undefined;
      };
      const come = (): void => {
        settle();
        resolve();
      };
      tell = (error) => {
        settle();
        reject(error);
      };
      stream.once(event, come);
      if (failure) tell(failure);
    });

  const onRefused = (error: Error): void => {
    isOver = true;
    fail(error);
    // The driver would go on writing into a COPY that is no more.
    stream.destroy();
  };
  const onLost = (error?: Error): void => {
    isOver = true;
    fail(error ?? lostDuringCopy());
  };
  const onEnd = (): void => onLost();
  const onAbort = (): void => fail(signal?.reason as Error);
  stream.on("error", onRefused);
  client.on("error", onLost);
  client.on("end", onEnd);
  signal?.addEventListener("abort", onAbort, { once: true });
  const release = (): void => {
    client.off("error", onLost);
    client.off("end", onEnd);
    signal?.removeEventListener("abort", onAbort);
  };

  return {
    async write(text) {
      if (failure) throw failure;
      if (!stream.write(text)) await until("drain");
    },
    async end() {
      if (failure) throw failure;
      stream.end();
      await until("finish");
      isOver = true;
      release();
      return stream.rowCount;
    },
    async abort(error) {
      if (!isOver) {
        const heard = new AbortController();
        const closed = new Promise<void>((resolve) => {
          // The connection goes back to the pool, and must not carry a listener for each copy that was given up.
          const settle = (): void => {
            for (const event of ["end", "error"] as const) client.off(event, settle);
            resolve();
          };
          for (const event of ["close", "error"]) stream.once(event, settle);
          for (const event of ["end", "error"] as const) client.on(event, settle);
        }).finally(() => heard.abort());
        stream.destroy(error);
        const late = sleep(abortMs, undefined, { signal: heard.signal }).then(
          () => breakConnection(client),
          () => undefined,
        );
        await Promise.race([closed, late]);
      }
      release();
    },
  };
};
