import { performance } from "node:perf_hooks";
import pino from "pino";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openWeb } from "../src/web/server.ts";
import { type Database, openDatabase } from "../src/warehouse/database.ts";
import { startEmbedded } from "../src/warehouse/embedded/server.ts";
import { migrate } from "../src/warehouse/migrate.ts";
import { seedMarts } from "../test/support/seed-marts.ts";

/** What people ask for: the first look, other ranges, and turning over, sorting and searching ten thousand campaigns. */
const questions: readonly string[] = [
  "morning",
  "morning?days=7",
  "missing",
  "truth",
  "overview",
  "overview?range=90d",
  "overview?range=365d",
  "overview?range=1095d",
  "overview?range=30d&platform=meta",
  "breakdown",
  "breakdown?by=platform&range=1095d",
  "breakdown?by=account",
  "breakdown?by=account&range=365d",
  "breakdown?by=account&range=1095d",
  "breakdown?by=network",
  "breakdown?by=network&range=365d",
  "breakdown?by=network&range=1095d",
  "breakdown?by=action",
  "breakdown?by=action&range=365d",
  "breakdown?by=action&range=1095d",
  "breakdown?by=campaign",
  "breakdown?by=campaign&range=7d",
  "breakdown?by=campaign&range=90d",
  "breakdown?by=campaign&range=365d",
  "breakdown?by=campaign&range=1095d",
  "breakdown?by=campaign&range=1095d&page=40",
  "breakdown?by=campaign&range=1095d&sort=cost_per_conversion&order=asc&page=40",
  "breakdown?by=campaign&sort=cost_per_conversion&order=asc",
  "breakdown?by=campaign&sort=name&page=40",
  "breakdown?by=campaign&q=1000001",
  "breakdown?by=campaign&range=1095d&q=1000001",
  "breakdown?by=campaign&range=365d&platform=meta",
  "breakdown?by=campaign&account=google:1000001",
  "breakdown?by=campaign&range=1095d&account=google:1000001",
  "campaign-days?account=google:1000001&campaign=10000010002&range=90d",
  "health",
  "excluded",
  "dictionary",
];

interface Timing {
  readonly question: string;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

export interface DashboardBench {
  readonly rows: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly questions: readonly Timing[];
}

const percentile = (sorted: readonly number[], share: number): number =>
  Math.round((sorted[Math.ceil(sorted.length * share) - 1] ?? 0) * 10) / 10;

const spread = (times: readonly number[]): { readonly p50Ms: number; readonly p95Ms: number } => {
  const sorted = times.toSorted((a, b) => a - b);
  return { p50Ms: percentile(sorted, 0.5), p95Ms: percentile(sorted, 0.95) };
};

/** Asks the API of a filled warehouse over HTTP, each question `rounds` times after one to warm up. */
export const benchDashboard = async (database: Database, rounds = 20): Promise<DashboardBench> => {
  const web = await openWeb({
    config: { web: { host: "127.0.0.1", port: 0 } },
    db: database.db,
    log: pino({ level: "silent" }),
  });
  try {
    const all: number[] = [];
    const timings: Timing[] = [];
    for (const question of questions) {
      const times: number[] = [];
      for (let round = 0; round <= rounds; round += 1) {
        const start = performance.now();
        const answer = await fetch(`${web.url}/api/${question}`);
        await answer.arrayBuffer();
        if (!answer.ok) throw new Error(`${question} answered ${String(answer.status)}`);
        if (round > 0) times.push(performance.now() - start);
      }
      all.push(...times);
      timings.push({ question, ...spread(times) });
    }
    const { rows } = await database.pool.query<{ rows: string }>(
      "select count(*) as rows from marts.cost_per_conversion_daily",
    );
    return { rows: Number(rows[0]?.rows), ...spread(all), questions: timings };
  } finally {
    await web.close();
  }
};

/** No crash is feared here, and vacuum comes when all is sown. */
const settings = {
  fsync: "off",
  full_page_writes: "off",
  synchronous_commit: "off",
  autovacuum: "off",
  max_wal_size: "8GB",
};

/** The same on a warehouse of its own: ten thousand campaigns in thirty accounts, for so many days. */
export const run = async (days = 1_095) => {
  const folder = await mkdtemp(join(tmpdir(), "costper-bench-"));
  // Open to the user that Postgres runs as where this is root.
  await chmod(folder, 0o755);
  const server = await startEmbedded({ folder, settings });
  const database = openDatabase(server.url);
  const seconds = async (work: () => Promise<unknown>): Promise<number> => {
    const started = performance.now();
    await work();
    return Math.round((performance.now() - started) / 1_000);
  };
  try {
    await migrate(database);
    const seedSeconds = await seconds(() =>
      seedMarts(database.pool, {
        accounts: 10,
        campaigns: 334,
        days,
        lastDay: "2026-11-20",
        reportingCurrency: "EUR",
        onlyMarts: true,
        partDays: 31,
      }),
    );
    const { rows } = await database.pool.query<{ megabytes: number }>(
      `select round(sum(pg_total_relation_size(t)) / 1e6)::integer as megabytes
       from unnest(array['campaign_year_to_date', 'part_daily', 'cost_per_conversion_by_account_daily']) n,
            to_regclass('figures.' || n) t`,
    );
    await database.pool.query("vacuum analyze");
    const sumsMegabytes = rows[0]?.megabytes;
    return { days, seedSeconds, sumsMegabytes, ...(await benchDashboard(database)) };
  } finally {
    await database.close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
};
