import type { Queue } from "bullmq";
import { databaseOf } from "../config/servers.ts";
import type { App } from "../app.ts";
import { tokensOf } from "../domain/web-tokens.ts";
import type { WebOptions } from "../web/server.ts";
import { type Database, openDatabase } from "../warehouse/database.ts";
import type { Frame } from "./frame.ts";

/** Downloads hold a connection for as long as their reader takes. */
const downloadsAtOnce = 3;

/** Opens the web server of a command; closed when the command ends. Its URL. */
export const openDashboard = async (
  frame: Pick<Frame, "log" | "onEnd">,
  app: App,
  options: Pick<WebOptions, "checks" | "metricsRegistry" | "jobs" | "nights" | "credentials"> & {
    readonly queues?: readonly Queue[];
  } = {},
): Promise<string> => {
  const { openWeb } = await import("../web/server.ts");
  const board =
    options.queues &&
    (await import("../web/queue-board.ts")).queueBoard(options.queues, {
      readOnly: !tokensOf(app.config.web).some(({ role }) => role === "operator"),
    });
  // Where the config counts connections, there are none beside: downloads and the probe share those of the page.
  const counted = databaseOf(app.config)?.connections !== undefined;
  const opened = (connections: number): Database => {
    const database = openDatabase(app.databasePlace, { connections });
    frame.onEnd(() => database.close());
    return database;
  };
  const web = await openWeb({
    config: app.config,
    db: app.database.db,
    ...(!counted && { downloads: opened(downloadsAtOnce).db, probe: opened(1).db }),
    log: frame.log,
    checks: options.checks ?? {},
    jobs: options.jobs,
    nights: options.nights,
    credentials: options.credentials,
    ...(options.metricsRegistry && { metricsRegistry: options.metricsRegistry }),
    ...(board && { extraRoutes: board }),
  });
  frame.onEnd(() => web.close());
  return web.url;
};
