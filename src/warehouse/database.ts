import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { Failure } from "../domain/failure.ts";
import { watchConnections } from "./lost-connections.ts";
import type { DB } from "./schema.ts";

/** A pool on the warehouse and the typed query builder over it. */
export interface Database {
  readonly db: Kysely<DB>;
  /** For COPY and session locks, which need a connection of their own. */
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

/** A statement that hangs holds its connection; the end of the process ends that. */
const closeMs = 2_000;

const closeInTime = async (db: Kysely<DB>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([db.destroy(), new Promise((done) => (timer = setTimeout(done, closeMs)))]);
  clearTimeout(timer);
};

/** Opens the pool; connects on first use. */
export const openDatabase = (url: string, options: { readonly connections?: number } = {}): Database => {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.connections ?? 12,
    connectionTimeoutMillis: 10_000,
    application_name: "costper",
    types,
  });
  // An idle connection that breaks (a restarted server) is replaced by the pool at the next use.
  pool.on("error", () => undefined);
  watchConnections(pool);
  const db = new Kysely<DB>({ dialect: new PostgresDialect({ pool }) });
  return { db, pool, close: () => closeInTime(db) };
};

/** Where the database is, for people: never with its password. */
export const describeUrl = (url: string): string => {
  try {
    const { hostname, port, pathname } = new URL(url);
    return `${hostname}:${port || "5432"}${pathname}`;
  } catch {
    return "the database (its URL cannot be read)";
  }
};

/**
 * Makes sure that the database answers.
 * @throws Failure that says whether the host, the password or the database is wrong.
 */
export const checkDatabase = async (database: Database, url: string): Promise<void> => {
  try {
    await database.pool.query("select 1");
  } catch (error) {
    const code = (error as { code?: string }).code;
    const where = describeUrl(url);
    const [message, remedy] =
      code === "28P01" || code === "28000"
        ? [`the database at ${where} refuses the user or password`, "check user and password in `database`"]
        : code === "3D000"
          ? [`the server at ${where} has no such database`, "create it, or correct its name in `database`"]
          : [
              `no database answers at ${where} (${code ?? (error as Error).message})`,
              "check `database`, and that the server is up",
            ];
    throw new Failure({ kind: "request", message, remedy, cause: error });
  }
};
