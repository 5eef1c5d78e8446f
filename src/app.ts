import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "pino";
import type { Config } from "./config.ts";
import { databaseOf } from "./config/servers.ts";
import type { Connector, ConnectorContext, Memory, TokenStore } from "./connectors/connector.ts";
import { createLanes, type SharedPlaces } from "./connectors/wire/lanes.ts";
import { processMemory } from "./connectors/wire/memory.ts";
import { createLimits, type Limits, type SharedLimits } from "./connectors/wire/limits.ts";
import { openConnector } from "./connectors/registry.ts";
import type { Platform } from "./domain/platform.ts";
import { Failure } from "./domain/failure.ts";
import type { ServerPlace } from "./domain/server-url.ts";
import { describeUrl } from "./warehouse/connection/settings.ts";
import { checkDatabase, type Database, openDatabase } from "./warehouse/database.ts";
import { sharedLimits } from "./warehouse/shared-limits/index.ts";
import { startEmbedded } from "./warehouse/embedded/server.ts";
import { databaseMemory, fileMemory, remembers } from "./warehouse/memory.ts";
import { sharedPlaces } from "./warehouse/places.ts";

/** What may differ from one command to another. */
export interface AppOverrides {
  readonly now?: () => Date;
  /** The longest that a call waits for one limit. */
  readonly maxWaitMs?: number;
  /** Connections of the pool, where the config says no less. */
  readonly connections?: number;
  /** Connections that the process opens beside it, for the queue. */
  readonly connectionsBeside?: number;
  /** Where rotated tokens are kept: in the database. */
  readonly tokens?: (database: Database) => TokenStore;
  readonly onRequest?: (platform: Platform, call: string, status: number) => void;
}

