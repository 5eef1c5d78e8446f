import pg from "pg";
import type { Logger } from "pino";
import { Failure } from "../../domain/failure.ts";
import type { ServerPlace } from "../../domain/server-url.ts";
import { connectionFailure } from "../../warehouse/connection/check.ts";
import { WarehouseClient } from "../../warehouse/connection/client.ts";
import { connectionSettings, describeUrl } from "../../warehouse/connection/settings.ts";

/**
 * A server that refuses at once (it starts up, shuts down, takes no connections) is asked again by every worker without
 * a pause: thousands of times a second. So a refusal takes its time.
 */
const refusalMs = 500;

class PatientClient extends WarehouseClient {
  override connect(): Promise<pg.Client>;
  override connect(done: ((error: Error) => void) | ((error: null, client: pg.Client) => void)): void;
  override connect(done?: (error: never, client: never) => void): Promise<pg.Client> | void {
    if (!done) return super.connect();
    super.connect((error: Error | null, client?: pg.Client) => {
      if (error) setTimeout(done, refusalMs, error);
      else done(null as never, client as never);
    });
  }
}

/** The queue's statements name no schema, so its connections do. */
const settingsOf = (place: ServerPlace): pg.ClientConfig => {
  const settings = connectionSettings(place);
  return {
    ...settings,
    options: `${settings.options ? `${settings.options} ` : ""}-c search_path=bullmq`,
    keepAlive: true,
    application_name: "costper queue",
    connectionTimeoutMillis: 10_000,
  };
};

const pooled = (place: ServerPlace, cause?: unknown): Failure =>
  new Failure({
    kind: "request",
    message: `the queue cannot go through the connection pooler at ${describeUrl(place.url)}: its workers listen on connections of their own`,
    remedy:
      "set `queue` to a postgres:// URL that reaches the server itself (Supabase: the direct connection or the session pooler's host with port 5432; Neon: the host without -pooler; PgBouncer: the server behind it), or to Redis; `database` may stay on the pooler",
    cause,
  });

/**
 * Behind a pooler the process that answers is not the one that the connection was told of; what was set when it began
 * may be gone; or it refuses to be told a search path at all.
 */
const refusePooler = async (client: pg.ClientBase, place: ServerPlace): Promise<void> => {
  const { rows } = await client.query<{ pid: number; path: string }>(
    "select pg_backend_pid() as pid, current_setting('search_path') as path",
  );
  const { processID } = client as unknown as { processID: number | null };
  if (rows[0]?.pid !== processID || rows[0]?.path !== "bullmq") throw pooled(place);
};

const refusalOf = async (place: ServerPlace, error: unknown): Promise<Failure> => {
  // A pooler takes no options with the startup: a protocol violation (08P01) in its words.
  if ((error as { code?: string }).code === "08P01") return pooled(place, error);
  const failure = await connectionFailure(place, error);
  const { message, remedy } = failure;
  // A server that is away comes back, and the queue with it.
  return new Failure({ kind: "transient", message, remedy, cause: error });
};

/** @throws Failure: `request` where a pooler stands between, else `transient` with what is wrong. */
export const checkPostgresQueue = async (place: ServerPlace): Promise<void> => {
  const client = new WarehouseClient(settingsOf(place));
  client.on("error", () => undefined);
  try {
    await client.connect();
    await refusePooler(client, place);
  } catch (error) {
    throw error instanceof Failure ? error : await refusalOf(place, error);
  } finally {
    await client.end().catch(() => undefined);
  }
};

/** The queue's own pool, known to reach a server directly. */
export const openPostgresQueue = async (
  place: ServerPlace,
  connections: number,
  log: Logger,
): Promise<{ readonly pool: pg.Pool; readonly client: pg.PoolClient }> => {
  const pool = new pg.Pool({ Client: PatientClient, ...settingsOf(place), max: connections });
  // Every queue and every worker listens to it: many are no leak.
  pool.setMaxListeners(0);
  pool.on("connect", (client) => client.on("error", () => undefined));
  pool.on("error", (error) => log.debug({ err: error }, "a connection of the queue broke"));
  let client: pg.PoolClient | undefined;
  try {
    client = await pool.connect();
    await refusePooler(client, place);
    return { pool, client };
  } catch (error) {
    client?.release(true);
    await pool.end().catch(() => undefined);
    throw error instanceof Failure ? error : await refusalOf(place, error);
  }
};
