import { randomBytes } from "node:crypto";
import { pino } from "pino";
import { onTestFinished } from "vitest";
import { openQueues, type Patience, type Queues } from "../../src/jobs/queue.ts";
import { type Database, openDatabase } from "../../src/warehouse/database.ts";
import { createDatabase } from "../support/database.ts";
import { hasRedis, startRedis } from "../support/redis-server.ts";

export const backends: readonly ("postgres" | "redis")[] = hasRedis() ? ["postgres", "redis"] : ["postgres"];

export const silent = pino({ level: process.env["COSTPER_TEST_LOG"] ?? "silent" });

/** Lost workers are noticed within a second or two. */
export const impatient: Patience = { lockMs: 1_500, stalledMs: 500 };

/** A migrated warehouse and queues of the given kind; closed when the test finishes. */
export const openBackend = async (
  kind: "postgres" | "redis",
): Promise<{
  database: Database & { url: string };
  redisUrl: string | undefined;
  queues: Queues;
}> => {
  // Every slice under way holds one connection and now and then needs a second.
  const { url, drop } = await createDatabase();
  onTestFinished(drop);
  const database = { ...openDatabase(url, { connections: 32 }), url };
  onTestFinished(() => database.close());
  const redis = kind === "redis" ? await startRedis() : undefined;
  if (redis) onTestFinished(() => redis.stop());
  const queues = await openQueues({
    redisUrl: redis?.url,
    databaseUrl: database.url,
    prefix: `test-${randomBytes(4).toString("hex")}`,
    log: silent,
    patience: impatient,
  });
  onTestFinished(() => queues.close());
  return { database, redisUrl: redis?.url, queues };
};
