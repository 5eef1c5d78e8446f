import { pino } from "pino";
import { onTestFinished } from "vitest";
import { queuePrefix } from "../../src/jobs/installation.ts";
import { openQueues, type Queues } from "../../src/jobs/queue.ts";
import { type Database, openDatabase } from "../../src/warehouse/database.ts";
import { migrate } from "../../src/warehouse/migrate.ts";
import { createDatabase } from "../support/database.ts";
import { impatient } from "./pace.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";

export const backends = ["postgres", "redis"] as const;

export const silent = pino({ level: process.env["COSTPER_TEST_LOG"] ?? "silent" });

/** A migrated warehouse and queues of the given kind; closed when the test finishes. */
export const openBackend = async (
  kind: "postgres" | "redis",
  ownUrl?: string,
): Promise<{
  database: Database & { url: string };
  redisUrl: string | undefined;
  redis: RedisServer | undefined;
  queues: Queues;
}> => {
  // Every slice under way holds one connection and now and then needs a second.
  const { url, drop } =
    ownUrl === undefined ? await createDatabase() : { url: ownUrl, drop: async () => undefined };
  onTestFinished(drop);
  const database = { ...openDatabase(url, { connections: 32 }), url };
  onTestFinished(() => database.close());
  if (ownUrl !== undefined) await migrate(database);
  const redis = kind === "redis" ? await startRedis() : undefined;
  if (redis) onTestFinished(() => redis.stop());
  const queues = await openQueues({
    redisUrl: redis?.url,
    databaseUrl: database.url,
    prefix: await queuePrefix(database.pool),
    log: silent,
    patience: impatient,
  });
  onTestFinished(() => queues.close());
  return { database, redisUrl: redis?.url, redis, queues };
};
