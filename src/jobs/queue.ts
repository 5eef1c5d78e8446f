import {
  type ConnectionOptions,
  createPostgresBackend,
  createRedisBackend,
  type Job as QueueEntry,
  Queue,
  runMigrations,
  type Telemetry,
  Worker,
} from "bullmq";
import type { Logger } from "pino";
import type { ServerPlace } from "../domain/server-url.ts";
import { openPostgresQueue } from "./queue/postgres.ts";
import { connectRedis, examineRedis } from "./queue/redis.ts";

/** What a job carries: only a pointer and what people want to see of it. Never a secret. */
export type Payload = Readonly<Record<string, unknown>>;

export type Handler = (entry: QueueEntry<Payload>, token: string) => Promise<void>;

/** How long a worker may be silent before its job is given to another. */
export interface Patience {
  readonly lockMs: number;
  readonly stalledMs: number;
}

export interface QueueOptions {
  /** Redis; undefined: the queue lives in Postgres. */
  readonly redisUrl: string | ServerPlace | undefined;
  /** The Postgres that carries the queue where there is no Redis. */
  readonly databaseUrl: string | ServerPlace;
  /** Tells installations apart that share one Redis. */
  readonly prefix: string;
  readonly log: Logger;
  readonly patience?: Patience;
  readonly telemetry?: Telemetry;
  /** Where connections are few and the queue lives in Postgres: how many for commands, beside one for each worker. */
  readonly connections?: number | undefined;
}

/** Queues of one backend. The same code runs on both. */
export interface Queues {
  readonly backend: "postgres" | "redis";
  queue(name: string): Queue<Payload>;
  worker(name: string, concurrency: number, handler: Handler): Worker<Payload>;
  /** @throws Failure that says where the queue is that does not answer. */
  check(): Promise<void>;
  close(): Promise<void>;
}

const defaultPatience: Patience = { lockMs: 30_000, stalledMs: 10_000 };

/** A worker that died gives its job back; how often that may happen is counted in the ledger. */
const maxStalledCount = 1_000_000;

/** How long a worker waits before it asks a server again that is not there. */
const awayMs = 3_000;

/** How long a failure that is said again and again is said only once. */
const repeatMs = 10_000;

/** Says what a queue suffers from, and each thing only now and then: its workers all meet the same. */
const sayErrors = (log: Logger, queue: string): ((error: Error) => void) => {
  const said = new Map<string, { at: number; since: number }>();
  return ({ message }) => {
    const before = said.get(message);
    const now = performance.now();
    if (before && now - before.at < repeatMs) {
      before.since += 1;
      return;
    }
    if (said.size > 50) said.clear();
    said.set(message, { at: now, since: 0 });
    log.warn(
      { queue, failure: message, ...(before && before.since > 0 && { repeated: before.since }) },
      "the queue is not well; trying again",
    );
  };
};

const closeMs = 2_000;

const bounded = async (closing: Promise<unknown>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([
    closing.catch(() => undefined),
    new Promise((done) => {
      timer = setTimeout(done, closeMs);
    }),
  ]);
  clearTimeout(timer);
};

interface Backend {
  readonly factory: typeof createRedisBackend;
  readonly connection: ConnectionOptions;
  readonly prefix: string;
  readonly skipVersionCheck?: boolean;
  readonly check: () => Promise<void>;
  readonly close: () => Promise<void>;
  /** Room for one more worker. */
  readonly grow: () => void;
}

const placeOf = (place: string | ServerPlace): ServerPlace =>
  typeof place === "string" ? { url: place } : place;

const postgresBackend = async ({ databaseUrl, connections, prefix, log }: QueueOptions): Promise<Backend> => {
  const { pool, client } = await openPostgresQueue(placeOf(databaseUrl), connections ?? 4, log);
  try {
    await runMigrations(client as unknown as Parameters<typeof runMigrations>[0], "bullmq");
  } finally {
    client.release();
  }
  return {
    factory: createPostgresBackend as unknown as typeof createRedisBackend,
    connection: pool as unknown as ConnectionOptions,
    prefix,
    check: async () => void (await pool.query("select 1 from migration limit 1")),
    close: () => pool.end(),
    // A worker keeps one connection to listen on.
    grow: () => void (pool.options.max += connections === undefined ? 2 : 1),
  };
};

const redisBackend = async (redis: string | ServerPlace, prefix: string): Promise<Backend> => {
  const place = placeOf(redis);
  const traits = await examineRedis(place, prefix);
  const connection = connectRedis(place, traits);
  return {
    factory: createRedisBackend,
    connection: connection as unknown as ConnectionOptions,
    prefix: traits.prefix,
    // Its version stands in INFO.
    skipVersionCheck: !traits.tellsInfo,
    check: async () => void (await examineRedis(place, prefix)),
    close: async () => connection.disconnect(),
    grow: () => undefined,
  };
};

/** Connections that the queue in Postgres takes where they are few, for so many workers. */
export const queueConnections = (workers: number): { readonly commands: number; readonly all: number } => ({
  commands: 2,
  all: workers + 2,
});

/** Opens the queues; connects to the server at once. @throws Failure where it does not answer. */
export const openQueues = async (options: QueueOptions): Promise<Queues> => {
  const { redisUrl, log } = options;
  const patience = options.patience ?? defaultPatience;
  const backend = await (redisUrl === undefined
    ? postgresBackend(options)
    : redisBackend(redisUrl, options.prefix));
  const shared = {
    connection: backend.connection,
    prefix: backend.prefix,
    ...(backend.skipVersionCheck && { skipVersionCheck: true }),
    ...(options.telemetry && { telemetry: options.telemetry }),
  };
  const queues = new Map<string, Queue<Payload>>();
  const speakers = new Map<string, (error: Error) => void>();
  const onError = (name: string) => {
    const speaker = speakers.get(name) ?? sayErrors(log, name);
    speakers.set(name, speaker);
    return speaker;
  };

  return {
    backend: redisUrl === undefined ? "postgres" : "redis",
    check: backend.check,
    queue(name) {
      let queue = queues.get(name);
      if (!queue) {
        queue = new Queue<Payload>(name, shared, backend.factory) as unknown as Queue<Payload>;
        queue.on("error", onError(name));
        queues.set(name, queue);
      }
      return queue;
    },
    worker(name, concurrency, handler) {
      backend.grow();
      const worker = new Worker<Payload>(
        name,
        (entry, token) => handler(entry as unknown as QueueEntry<Payload>, token ?? ""),
        {
          ...shared,
          concurrency,
          autorun: true,
          lockDuration: patience.lockMs,
          stalledInterval: patience.stalledMs,
          maxStalledCount,
          runRetryDelay: awayMs,
        },
        backend.factory,
      ) as unknown as Worker<Payload>;
      worker.on("error", onError(name));
      return worker;
    },
    async close() {
      // A worker that was cut off may never close its connection; the end of the process closes it.
      await bounded(Promise.all([...queues.values()].map((queue) => queue.close())));
      await bounded(backend.close());
    },
  };
};
