import { once } from "node:events";
import { InvalidArgumentError } from "commander";
import type { Logger } from "pino";
import type { App } from "../app.ts";
import { databaseOf } from "../config/servers.ts";
import { configuredPlatforms, platforms } from "../connectors/registry.ts";
import { alertAfterRollup } from "../sync/after-rollup.ts";
import { askForNight } from "../jobs/asked-night.ts";
import { openQueuesWhenUp, queuePrefix, queueServer } from "../jobs/installation.ts";
import { addGauges, createMetrics } from "../jobs/metrics.ts";
import { queueConnections } from "../jobs/queue.ts";
import { listJobs, retryJobs } from "../jobs/retry.ts";
import { nightQueue } from "../jobs/schedule.ts";
import { startService } from "../jobs/service.ts";
import { openTracing } from "../jobs/telemetry.ts";
import type { CredentialStore } from "../warehouse/credentials.ts";
import { tendDigest } from "../digest/send.ts";
import { migrate } from "../warehouse/migrate.ts";
import { credentialStore } from "./credentials.ts";
import { version } from "../version.ts";
import { openDashboard } from "./dashboard.ts";
import { exitStatus } from "./errors.ts";
import { examples, type Frame, type Register } from "./frame.ts";

const roleNames = ["scheduler", "worker", "web"] as const;
type Role = (typeof roleNames)[number];

interface StartOptions {
  readonly only?: readonly Role[];
  readonly slices?: number;
}

const parseRoles = (text: string): readonly Role[] =>
  text.split(",").map((part) => {
    const role = roleNames.find((name) => name === part.trim());
    if (!role) throw new InvalidArgumentError(`Roles are ${roleNames.join(", ")}, separated by commas.`);
    return role;
  });

const parseCount = (text: string): number => {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError("A whole number from 1.");
  return count;
};

/** A limit longer than this sends the slice back into the queue, so that others use the worker meanwhile. */
const maxWaitMs = 5_000;

/** Connections of a worker: a slice holds one while it loads, and asks for others at its ends. */
const workerConnections = 32;

/** What follows the rollups: alerts, and tokens that a person must renew are spoken of while there is time. */
const createAfterRollup =
  (app: App, credentials: CredentialStore) =>
  async (log: Logger): Promise<void> => {
    await alertAfterRollup({ db: app.database.db, config: app.config, now: app.now(), log });
    for (const { key, days, expiresAt } of await credentials.expiring(app.now()))
      log.warn(
        { credential: key, days, expiresAt },
        "a token ends soon, and only a person can renew it: sign in again and set it in costper.yaml",
      );
  };

const start = async (frame: Frame, options: StartOptions): Promise<number> => {
  const { log, signal, env } = frame;
  const roles = new Set<Role>(options.only ?? roleNames);
  const config = await frame.loadConfig();
  const metrics = createMetrics();
  const tokens = await credentialStore(frame, config);
  const allowed = databaseOf(config)?.connections;
  const workers = roles.has("worker") ? configuredPlatforms(config.connectors).length + 1 : 0;
  // A queue of its own is another server's affair.
  const few = allowed !== undefined && config.queue === undefined ? queueConnections(workers) : undefined;
  const app = await frame.openApp({
    ...(few && { connectionsBeside: few.all }),
    connections: roles.has("worker") ? workerConnections : 8,
    maxWaitMs,
    tokens,
    onRequest: (platform, call, status) => metrics.onRequest(platform, call, status),
  });
  const { database } = app;
  await migrate(database);
  const tracing = await openTracing(env, { version, log });
  if (tracing) frame.onEnd(() => tracing.close());
  const queues = await openQueuesWhenUp({
    ...queueServer(config, app.databasePlace),
    ...(few && { connections: few.commands }),
    prefix: await queuePrefix(database.pool),
    log,
    signal,
    ...(tracing && { telemetry: tracing.telemetry }),
  });
  frame.onEnd(() => queues.close());

  const service = await startService({
    config,
    database,
    queues,
    connector: (platform) => app.connector(platform),
    log,
    now: app.now,
    metrics,
    roles: { scheduler: roles.has("scheduler"), worker: roles.has("worker") },
    afterRollup: createAfterRollup(app, tokens(database)),
    tend: () => alertAfterRollup({ db: database.db, config, now: app.now(), log }),
    digest: () => tendDigest({ db: database.db, config, notifiers: config.notifiers, now: app.now(), log }),
    slicesAtOnce: options.slices,
    ...(tracing && { onJob: (event) => tracing.onJob(event) }),
  });
  frame.onEnd(() => service.stop());
  if (roles.has("web")) {
    addGauges(metrics.registry, { db: database.db, pool: database.pool, queues });
    const url = await openDashboard(frame, app, {
      checks: { queue: () => queues.check(), schedule: () => service.checkSchedule() },
      metricsRegistry: metrics.registry,
      jobs: {
        failed: () => listJobs(database.pool, "failed"),
        retry: (id) => retryJobs(database.pool, queues, id),
      },
      nights: {
        begin: () => askForNight({ pool: database.pool, queues, log, config, now: app.now() }),
      },
      credentials: async () =>
        (await tokens(database).ends()).map(({ platform, expiresAt }) => ({
          platform,
          expires_at: expiresAt.toISOString(),
        })),
      queues: [nightQueue, ...platforms].map((name) => queues.queue(name)),
    });
    log.info({ url }, "dashboard");
  }
  log.info({ roles: [...roles], queue: queues.backend, schedule: config.schedule }, "costper is up");
  if (!signal.aborted) await once(signal, "abort");
  return exitStatus.done;
};

export const register: Register = (command, act) => {
  command
    .description(
      "Run the service: nightly schedule, workers, dashboard. SIGTERM finishes or puts back what is under way within 30 seconds; a second signal ends it at once.",
    )
    .option("--only <roles>", "only these of scheduler, worker, web (separated by commas)", parseRoles)
    .option("--slices <count>", "slices of one platform at once in this process, at most", parseCount)
    .addHelpText(
      "after",
      examples(
        ["costper start", "everything in one process"],
        ["costper start --only worker", "one more worker, on this host or another"],
        ["costper start --only scheduler,web", "the parts that run once, while workers run elsewhere"],
      ),
    )
    .action(act<StartOptions>(start));
};
