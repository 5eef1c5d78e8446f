import type { Warehouse } from "../../app.ts";
import type { ServerPlace } from "../../domain/server-url.ts";
import { checkPostgresQueue } from "../../jobs/queue/postgres.ts";
import { describeQueue, examineRedis } from "../../jobs/queue/redis.ts";
import { describeUrl } from "../../warehouse/connection/settings.ts";
import type { Database } from "../../warehouse/database.ts";
import { migrationStatus } from "../../warehouse/migrate.ts";
import { placeWords, readLayout } from "../../warehouse/layout.ts";
import { outerJoinPushdown } from "../../warehouse/transaction.ts";
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

/** Some poolers drop what a session begins with: then the role itself has to say how days are written. */
async function* checkStyle({ pool }: Database): AsyncGenerator<Check> {
  const { rows } = await pool.query<{ style: string; escapes: string; me: string }>(
    `select current_setting('DateStyle') as style, current_setting('standard_conforming_strings') as escapes,
            quote_ident(current_user) as me`,
  );
  const [found] = rows;
  if (found && (!found.style.startsWith("ISO") || found.escapes !== "on"))
    yield {
      check: "database",
      outcome: "failed",
      message: `the pooler gives sessions DateStyle ${found.style}, standard_conforming_strings ${found.escapes}`,
      remedy: `alter role ${found.me} set DateStyle = 'ISO'; alter role ${found.me} set standard_conforming_strings = on`,
    };
}

/** Whether the warehouse lies on one server or on several, and each table where it belongs. */
async function* checkPlaces(database: Database): AsyncGenerator<Check> {
  const { citus, workers, shards, repeatsJoins, tables } = await readLayout(database);
  if (shards === undefined) {
    yield ok(
      "placement",
      citus === undefined ? "plain: one server" : `plain: Citus ${citus} is there, nothing is distributed`,
    );
    return;
  }
  yield ok(
    "placement",
    `distributed over ${String(workers)} nodes in ${String(shards)} shards (Citus ${citus ?? ""})`,
  );
  if (repeatsJoins)
    yield {
      check: "placement",
      outcome: "warning",
      message: `${outerJoinPushdown} is on here: left joins of analysts may repeat rows`,
      remedy: "run costper migrate --distribute as the database's owner",
    };
  for (const { table, belongs, is } of tables)
    if (belongs !== is)
      yield {
        check: "placement",
        outcome: "warning",
        message: `${table} is ${is === undefined ? "distributed in another way" : placeWords[is]}, and belongs ${placeWords[belongs]}`,
        remedy: "run costper migrate --distribute",
      };
}

/** The database: its version and the state of the schema. @returns whether both are as they should be. */
export async function* checkWarehouse({ database, where }: Warehouse): AsyncGenerator<Check, boolean> {
  let subject = "database";
  try {
    const version = await checkVersion(database, where);
    yield version;
    yield* checkStyle(database);
    subject = "schema";
    const schema = await checkSchema(database);
    yield schema;
    if (schema.outcome === "ok") yield* checkPlaces(database);
    return version.outcome === "ok" && schema.outcome === "ok";
  } catch (error) {
    yield failed(subject, error);
    return false;
  }
}

/** A queue in Postgres: whether it reaches the server itself. */
export const checkQueueInPostgres = async (place: ServerPlace): Promise<Check> => {
  try {
    await checkPostgresQueue(place);
    return ok("queue", `PostgreSQL at ${describeUrl(place.url)}`);
  } catch (error) {
    return failed("queue", error);
  }
};

/**
 * Redis: whether it answers and lets its user do what the queue does, and whether it would throw jobs away when its
 * memory is full. Without a prefix, one as installations have it.
 */
export const checkQueue = async (
  place: string | ServerPlace,
  prefix = "costper-00000000",
): Promise<Check> => {
  const server = typeof place === "string" ? { url: place } : place;
  try {
    const { evictionPolicy, isCluster } = await examineRedis(server, prefix);
    const where = `Redis${isCluster ? " Cluster" : ""} at ${describeQueue(server.url)}`;
    // A managed Redis may refuse CONFIG: then its policy stays unknown.
    if (evictionPolicy !== undefined && evictionPolicy !== "noeviction")
      return {
        check: "queue",
        outcome: "warning",
        message: `${where} has maxmemory-policy ${evictionPolicy}: it may drop jobs`,
        remedy: "set maxmemory-policy noeviction",
      };
    return ok("queue", where);
  } catch (error) {
    const check = failed("queue", error);
    return { ...check, message: check.message.replace(/^the /, "") };
  }
};
