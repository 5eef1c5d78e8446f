import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { Failure } from "../domain/failure.ts";
import { isAlive } from "./process-alive.ts";

/**
 * Work that one process at a time does, beyond a transaction: a row with a lease. It is renewed while the work goes on
 * and ends by itself where its holder died, so it needs no session of the database.
 */

const leaseSeconds = 15;
const renewMs = 4_000;
const lookMs = 150;

export interface Lease {
  release(): Promise<void>;
}

/** Marks this process among those that had its id before. */
const thisProcess = { host: hostname(), pid: process.pid, mark: randomUUID() };

interface Holder {
  readonly host: string;
  readonly pid: number;
  readonly mark: string;
}

/** Whether the holder was a process of this machine that is no more; of others only the end of the lease tells. */
const isGone = (holder: string): boolean => {
  const { host, pid, mark } = JSON.parse(holder) as Holder;
  return host === thisProcess.host && mark !== thisProcess.mark && (pid === process.pid || !isAlive(pid));
};

const take = async (pool: pg.Pool, name: string, holder: string): Promise<boolean> => {
  const { rowCount } = await pool.query(
    `insert into ops.lease as l (name, holder, held_until)
     values ($1, $2, clock_timestamp() + make_interval(secs => $3))
     on conflict (name) do update set holder = excluded.holder, held_until = excluded.held_until
     where l.held_until < clock_timestamp()`,
    [name, holder, leaseSeconds],
  );
  return rowCount === 1;
};

const hold = (pool: pg.Pool, name: string, holder: string): Lease => {
  const ended = new AbortController();
  const renewing = (async () => {
    while (!ended.signal.aborted) {
      await sleep(renewMs, undefined, { signal: ended.signal, ref: false }).catch(() => undefined);
      if (ended.signal.aborted) return;
      // A database that is away for a moment costs nothing while the lease lasts.
      await pool
        .query(
          "update ops.lease set held_until = clock_timestamp() + make_interval(secs => $3) where name = $1 and holder = $2",
          [name, holder, leaseSeconds],
        )
        .catch(() => undefined);
    }
  })();
  return {
    async release() {
      ended.abort();
      await renewing;
      await pool.query(
        `delete from ops.lease
         where (name = $1 and holder = $2) or held_until < clock_timestamp() - interval '1 day'`,
        [name, holder],
      );
    },
  };
};

/** Takes the lease if nobody has it, or only a process of this machine that has died. */
export const tryLease = async (pool: pg.Pool, name: string): Promise<Lease | undefined> => {
  const holder = JSON.stringify({ ...thisProcess, lease: randomUUID() });
  if (await take(pool, name, holder)) return hold(pool, name, holder);
  const { rows } = await pool.query<{ holder: string }>("select holder from ops.lease where name = $1", [
    name,
  ]);
  const before = rows[0]?.holder;
  if (before === undefined || !isGone(before)) return undefined;
  await pool.query("delete from ops.lease where name = $1 and holder = $2", [name, before]);
  return (await take(pool, name, holder)) ? hold(pool, name, holder) : undefined;
};

/** Does the work when nobody else does work of that name. @throws Failure `transient` where that takes too long. */
export const alone = async <T>(
  pool: pg.Pool,
  name: string,
  work: () => Promise<T>,
  waitMs = 120_000,
): Promise<T> => {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const lease = await tryLease(pool, name);
    if (lease)
      try {
        return await work();
      } finally {
        await lease.release();
      }
    if (performance.now() > deadline)
      throw new Failure({
        kind: "transient",
        message: `another process has worked at ${name} for ${String(waitMs / 1_000)} seconds`,
        remedy: "see what the other costper process is at; its hold ends 15 seconds after it does",
      });
    await sleep(lookMs * (0.5 + Math.random()));
  }
};
