import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import type { Config } from "../config.ts";
import { queueOf } from "../config/servers.ts";
import type { ServerPlace } from "../domain/server-url.ts";
import { asFailure, Failure } from "../domain/failure.ts";
import { openQueues, type QueueOptions, type Queues } from "./queue.ts";

/** Tells the jobs of this warehouse from those of another that shares the Redis. */
export const queuePrefix = async (pool: pg.Pool): Promise<string> => {
  const { rows } = await pool.query<{ id: string }>(
    "select installation_id::text as id from ops.installation order by created_at limit 1",
  );
  const id = rows[0]?.id;
  if (id === undefined)
    throw new Failure({
      kind: "request",
      message: "the warehouse has lost its installation id",
      remedy: "insert a row into ops.installation (insert into ops.installation default values)",
    });
  return `costper-${id.slice(0, 8)}`;
};

/** Which server carries the queue of a config: Redis, a Postgres of its own, or the database. */
export const queueServer = (
  config: Pick<Config, "queue" | "folder">,
  database: ServerPlace,
): Pick<QueueOptions, "redisUrl" | "databaseUrl"> => {
  const own = queueOf(config);
  return own?.kind === "redis"
    ? { redisUrl: own.place, databaseUrl: database }
    : { redisUrl: undefined, databaseUrl: own?.place ?? database };
};

/** Opens the queues, however long their server is away: says so each time, and tries again. */
export const openQueuesWhenUp = async (
  options: QueueOptions & { readonly signal: AbortSignal; readonly retryMs?: number },
): Promise<Queues> => {
  for (let wait = options.retryMs ?? 1_000; ; wait = Math.min(wait * 2, 30_000)) {
    options.signal.throwIfAborted();
    try {
      return await openQueues(options);
    } catch (error) {
      const failure = asFailure(error);
      // What only a person can mend does not mend itself.
      if (failure.kind === "request") throw failure;
      options.log.error(
        { failure: failure.message, remedy: failure.remedy, retryMs: wait },
        "the queue does not answer; trying again",
      );
      await sleep(wait, undefined, { signal: options.signal });
    }
  }
};
