import { Cluster, Redis } from "ioredis";
import { certificateFault, isUnknownAuthority } from "../../domain/certificate.ts";
import { Failure } from "../../domain/failure.ts";
import { readServerUrl, redisProtocols, type ServerPlace } from "../../domain/server-url.ts";
import { readCertificate } from "../../warehouse/connection/settings.ts";
import { neededCommands, onKey } from "./redis-commands.ts";

/** Where the queue is, for people: never with its password. */
export const describeQueue = (text: string): string => {
  const url = readServerUrl(text, redisProtocols);
  return url ? `${url.hostname}:${url.port || "6379"}` : "the queue (its URL cannot be read)";
};

interface Options {
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
  readonly db?: number;
  readonly family?: number;
  readonly tls?: { readonly ca?: string };
}

const optionsOf = ({ url: text, password, ca }: ServerPlace): Options => {
  const url = readServerUrl(text, redisProtocols) ?? new URL("redis://localhost");
  const secret = decodeURIComponent(url.password) || url.searchParams.get("password") || password;
  const username = decodeURIComponent(url.username) || url.searchParams.get("username");
  const family = url.searchParams.get("family");
  const db = Number(url.pathname.slice(1) || url.searchParams.get("db") || "0");
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1") || "localhost",
    port: Number(url.port || "6379"),
    ...(username && { username }),
    ...(secret && { password: secret }),
    ...(db > 0 && { db }),
    ...(family && { family: Number(family) }),
    ...(url.protocol === "rediss:" && {
      tls: ca === undefined ? {} : { ca: readCertificate(ca, "queue.ca") },
    }),
  };
};

const unreachable = (url: string, error: unknown): Failure => {
  const { code, message } = error as Error & { code?: string };
  const where = describeQueue(url);
  const fault = certificateFault(error);
  if (fault !== undefined)
    return new Failure({
      kind: "transient",
      message: `the certificate of the Redis at ${where} ${fault} (${code ?? ""})`,
      remedy: isUnknownAuthority(error)
        ? "name the authority's certificate: `queue: { url, ca: FILE }`, or NODE_EXTRA_CA_CERTS=FILE in the environment"
        : "renew or replace the server's certificate, or connect by the name that it was made for",
      cause: error,
    });
  // The first word of Redis's answer is its code.
  const refused = /WRONGPASS|NOAUTH|invalid (username|password)/i.test(message);
  return new Failure({
    kind: "transient",
    message: refused
      ? `the Redis at ${where} refuses the user or password`
      : `no Redis answers at ${where} (${code ?? message})`,
    remedy: refused
      ? "check user and password in `queue` of costper.yaml"
      : "check `queue` in costper.yaml, and that the server is up; without `queue` the database carries the jobs",
    cause: error,
  });
};

/** What a Redis is like, as its user may see it. */
export interface RedisTraits {
  readonly isCluster: boolean;
  /** Whether INFO is allowed, which belongs to `@dangerous`. */
  readonly tellsInfo: boolean;
  /** Undefined where CONFIG is not allowed. */
  readonly evictionPolicy: string | undefined;
  /** What its keys begin with: in a cluster the braces keep them on one node. */
  readonly prefix: string;
}

const isNotPermitted = (error: unknown): boolean =>
  (error as Error | null)?.message?.startsWith("NOPERM") ?? false;

/** Commands that the user may not run on our keys, in lower case; all of them where it may not touch the keys. */
const refusedCommands = async (redis: Redis, prefix: string): Promise<readonly string[]> => {
  const key = `${prefix}:probe`;
  // Of this type all commands but those of strings go wrong, so that none of them writes.
  const commands = [["set", key, "probe", "px", "5000"], ...neededCommands(key), ["del", key]];
  const answers = (await redis.pipeline(commands).exec()) ?? [];
  return answers.flatMap(([error], index) => (isNotPermitted(error) ? [commands[index]?.[0] ?? ""] : []));
};

const notPermitted = async (
  redis: Redis,
  place: ServerPlace,
  prefix: string,
): Promise<Failure | undefined> => {
  const refused = await refusedCommands(redis, prefix);
  if (refused.length === 0) return undefined;
  const user = redis.options.username ?? "default";
  const isKeys = refused.length >= onKey.length;
  return new Failure({
    kind: "request",
    message: isKeys
      ? `the Redis user ${user} at ${describeQueue(place.url)} may not use the queue's keys, which begin with ${prefix}:`
      : `the Redis user ${user} at ${describeQueue(place.url)} may not run ${refused.join(", ")} on the keys of ${prefix}:`,
    remedy: isKeys
      ? `let it: ACL SETUSER ${user} ~${prefix}:* +@read +@write +@blocking +@scripting +@transaction +@connection`
      : `let it: ACL SETUSER ${user} ~${prefix}:* ${[...new Set(refused)].map((name) => `+${name}`).join(" ")}`,
  });
};

const fieldOf = (answer: unknown, name: string): string | undefined => {
  const fields = Array.isArray(answer)
    ? (answer as unknown[]).map(String)
    : Object.entries((answer ?? {}) as Record<string, unknown>).flatMap(([key, value]) => [
        key,
        String(value),
      ]);
  const at = fields.indexOf(name);
  return at < 0 ? undefined : fields[at + 1];
};

/** Asks a Redis what it is and what its user may do. @throws Failure that says what is wrong, never the password. */
export const examineRedis = async (place: ServerPlace, prefix: string): Promise<RedisTraits> => {
  let redis: Redis | undefined;
  // connect() itself says only that the connection was closed.
  let reason: Error | undefined;
  try {
    redis = new Redis({
      ...optionsOf(place),
      lazyConnect: true,
      enableReadyCheck: false,
      connectTimeout: 5_000,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
    });
    redis.on("error", (error) => (reason = error));
    await redis.connect();
    await redis.ping().catch((error: unknown) => {
      if (!isNotPermitted(error)) throw error;
    });
    // Older servers and some proxies do not know it.
    const hello = await redis.call("hello").catch(() => undefined);
    const isCluster = fieldOf(hello, "mode") === "cluster";
    const keys = isCluster ? `{${prefix}}` : prefix;
    const failure = await notPermitted(redis, place, keys);
    if (failure) throw failure;
    const policy = await redis.config("GET", "maxmemory-policy").catch(() => undefined);
    return {
      isCluster,
      prefix: keys,
      tellsInfo: await redis.info().then(
        () => true,
        (error: unknown) => !isNotPermitted(error),
      ),
      evictionPolicy: fieldOf(policy, "maxmemory-policy"),
    };
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw unreachable(place.url, reason ?? error);
  } finally {
    redis?.disconnect();
  }
};

const retryMs = (times: number): number => Math.min(100 * 2 ** Math.min(times, 6), 3_000);

/** The connection that the queues share; a worker makes one more of it to wait on. */
export const connectRedis = (place: ServerPlace, { isCluster, tellsInfo }: RedisTraits): Redis | Cluster => {
  const options = optionsOf(place);
  const shared = { maxRetriesPerRequest: null, enableReadyCheck: tellsInfo } as const;
  const { host, port, db: _, ...ofNodes } = options;
  const redis = isCluster
    ? new Cluster([{ host, port }], {
        redisOptions: { ...ofNodes, ...shared },
        enableReadyCheck: true,
        clusterRetryStrategy: retryMs,
        // Certificates are made for names: with TLS a node is connected to by the one that it is known by.
        ...(ofNodes.tls && { dnsLookup: (address, done) => done(null, address) }),
      })
    : new Redis({ ...options, ...shared, retryStrategy: retryMs });
  redis.on("error", () => undefined);
  return redis;
};
