import type pg from "pg";

/**
 * What a role or a database may have set would end a COPY that waits for a platform, or a rollup. For this transaction
 * alone: behind a pooler the connection is somebody else's afterwards.
 */
export const withoutLimits =
  "set local statement_timeout = 0; set local lock_timeout = 0; set local idle_in_transaction_session_timeout = 0; " +
  // Postgres 17 and newer know it.
  "select set_config('transaction_timeout', '0', true) where current_setting('transaction_timeout', true) <> '0'";

/** The beginning of every transaction, whatever the role has set. */
export const beginning = `begin isolation level read committed read write; ${withoutLimits}`;

/** Begins a transaction; one that reads alone sees one moment. */
export const begin = async (
  client: pg.ClientBase,
  kind: "writing" | "reading" = "writing",
): Promise<void> => {
  await client.query(
    kind === "writing" ? beginning : `begin isolation level repeatable read read only; ${withoutLimits}`,
  );
};

/** Runs `work` in one transaction on a connection of its own; any error rolls all of it back. */
export const inTransaction = async <T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> => {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await begin(client);
    const result = await work(client);
    await client.query("commit");
    return result;
  } catch (error) {
    // A connection on which even the rollback fails is thrown away, and the server rolls back by itself.
    await client.query("rollback").catch((cause: unknown) => (broken = cause as Error));
    throw error;
  } finally {
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

/** Makes the monthly partitions of `table` for every day of the range. */
export const ensurePartitions = async (
  client: pg.PoolClient | pg.Pool,
  tables: readonly string[],
  from: string,
  to: string,
): Promise<void> => {
  await client.query(
    `select warehouse.ensure_partition(t::regclass, m::date)
     from unnest($1::text[]) t,
          generate_series(date_trunc('month', $2::date), $3::date, interval '1 month') m`,
    [tables, from, to],
  );
};
