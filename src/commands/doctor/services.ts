import { Redis } from "ioredis";
import type { Warehouse } from "../../app.ts";
import type { Database } from "../../warehouse/database.ts";
import { migrationStatus } from "../../warehouse/migrate.ts";
import { type Check, failed, ok } from "./checks.ts";

const checkVersion = async ({ pool }: Database, where: string): Promise<Check> => {
  const { rows } = await pool.query<{ number: string; version: string }>(
    "select current_setting('server_version_num') as number, current_setting('server_version') as version",
  );
  const version = rows[0]?.version ?? "";
  return Number(rows[0]?.number) >= 150_000
    ? ok("database", `PostgreSQL ${version} at ${where}`)
    : {
        check: "database",
        outcome: "failed",
        message: `PostgreSQL ${version} at ${where} is too old`,
        remedy: "use PostgreSQL 15 or newer",
      };
};

const checkSchema = async (database: Database): Promise<Check> => {
  const pending = (await migrationStatus(database)).filter(({ appliedAt }) => appliedAt === undefined);
  return pending.length === 0
    ? ok("schema", "up to date")
    : {
        check: "schema",
        outcome: "warning",
        message: `${String(pending.length)} steps are not applied`,
        remedy: "run costper migrate; costper sync does so too",
      };
};

/** The database: its version and the state of the schema. @returns whether both are as they should be. */
export async function* checkWarehouse({ database, where }: Warehouse): AsyncGenerator<Check, boolean> {
  let subject = "database";
  try {
    const version = await checkVersion(database, where);
    yield version;
    subject = "schema";
    const schema = await checkSchema(database);
    yield schema;
    return version.outcome === "ok" && schema.outcome === "ok";
  } catch (error) {
    yield failed(subject, error);
    return false;
  }
}

const describeRedis = (url: string): string => {
  const { hostname, port } = new URL(url);
  return `${hostname}:${port || "6379"}`;
};

/** Redis: whether it answers, and whether it would throw jobs away when its memory is full. */
export const checkQueue = async (url: string): Promise<Check> => {
  const where = describeRedis(url);
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: 5_000,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  // The promise of connect() says it too; without a listener the event would end the process.
  let reason = "";
  redis.on("error", (error: Error & { code?: string }) => (reason = error.code ?? error.message));
  try {
    await redis.connect();
    // A managed Redis may refuse CONFIG: then its policy stays unknown.
    const policy = await redis.config("GET", "maxmemory-policy").then(
      (answer) => (answer as string[])[1],
      () => undefined,
    );
    if (policy !== undefined && policy !== "noeviction")
      return {
        check: "queue",
        outcome: "warning",
        message: `Redis at ${where} has maxmemory-policy ${policy}: it may drop jobs`,
        remedy: "set maxmemory-policy noeviction",
      };
    return ok("queue", `Redis at ${where}`);
  } catch (error) {
    const { message } = error as Error;
    const refused = /WRONGPASS|NOAUTH|invalid (username|password)/i.test(`${reason} ${message}`);
    return {
      check: "queue",
      outcome: "failed",
      message: refused
        ? `Redis at ${where} refuses the user or password`
        : `no Redis answers at ${where} (${reason || message})`,
      remedy: refused ? "check the password in `queue`" : "check `queue`, and that the server is up",
    };
  } finally {
    redis.disconnect();
  }
};
