import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { WarehouseClient } from "./connection/client.ts";
import { breakConnection } from "./lost-connections.ts";

/**
 * Settings for this transaction alone. A distributed warehouse hands them on to every node, with the whole text that a
 * `set` stands in: here each stands alone.
 */
export const setLocal = (settings: Readonly<Record<string, string>>): string =>
  `do $$ begin ${Object.entries(settings)
    .map(([name, value]) => `set local ${name} = '${value}';`)
    .join(" ")} end $$`;

/** Sets names that not every server knows, for this transaction alone; where a name is not known, nothing is set. */
export const setWhereKnown = (settings: Readonly<Record<string, string>>): string =>
  `select set_config(name, value, true) from (values ${Object.entries(settings)
    .map(([name, value]) => `('${name}', '${value}')`)
    .join(", ")}) as wanted (name, value) where current_setting(name, true) <> value`;

/** With it on, a left join of Citus 13.2 may give rows once for each shard. Off for the whole database once it is distributed. */
export const outerJoinPushdown = "citus.enable_recurring_outer_join_pushdown";

/**
 * What a role or a database may have set would end a COPY that waits for a platform, or a rollup. For this transaction
 * alone: behind a pooler the connection is somebody else's afterwards. A lock is waited for longer than the longest
 * answer of a platform may take, and not for ever: whoever holds it may stand still.
 */
export const withoutLimits =
  // A distributed warehouse (Citus) keeps settings of a transaction on the coordinator unless told, and its joins of
  // that kind repeat rows. Plain Postgres knows neither name. First, so that the nodes hear of what follows.
  // Postgres 17 and newer know the timeout of a transaction.
  `${setWhereKnown({
    "citus.propagate_set_commands": "local",
    [outerJoinPushdown]: "off",
    transaction_timeout: "0",
  })}; ` + setLocal({ statement_timeout: "0", lock_timeout: "2h", idle_in_transaction_session_timeout: "0" });

/** The beginning of every transaction, whatever the role has set. */
export const beginning = `begin isolation level read committed read write; ${withoutLimits}`;

/** Begins a transaction; one that reads alone sees one moment. */
export const begin = async (
  client: pg.ClientBase,
  kind: "writing" | "reading" = "writing",
  settings = "",
): Promise<void> => {
  const opening =
    kind === "writing" ? beginning : `begin isolation level repeatable read read only; ${withoutLimits}`;
  await client.query(settings === "" ? opening : `${opening}; ${settings}`);
};

/** How long a statement may go on when its work was told to stop, and how long a rollback may take. */
const stopMs = 3_000;
const rollbackMs = 5_000;

/** A connection of the pool, unless the signal aborts first: then it goes back when it comes. */
const connect = (pool: pg.Pool, signal: AbortSignal): Promise<pg.PoolClient> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    pool
      .connect()
      .then((client) => (signal.aborted ? client.release() : resolve(client)), reject)
      .finally(() => signal.removeEventListener("abort", onAbort));
  });

/** A statement that does not end, at a lock say, is hung up on soon after the signal. */
const hangUpOnAbort = (client: pg.PoolClient, signal: AbortSignal): (() => void) => {
  let timer: NodeJS.Timeout | undefined;
  const onAbort = (): void => void (timer = setTimeout(() => breakConnection(client), stopMs));
  signal.addEventListener("abort", onAbort, { once: true });
  return () => {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  };
};

const rollBack = async (client: pg.PoolClient): Promise<void> => {
  const rolledBack = new AbortController();
  try {
    await Promise.race([
      client.query("rollback"),
      sleep(rollbackMs, undefined, { signal: rolledBack.signal }).then(() => {
        throw new Error("the database does not answer");
      }),
    ]);
  } finally {
    rolledBack.abort();
  }
};

export interface TransactionOptions {
  /** Of this transaction alone, set with its beginning. */
  readonly settings?: string;
  /** The same few statements are asked in many such transactions: a connection plans them once. */
  readonly repeats?: boolean;
}

/**
 * Runs `work` in one transaction on a connection of its own; any error rolls all of it back. `signal`: the work ends
 * within seconds of it, whatever its statement waits for.
 */
export const inTransaction = async <T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
  signal?: AbortSignal,
  { settings = "", repeats = false }: TransactionOptions = {},
): Promise<T> => {
  signal?.throwIfAborted();
  const client = await (signal ? connect(pool, signal) : pool.connect());
  const unwatch = signal && hangUpOnAbort(client, signal);
  let broken: Error | undefined;
  try {
    await begin(client, "writing", settings);
    if (client instanceof WarehouseClient) client.repeats = repeats;
    const result = await work(client);
    await client.query("commit");
    return result;
  } catch (error) {
    // A connection on which even the rollback fails is thrown away, and the server rolls back by itself.
    await rollBack(client).catch((cause: unknown) => (broken = cause as Error));
    throw error;
  } finally {
    unwatch?.();
    if (client instanceof WarehouseClient) client.repeats = false;
    client.release(broken);
  }
};

/** Waits until no other transaction holds the account for this purpose; released at the end of the transaction. */
export const lockAccount = async (
  client: pg.PoolClient,
  purpose: "publish" | "rollup",
  accountKey: number,
): Promise<void> => {
  await client.query("select ops.hold('costper.' || $1, $2)", [purpose, accountKey]);
};

/** How long a month counts as made: somebody may drop it, and the next attempt makes it again. */
const madeMs = 1_000;

/** When each pool last made sure of the months of some tables. */
const made = new WeakMap<pg.Pool, Map<string, number>>();

/** Makes the monthly partitions of the tables for every day of the range. */
export const ensurePartitions = async (
  client: pg.PoolClient | pg.Pool,
  tables: readonly string[],
  from: string,
  to: string,
): Promise<void> => {
  const months = [from.slice(0, 7), to.slice(0, 7), ...tables].join(" ");
  // What a transaction makes may be rolled back.
  const known = client instanceof pg.Pool ? (made.get(client) ?? new Map<string, number>()) : undefined;
  if (performance.now() - (known?.get(months) ?? -Infinity) < madeMs) return;
  await client.query(
    `select warehouse.ensure_partition(t::regclass, m::date)
     from unnest($1::text[]) t,
          generate_series(date_trunc('month', $2::date), $3::date, interval '1 month') m`,
    [tables, from, to],
  );
  if (known && client instanceof pg.Pool) made.set(client, known.set(months, performance.now()));
};
