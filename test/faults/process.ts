/**
 * One process of the service, as `costper start` runs it but less patient: lost workers are noticed within a
 * few seconds, failed slices come back in a fifth of one. SIGUSR2 sets its clock by the minutes of COSTPER_TEST_JUMP.
 */
const RealDate = Date;
let jumpMs = 0;

class JumpingDate extends RealDate {
  constructor(...args: readonly unknown[]) {
    if (args.length === 0) super(RealDate.now() + jumpMs);
    else super(...(args as [number]));
  }
  static override now(): number {
    return RealDate.now() + jumpMs;
  }
}
globalThis.Date = JumpingDate as DateConstructor;
process.on("SIGUSR2", () => {
  jumpMs = Number(process.env["COSTPER_TEST_JUMP"] ?? "0") * 60_000;
});

const { pino } = await import("pino");
const { openApp } = await import("../../src/app.ts");
const { loadConfig } = await import("../../src/config.ts");
const { openQueuesWhenUp, queuePrefix, queueServer } = await import("../../src/jobs/installation.ts");
const { createMetrics } = await import("../../src/jobs/metrics.ts");
const { sharedPauses } = await import("../../src/jobs/pauses.ts");
const { startService, usualPace } = await import("../../src/jobs/service.ts");
const { clock, ofProcesses, quick } = await import("../jobs/pace.ts");

const [, , file = "", pace = "quick"] = process.argv;
const patience = pace === "usual" ? undefined : ofProcesses;
const stopped = new AbortController();
const log = pino({ level: process.env["COSTPER_TEST_LOG"] ?? "silent" }, pino.destination(2));
const config = await loadConfig({ cwd: process.cwd(), env: process.env, file });
const app = await openApp({
  config,
  log,
  signal: stopped.signal,
  now: clock,
  connections: 24,
  maxWaitMs: 1_000,
  shared: ({ pool }) => sharedPauses(pool),
});
const queues = await openQueuesWhenUp({
  ...queueServer(config, app.databasePlace),
  prefix: await queuePrefix(app.database.pool),
  log,
  ...(patience && { patience }),
  signal: stopped.signal,
});
const service = await startService({
  config,
  database: app.database,
  queues,
  connector: (platform) => app.connector(platform),
  log,
  now: clock,
  metrics: createMetrics(),
  roles: { scheduler: true, worker: true },
  afterRollup: async () => undefined,
  pace: { ...quick, leaseSeconds: patience ? patience.lockMs / 1_000 : usualPace.leaseSeconds },
});
const end = async (): Promise<void> => {
  await service.stop();
  await queues.close();
  await app.close();
  process.exit(0);
};
process.on("SIGTERM", () => void end());
process.send?.("up");
