import {
  CompiledQuery,
  type DatabaseConnection,
  Kysely,
  PostgresAdapter,
  PostgresDialect,
  PostgresDriver,
  type TransactionSettings,
} from "kysely";
import pg from "pg";
import type { ServerPlace } from "../domain/server-url.ts";
import { connectionFailure } from "./connection/check.ts";
import { WarehouseClient } from "./connection/client.ts";
import { WarehousePool } from "./connection/pool.ts";
import { connectionSettings } from "./connection/settings.ts";
import { watchConnections } from "./lost-connections.ts";
import { withoutLimits } from "./transaction.ts";
import type { DB } from "./schema.ts";

/** A pool on the warehouse and the typed query builder over it. */
export interface Database {
  readonly db: Kysely<DB>;
  /** For COPY and transactions written as SQL, which need a connection of their own. */
  readonly pool: pg.Pool;
  close(): Promise<void>;
}

// A `date` parsed as a Date shifts by the host's zone: days stay text. So do numeric and int8, by pg's default.
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: "text" | "binary") =>
    oid === pg.types.builtins.DATE
      ? (text: string) => text
      : pg.types.getTypeParser(oid, format as "text")) as typeof pg.types.getTypeParser,
};

/** Transactions of the query builder begin as all others do. */
class WarehouseDriver extends PostgresDriver {
  override async beginTransaction(
    connection: DatabaseConnection,
    settings: TransactionSettings,
  ): Promise<void> {
    const { isolationLevel = "read committed", accessMode = "read write" } = settings;
    await connection.executeQuery(
      CompiledQuery.raw(
        `start transaction isolation level ${isolationLevel} ${accessMode}; ${withoutLimits}`,
      ),
    );
  }
}

/** The migrator's own lock is one of the session; `migrate` takes one of the transaction. */
class WarehouseAdapter extends PostgresAdapter {
  override acquireMigrationLock(): Promise<void> {
    return Promise.resolve();
  }

  override releaseMigrationLock(): Promise<void> {
    return Promise.resolve();
  }
}

class WarehouseDialect extends PostgresDialect {
  readonly #config: { readonly pool: pg.Pool };

  constructor(config: { readonly pool: pg.Pool }) {
    super(config);
    this.#config = config;
  }

  override createDriver(): PostgresDriver {
    return new WarehouseDriver(this.#config);
  }

  override createAdapter(): PostgresAdapter {
    return new WarehouseAdapter();
  }
}

/** A statement that hangs holds its connection; the end of the process ends that. */
const closeMs = 2_000;

const closeInTime = async (db: Kysely<DB>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([db.destroy(), new Promise((done) => (timer = setTimeout(done, closeMs)))]);
  clearTimeout(timer);
};

/** Opens the pool; connects on first use. @throws Failure where the URL or a file of certificates cannot be read. */
export const openDatabase = (
  place: string | ServerPlace,
  options: { readonly connections?: number } = {},
): Database => {
  const pool = new WarehousePool({
    Client: WarehouseClient,
    ...connectionSettings(typeof place === "string" ? { url: place } : place),
    max: options.connections ?? 12,
    connectionTimeoutMillis: 10_000,
    application_name: "costper",
    types,
  });
  // An idle connection that breaks (a restarted server) is replaced by the pool at the next use.
  pool.on("error", () => undefined);
  watchConnections(pool);
  const db = new Kysely<DB>({ dialect: new WarehouseDialect({ pool }) });
  return { db, pool, close: () => closeInTime(db) };
};

/**
 * Makes sure that the database answers.
 * @throws Failure that says whether the host, TLS, the password or the database is wrong.
 */
export const checkDatabase = async (database: Database, place: string | ServerPlace): Promise<void> => {
  try {
    await database.pool.query("select 1");
  } catch (error) {
    throw await connectionFailure(typeof place === "string" ? { url: place } : place, error);
  }
};
