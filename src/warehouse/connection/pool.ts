import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { WarehouseClient } from "./client.ts";

type Done = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  release: (error?: unknown) => void,
) => void;

/** Too many connections: for the role, the database or the server, as Postgres and PgBouncer say it. */
const isCrowded = (error: unknown): boolean => (error as { code?: string }).code === "53300";

/** How long a connection is waited for that others hold. */
const patienceMs = 15_000;

const pauseMs = 250;

/**
 * A pool that lives with fewer connections than it was made for: where the server allows this role no more, it goes on
 * with those that it has.
 */
export class WarehousePool extends pg.Pool {
  override connect(): Promise<pg.PoolClient>;
  override connect(done: Done): void;
  override connect(done?: Done): Promise<pg.PoolClient> | void {
    return done ? void this.#callBack(done) : this.#connect();
  }

  async #callBack(done: Done): Promise<void> {
    const given = await this.#connect().catch((error: unknown) => error as Error);
    // What the caller throws is no refusal of ours.
    process.nextTick(() => {
      if (given instanceof Error) done(given, undefined, () => undefined);
      else done(undefined, given, (error) => given.release(error as Error));
    });
  }

  async #greet(client: WarehouseClient & pg.PoolClient): Promise<void> {
    try {
      await client.compareProcess();
    } catch (error) {
      client.release(error as Error);
      throw error;
    }
  }

  async #connect(): Promise<pg.PoolClient> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const isFull = this.totalCount >= this.options.max && this.idleCount === 0;
      try {
        const client = await super.connect();
        if (client instanceof WarehouseClient) await this.#greet(client);
        return client;
      } catch (error) {
        if (this.ending || performance.now() > deadline) throw error;
        // Its turn has not come yet: the driver has no code for that.
        if (isFull && (error as { code?: string }).code === undefined) continue;
        if (!isCrowded(error)) throw error;
        // Whoever waits now gets one of those that are open.
        if (this.totalCount > 0) this.options.max = Math.min(this.options.max, this.totalCount);
        await sleep(pauseMs * (0.5 + Math.random()));
      }
    }
  }
}

const gates = new WeakMap<pg.Pool, Gate>();

/** Connections that must stay free for the short questions that those ask who hold one in a long transaction. */
const reservedOf = (max: number): number => Math.max(2, Math.ceil(max / 4));

class Gate {
  readonly #pool: pg.Pool;
  #inside = 0;
  readonly #waiting = new Set<() => void>();

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    while (this.#inside >= Math.max(1, this.#pool.options.max - reservedOf(this.#pool.options.max)))
      await this.#turn(signal);
    this.#inside += 1;
    return () => {
      this.#inside -= 1;
      const next = this.#waiting.values().next().value;
      next?.();
    };
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.#waiting.delete(called);
        signal.removeEventListener("abort", aborted);
      };
      const called = (): void => {
        settle();
        resolve();
      };
      const aborted = (): void => {
        settle();
        reject(signal.reason as Error);
      };
      this.#waiting.add(called);
      signal.addEventListener("abort", aborted, { once: true });
    });
  }
}

/**
 * Runs work that holds a connection while a platform answers, when there is one to spare: as many at once as leave some
 * for the short questions that the work itself asks of the same pool.
 */
export const holdingConnection = async <T>(
  pool: pg.Pool,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> => {
  let gate = gates.get(pool);
  if (!gate) gates.set(pool, (gate = new Gate(pool)));
  const leave = await gate.enter(signal);
  try {
    return await work();
  } finally {
    leave();
  }
};
