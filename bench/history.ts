import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { learnMaturity } from "../src/metrics/maturity/learn.ts";
import { thinHistory } from "../src/metrics/thin-history.ts";
import { openDatabase } from "../src/warehouse/database.ts";
import { startEmbedded } from "../src/warehouse/embedded/server.ts";
import { migrate } from "../src/warehouse/migrate.ts";

export interface HistoryBench {
  readonly campaigns: number;
  readonly days: number;
  readonly rowsPerCampaignDay: number;
  readonly bytesPerRow: number;
  readonly gigabytesPerYear: number;
  readonly thinnedGigabytesPerYear: number;
  /** To learn the maturity of all of it, once a day. */
  readonly learnSeconds: number;
  readonly thinSeconds: number;
}

/**
 * Campaign-days as they grow: up to five conversions, each seen after a lag of its own (half of the rest every three
 * days), and in one of ten a credit for invalid clicks on the fifth day. A row for each night on which one moved.
 */
const grow = `
  insert into marts.cost_per_conversion_history
    (account_key, date, platform, account_id, campaign_id, observed_at, currency, spend, impressions, clicks,
     conversions, conversion_value, organic_conversions, cost_per_conversion)
  select a.account_key, s.day, a.platform, a.account_id, s.campaign_id,
         s.day + s.age + time '03:30' + s.campaign * interval '1 millisecond', a.currency,
         round((20 + random() * 80)::numeric, 6), 1000 + s.campaign, 40 + s.campaign % 60, s.conversions,
         s.conversions * 37.5, 0, round((20 + random() * 80)::numeric, 6) / nullif(s.conversions, 0)
  from warehouse.account a,
       lateral (
         select day, campaign, campaign_id, age, sum(came) over (partition by day, campaign order by age) as conversions
         from (
           select day, campaign, campaign_id, age, sum(came) as came
           from (
             select d::date as day, c as campaign, (1700000000 + c * 13)::text as campaign_id, 1 as age, 0 as came
             from generate_series($1::date, $1::date + $2::integer - 1, interval '1 day') d, generate_series(1, $3::integer) c
             union all
             select d::date, c, (1700000000 + c * 13)::text,
                    least(33, 1 + floor(ln(1 - random()) / ln(0.5) * 3))::integer, 1
             from generate_series($1::date, $1::date + $2::integer - 1, interval '1 day') d, generate_series(1, $3::integer) c,
                  generate_series(1, c % 6) conversion
             union all
             select d::date, c, (1700000000 + c * 13)::text, 5, 0
             from generate_series($1::date, $1::date + $2::integer - 1, interval '1 day') d, generate_series(1, $3::integer) c
             where c % 10 = 0
           ) events group by day, campaign, campaign_id, age
         ) nights
       ) s`;

/** How much a year of history takes on disk for so many campaigns, with its index, before and after thinning. */
export const run = async (campaigns = 10_000, days = 28): Promise<HistoryBench> => {
  const folder = await mkdtemp(join(tmpdir(), "costper-bench-"));
  // Open to the user that Postgres runs as where this is root.
  await chmod(folder, 0o755);
  const server = await startEmbedded({ folder, settings: { fsync: "off", full_page_writes: "off" } });
  const database = openDatabase(server.url);
  const { pool } = database;
  try {
    await migrate(database);
    await pool.query(
      `insert into warehouse.account (platform, account_id, name, currency, time_zone, status, is_active, restatement_days)
       values ('google', '1112223333', 'Shop', 'EUR', 'UTC', 'ENABLED', true, 33)`,
    );
    await pool.query(
      "select warehouse.ensure_partition('marts.cost_per_conversion_history', '2026-02-01'::date)",
    );
    await pool.query(grow, ["2026-02-01", days, campaigns]);
    const measure = async (): Promise<{ rows: number; bytes: number }> => {
      await pool.query("vacuum full marts.cost_per_conversion_history");
      const { rows } = await pool.query<{ rows: string; bytes: string }>(
        `select (select count(*) from marts.cost_per_conversion_history) as rows,
                (select sum(pg_total_relation_size(inhrelid)) from pg_inherits
                 where inhparent = 'marts.cost_per_conversion_history'::regclass) as bytes`,
      );
      return { rows: Number(rows[0]?.rows), bytes: Number(rows[0]?.bytes) };
    };
    const whole = await measure();
    const learned = performance.now();
    await learnMaturity({ pool, now: new Date("2026-03-10T04:00:00Z") });
    const learnSeconds = (performance.now() - learned) / 1_000;
    const started = performance.now();
    await thinHistory({ pool, keepDays: 270, now: new Date("2028-01-01T00:00:00Z") });
    const thinSeconds = (performance.now() - started) / 1_000;
    const thinned = await measure();
    const perYear = (bytes: number): number => Number(((bytes / days) * 365 * 1e-9).toFixed(2));
    return {
      campaigns,
      days,
      rowsPerCampaignDay: Number((whole.rows / campaigns / days).toFixed(2)),
      bytesPerRow: Math.round(whole.bytes / whole.rows),
      gigabytesPerYear: perYear(whole.bytes),
      thinnedGigabytesPerYear: perYear(thinned.bytes),
      learnSeconds: Number(learnSeconds.toFixed(1)),
      thinSeconds: Number(thinSeconds.toFixed(1)),
    };
  } finally {
    await database.close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
};

if (import.meta.filename === process.argv[1]) process.stdout.write(`${JSON.stringify(await run())}\n`);