export interface AppOptions extends AppOverrides {
  readonly config: Config;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Everything that a command works with, open. */
export interface App {
  readonly config: Config;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  readonly database: Database;
  /** The URL of the database in use, also where it is the embedded one; and what the URL does not say. */
  readonly databaseUrl: string;
  readonly databasePlace: ServerPlace;
  /** The connector of a configured platform, opened when first asked for. */
  connector(platform: Platform): Promise<Connector>;
  /** Closes everything in reverse. */
  close(): Promise<void>;
}

const defaultMaxWaitMs = 15 * 60_000;

/** The warehouse of a config, its own or the embedded one, known to answer. */
export interface Warehouse {
  readonly database: Database;
  readonly place: ServerPlace;
  /** Where it is, for people. */
  readonly where: string;
  readonly close: () => Promise<void>;
}

/** One holds a load, one answers short questions. */
const fewestConnections = 2;

/** Connections of the pool: what the command would like, within what the config allows the process. */
const poolSize = (wanted: number, allowed: number | undefined, beside: number): number => {
  if (allowed === undefined) return wanted;
  if (allowed - beside < fewestConnections)
    throw new Failure({
      kind: "request",
      message: `database.connections is ${String(allowed)}, and the queue alone takes ${String(beside)} here`,
      remedy: `allow at least ${String(beside + fewestConnections)}, or set \`queue\` to Redis`,
    });
  return Math.min(wanted, allowed - beside);
};

const usualConnections = 12;

/** @throws Failure where the database does not answer. */
export const openWarehouse = async (
  config: Pick<Config, "database" | "embedded" | "folder">,
  { connections = usualConnections, connectionsBeside = 0 }: AppOverrides = {},
): Promise<Warehouse> => {
  const folder = join(config.folder, ".costper");
  const own = databaseOf(config);
  const size = poolSize(connections, own?.connections, connectionsBeside);
  const embedded = own ? undefined : await startEmbedded({ folder, port: config.embedded.port });
  const place: ServerPlace = own ?? { url: embedded?.url ?? "" };
  const database = openDatabase(place, { connections: size });
  const close = async () => {
    await database.close();
    await embedded?.close();
  };
  try {
    await checkDatabase(database, place);
  } catch (error) {
    await close();
    throw error;
  }
  return { database, place, where: embedded ? folder : describeUrl(place.url), close };
};

const memoryFile = (config: Config): Memory => fileMemory(join(config.folder, ".costper", "memory.json"));

/** Where connectors remember: the warehouse, or a file beside the config where it is not there or not migrated yet. */
export const memoryOf = async (config: Config, warehouse: Warehouse | undefined): Promise<Memory> =>
  warehouse && (await remembers(warehouse.database.pool))
    ? databaseMemory(warehouse.database.pool)
    : memoryFile(config);

/** What earlier processes kept, for a command that needs no warehouse otherwise. */
export interface OwnMemory {
  readonly memory: Memory;
  /** Rotated tokens: what is configured may have ended long ago. Without a warehouse nobody has rotated any. */
  readonly tokens: TokenStore;
  readonly close: () => Promise<void>;
}

/**
 * The warehouse's memory where there is a warehouse, opened when a connector first asks for it; else a file beside the
 * config, or with `files` false nothing that outlives the process.
 */
export const openMemory = (
  config: Config,
  {
    files = true,
    tokens: storeOf,
  }: { readonly files?: boolean; readonly tokens?: (database: Database) => TokenStore } = {},
): OwnMemory => {
  const find = async (): Promise<Omit<OwnMemory, "tokens"> & { readonly tokens?: TokenStore }> => {
    const beside = {
      memory: files ? memoryFile(config) : processMemory(),
      close: async () => undefined,
    };
    if (config.database === undefined && !existsSync(join(config.folder, ".costper", "postgres.json")))
      return beside;
    try {
      const { database, close } = await openWarehouse(config, { connections: fewestConnections });
      if (await remembers(database.pool))
        return {
          memory: databaseMemory(database.pool),
          ...(storeOf && { tokens: storeOf(database) }),
          close,
        };
      await close();
    } catch {
      // Whoever needs the warehouse says what is wrong with it.
    }
    return beside;
  };
  let found: ReturnType<typeof find> | undefined;
  const memory = async (): Promise<Memory> => (await (found ??= find())).memory;
  const tokens = async (): Promise<TokenStore | undefined> => (await (found ??= find())).tokens;
  return {
    tokens: {
      read: async (key) => (await tokens())?.read(key),
      write: async (key, secret, expiresAt) => (await tokens())?.write(key, secret, expiresAt),
      alone: async (key, work) => {
        const store = await tokens();
        return store?.alone ? store.alone(key, work) : work();
      },
    },
    memory: {
      recall: async (key) => (await memory()).recall(key),
      keep: async (key, text, forMs) => (await memory()).keep(key, text, forMs),
      forget: async (keys) => (await memory()).forget(keys),
    },
    close: async () => (await found)?.close(),
  };
};

/** Limits whose numbers the connector itself states: they are made once it is open, before its first call. */
const limitsOnceKnown = (make: () => Limits): Limits => {
  let limits: Limits | undefined;
  const known = () => (limits ??= make());
  return {
    run: (accountId, signal, call) => known().run(accountId, signal, call),
    pause: (accountId, until, why) => known().pause(accountId, until, why),
  };
};

/** The connectors of a config, each opened when first asked for. */
export const createConnectors = (
  options: Pick<AppOptions, "log" | "now" | "maxWaitMs" | "onRequest"> & {
    readonly config: Pick<Config, "connectors">;
    readonly shared?: SharedLimits | undefined;
    readonly tokens?: TokenStore | undefined;
    readonly places?: SharedPlaces | undefined;
    readonly memory?: Memory | undefined;
  },
): ((platform: Platform) => Promise<Connector>) => {
  const { config, onRequest, shared, tokens, memory, now = () => new Date() } = options;
  const maxWaitMs = options.maxWaitMs ?? defaultMaxWaitMs;
  const opened = new Map<Platform, Promise<Connector>>();

  const open = async (platform: Platform): Promise<Connector> => {
    let connector: Connector | undefined;
    const limits = limitsOnceKnown(() =>
      createLimits({
        platform,
        platformConcurrency: connector?.concurrency.platform ?? 1,
        accountConcurrency: connector?.concurrency.account ?? 1,
        maxWaitMs,
        now,
        ...(shared && { shared }),
      }),
    );
    const context: ConnectorContext = {
      log: options.log.child({ platform }),
      limits,
      now,
      lanes: createLanes({ platform, now, maxWaitMs, shared: options.places }),
      ...(tokens && { tokens }),
      ...(memory && { memory }),
      ...(onRequest && { onRequest: ({ call, status }) => onRequest(platform, call, status) }),
    };
    connector = await openConnector(platform, config.connectors, context);
    return connector;
  };

  return (platform) => {
    let connector = opened.get(platform);
    if (!connector) opened.set(platform, (connector = open(platform)));
    return connector;
  };
};

/**
 * The one place that builds things. Nothing is asked of any platform yet.
 * @throws Failure where the database does not answer.
 */
export const openApp = async (options: AppOptions): Promise<App> => {
  const { config, log, signal, now = () => new Date() } = options;
  const { database, place, close } = await openWarehouse(config, options);
  const shared = sharedLimits(database.pool);
  return {
    config,
    log,
    signal,
    now,
    database,
    databaseUrl: place.url,
    databasePlace: place,
    connector: createConnectors({
      config,
      log,
      now,
      ...(options.maxWaitMs !== undefined && { maxWaitMs: options.maxWaitMs }),
      ...(options.onRequest && { onRequest: options.onRequest }),
      shared,
      tokens: options.tokens?.(database),
      places: sharedPlaces(database.pool),
      memory: databaseMemory(database.pool),
    }),
    close: async () => {
      await shared.close();
      await close();
    },
  };
};
