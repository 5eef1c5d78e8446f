import type { AlertSettings } from "../../src/alerts/rule/settings.ts";
import pino from "pino";
import { onTestFinished } from "vitest";
import { openDatabase } from "../../src/warehouse/database.ts";
import { openWeb, type Web, type WebOptions } from "../../src/web/server.ts";
import type { WebToken } from "../../src/domain/web-tokens.ts";
import { createDatabase, freshDatabase } from "./database.ts";
import { type Seed, seedMarts } from "./seed-marts.ts";

export const silentLog = pino({ level: "silent" });

/** The web server on a free port over a warehouse of its own, sown if asked; both go when the test ends. */
export const startWeb = async (
  options: Partial<Omit<WebOptions, "config" | "db">> & {
    readonly token?: string;
    readonly tokens?: readonly WebToken[];
    readonly seed?: Seed;
    readonly alerts?: readonly AlertSettings[];
    /** Made once the warehouse is there. */
    readonly jobsOf?: (database: Awaited<ReturnType<typeof freshDatabase>>) => Promise<WebOptions["jobs"]>;
  } = {},
): Promise<Web & { readonly database: Awaited<ReturnType<typeof freshDatabase>> }> => {
  const { token, tokens, seed, alerts = [], jobsOf, ...rest } = options;
  const database = await freshDatabase();
  if (seed !== undefined) await seedMarts(database.pool, seed);
  const web = await openWeb({
    config: { web: { host: "127.0.0.1", port: 0, token, tokens }, alerts },
    db: database.db,
    log: silentLog,
    ...rest,
    ...(jobsOf && { jobs: await jobsOf(database) }),
  });
  onTestFinished(() => web.close());
  return { ...web, database };
};

export const smallSeed: Seed = { accounts: 2, campaigns: 5, days: 70, lastDay: "2026-11-20" };

/** One sown server for all tests of a file that only read; call `close` after them. */
export const openShared = async (seed: Seed) => {
  const { url: databaseUrl, drop } = await createDatabase();
  const database = openDatabase(databaseUrl, { connections: 6 });
  await seedMarts(database.pool, seed);
  const web = await openWeb({
    config: { web: { host: "127.0.0.1", port: 0 } },
    db: database.db,
    log: silentLog,
  });
  return {
    url: web.url,
    database,
    close: async (): Promise<void> => {
      await web.close();
      await database.close();
      await drop();
    },
  };
};
