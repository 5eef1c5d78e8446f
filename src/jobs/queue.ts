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
import { Redis } from "ioredis";
import pg from "pg";
import type { Logger } from "pino";
import { Failure } from "../domain/failure.ts";

/** What a job carries: only a pointer and what people want to see of it. Never a secret. */
export type Payload = Readonly<Record<string, unknown>>;

export type Handler = (entry: QueueEntry<Payload>, token: string) => Promise<void>;

/** How long a worker may be silent before its job is given to another. */
export interface Patience {
  readonly lockMs: number;
  readonly stalledMs: number;
}

export interface QueueOptions {
  /** Redis; undefined: the queue lives in the database. */
  readonly redisUrl: string | undefined;
  readonly databaseUrl: string;
  /** Tells installations apart that share one Redis. */
  readonly prefix: string;
  readonly log: Logger;
  readonly patience?: Patience;
  readonly telemetry?: Telemetry;
  /** Connections for commands beside one for each worker, where the queue lives in the database. */
  readonly connections?: number;
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

/** Where the queue is, for people: never with its password. */
export const describeQueue = (url: string): string => {
  const { hostname, port } = new URL(url);
  return `${hostname}:${port || "6379"}`;
};

const unreachable = (url: string, error: unknown): Failure => {
  const { code, message } = error as Error & { code?: string };
  const refused = /WRONGPASS|NOAUTH|invalid (username|password)/i.test(message);
  return new Failure({
    kind: "transient",
    message: refused
      ? `the Redis at ${describeQueue(url)} refuses the user or password`
      : `no Redis answers at ${describeQueue(url)} (${code ?? message})`,
    remedy: refused
      ? "check user and password in `queue` of costper.yaml"
      : "check `queue` in costper.yaml, and that the server is up; without `queue` the database carries the jobs",
    cause: error,
  });
};

const redisConnection = (url: string): Redis => {
  const redis = new Redis(url, {
    maxRetriesPerRequest: null,
    enableReadyCheck: true,
    retryStrategy: (times) => Math.min(100 * 2 ** Math.min(times, 6), 3_000),
  });
  redis.on("error", () => undefined);
  return redis;
};

const pingRedis = async (url: string): Promise<void> => {
  const redis = new Redis(url, { lazyConnect: true, connectTimeout: 5_000, retryStrategy: () => null });
  // connect() itself says only that the connection was closed.
  let reason: Error | undefined;
  redis.on("error", (error) => (reason = error));
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    throw unreachable(url, reason ?? error);
  } finally {
    redis.disconnect();
  }
};

/**
 * A server that refuses at once (it starts up, shuts down, takes no connections) is asked again by every worker without
 * a pause: thousands of times a second. So a refusal takes its time.
 */
const refusalMs = 500;

class PatientClient extends pg.Client {
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

/** Opens the queues; connects to the server at once. @throws Failure where it does not answer. */
export const openQueues = async (options: QueueOptions): Promise<Queues> => {
  const { redisUrl, databaseUrl, log, prefix } = options;
  const patience = options.patience ?? defaultPatience;
  const commands = options.connections ?? 4;
  const closers: (() => Promise<void>)[] = [];
  let backend: {
    factory: typeof createRedisBackend;
    connection: ConnectionOptions;
    check: () => Promise<void>;
  };
  let pool: pg.Pool | undefined;

  if (redisUrl === undefined) {
    // A worker keeps one connection to listen on; the pool grows with them.
    const own = new pg.Pool({
      Client: PatientClient,
      connectionString: databaseUrl,
      max: commands,
      keepAlive: true,
      application_name: "costper queue",
      connectionTimeoutMillis: 10_000,
      options: "-c search_path=bullmq",
    });
    own.on("connect", (client) => client.on("error", () => undefined));
    own.on("error", (error) => log.debug({ err: error }, "a connection of the queue broke"));
    const client = await own.connect();
    try {
      await runMigrations(client as unknown as Parameters<typeof runMigrations>[0], "bullmq");
    } finally {
      client.release();
    }
    backend = {
      factory: createPostgresBackend as unknown as typeof createRedisBackend,
      connection: own as unknown as ConnectionOptions,
      check: async () => void (await own.query("select 1 from migration limit 1")),
    };
    pool = own;
    closers.push(() => own.end());
  } else {
    await pingRedis(redisUrl);
    const connection = redisConnection(redisUrl);
    backend = { factory: createRedisBackend, connection, check: () => pingRedis(redisUrl) };
    closers.push(async () => connection.disconnect());
  }

  const shared = {
    connection: backend.connection,
    prefix,
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
      if (pool) pool.options.max += 2;
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
      for (const close of closers.reverse()) await bounded(close());
    },
  };
};
