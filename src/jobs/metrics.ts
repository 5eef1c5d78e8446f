import type { Kysely } from "kysely";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type pg from "pg";
import { platforms } from "../connectors/registry.ts";
import type { Platform } from "../domain/platform.ts";
import type { DB } from "../warehouse/schema.ts";
import { accountStatus } from "../warehouse/status.ts";
import type { Queues } from "./queue.ts";
import { inTime, patienceMs } from "./patience.ts";
import { nightQueue } from "./schedule.ts";
import type { JobEvent } from "../sync/hand.ts";

/** What `/metrics` shows, and what feeds it. */
export interface Metrics {
  readonly registry: Registry;
  onJob(event: JobEvent): void;
  onRequest(platform: Platform, call: string, status: number): void;
  /** Adds the calls counted so far to the warehouse, where all processes add theirs. */
  flushUsage(pool: pg.Pool): Promise<void>;
}

const durationBuckets = [0.1, 0.3, 1, 3, 10, 30, 100, 300, 1_000];

/** Counters of this process. */
export const createMetrics = (): Metrics => {
  const registry = new Registry();
  const registers = [registry];
  const jobs = new Counter({
    name: "costper_units_total",
    help: "Jobs by kind and outcome; kind slice are pulls of one account's window.",
    labelNames: ["kind", "platform", "outcome"],
    registers,
  });
  const failures = new Counter({
    name: "costper_failures_total",
    help: "Failed attempts at jobs by kind of failure.",
    labelNames: ["platform", "failure"],
    registers,
  });
  const rows = new Counter({
    name: "costper_rows_total",
    help: "Rows read from platforms and rows changed in the warehouse.",
    labelNames: ["platform", "direction"],
    registers,
  });
  const seconds = new Histogram({
    name: "costper_unit_duration_seconds",
    help: "How long jobs took.",
    labelNames: ["kind", "platform"],
    buckets: durationBuckets,
    registers,
  });
  const calls = new Counter({
    name: "costper_api_calls_total",
    help: "Answered calls of platforms by status, of this process.",
    labelNames: ["platform", "call", "status"],
    registers,
  });
  const sourceRows = new Counter({
    name: "costper_source_rows_total",
    help: "Rows that sources of first-party data were read, by outcome of the pull.",
    labelNames: ["source", "stream", "outcome"],
    registers,
  });
  const sourceFailures = new Counter({
    name: "costper_source_failures_total",
    help: "Failed pulls of sources of first-party data by kind of failure.",
    labelNames: ["source", "kind"],
    registers,
  });
  let usage = new Map<Platform, { calls: number; refused: number }>();

  return {
    registry,
    onJob({ job, outcome, ms, rowsRead, rowsWritten, failure, streams = [] }) {
      const platform = job.platform ?? "";
      jobs.inc({ kind: job.kind, platform, outcome });
      seconds.observe({ kind: job.kind, platform }, ms / 1_000);
      for (const { source, stream, outcome: came, rowsRead: read } of streams)
        sourceRows.inc({ source, stream, outcome: came }, read);
      if (failure && job.kind === "source")
        sourceFailures.inc({ source: job.accountId ?? "", kind: failure.kind });
      if (failure) failures.inc({ platform, failure: failure.kind });
      if (job.kind === "slice") {
        rows.inc({ platform, direction: "read" }, rowsRead ?? 0);
        rows.inc({ platform, direction: "written" }, rowsWritten ?? 0);
      }
    },
    onRequest(platform, call, status) {
      calls.inc({ platform, call, status: String(status) });
      const counted = usage.get(platform) ?? { calls: 0, refused: 0 };
      counted.calls += 1;
      if (status === 429) counted.refused += 1;
      usage.set(platform, counted);
    },
    async flushUsage(pool) {
      const counted = usage;
      usage = new Map();
      for (const [platform, { calls: made, refused }] of counted)
        await pool.query(
          `insert into ops.usage as u (platform, date, calls, refused)
           values ($1, (now() at time zone 'UTC')::date, $2, $3)
           on conflict (platform, date) do update
           set calls = u.calls + excluded.calls, refused = u.refused + excluded.refused`,
          [platform, made, refused],
        );
    },
  };
};

const jobCounts = (queues: Queues): Promise<(readonly [string, Readonly<Record<string, number>>])[]> =>
  Promise.all(
    [nightQueue, ...platforms].map(
      async (name) =>
        [name, await queues.queue(name).getJobCounts("waiting", "active", "delayed", "failed")] as const,
    ),
  );

/** Gauges that are read when they are asked for: the same whichever process answers. */
export const addGauges = (
  registry: Registry,
  sources: { readonly db: Kysely<DB>; readonly pool: pg.Pool; readonly queues: Queues },
): void => {
  const { db, pool, queues } = sources;
  const registers = [registry];
  const depth = new Gauge({
    name: "costper_queue_jobs",
    help: "Jobs in each queue by state.",
    labelNames: ["queue", "state"],
    registers,
    async collect() {
      depth.reset();
      // A Redis that is away is waited for without end; of a queue that does not answer nothing is told.
      const counted = await inTime(jobCounts(queues), patienceMs).catch(() => undefined);
      for (const [queue, counts] of counted ?? [])
        for (const [state, jobs] of Object.entries(counts)) depth.set({ queue, state }, jobs);
    },
  });
  const freshness = new Gauge({
    name: "costper_account_freshness_hours",
    help: "Hours since the end of an account's last good day.",
    labelNames: ["platform", "account_id"],
    registers,
    async collect() {
      freshness.reset();
      for (const account of await accountStatus(db, [], new Date()))
        if (account.freshness_hours !== null && account.paused === null)
          freshness.set(
            { platform: account.platform, account_id: account.account_id },
            account.freshness_hours,
          );
    },
  });
  const lastGood = new Gauge({
    name: "costper_source_last_good_timestamp_seconds",
    help: "When a source of first-party data was last loaded whole, as Unix time.",
    labelNames: ["source", "type"],
    registers,
    async collect() {
      lastGood.reset();
      const { rows } = await pool.query<{ source: string; type: string; at: number }>(
        `select source, min(type) as type, extract(epoch from min(last_good_at))::float8 as at
         from ops.source where is_active group by source having bool_and(last_good_at is not null)`,
      );
      for (const { source, type, at } of rows) lastGood.set({ source, type }, at);
    },
  });
  const used = new Gauge({
    name: "costper_api_calls_today",
    help: "Calls of each platform since midnight UTC over all processes; refused are those that a limit answered.",
    labelNames: ["platform", "outcome"],
    registers,
    async collect() {
      used.reset();
      const { rows } = await pool.query<{ platform: string; calls: string; refused: string }>(
        "select platform, calls, refused from ops.usage where date = (now() at time zone 'UTC')::date",
      );
      for (const { platform, calls, refused } of rows) {
        used.set({ platform, outcome: "all" }, Number(calls));
        used.set({ platform, outcome: "refused" }, Number(refused));
      }
    },
  });
  const pauses = new Gauge({
    name: "costper_paused_seconds",
    help: "How much longer a platform's limit holds, for an application or an account.",
    labelNames: ["platform", "account_id"],
    registers,
    async collect() {
      pauses.reset();
      const { rows } = await pool.query<{ platform: string; account_id: string; seconds: number }>(
        `select platform, account_id, extract(epoch from until - now())::float8 as seconds
         from ops.pause where until > now()`,
      );
      for (const { platform, account_id, seconds } of rows) pauses.set({ platform, account_id }, seconds);
    },
  });
};
