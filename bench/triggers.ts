import type pg from "pg";
import { refreshSums } from "../src/metrics/rollup/refresh-sums.ts";
import { rollUpTouched } from "../src/metrics/rollup/rollup.ts";
import { openDatabase } from "../src/warehouse/database.ts";
import { migrate } from "../src/warehouse/migrate.ts";
import { ensurePartitions } from "../src/warehouse/transaction.ts";
import { startPostgres } from "./support/processes.ts";

const accounts = 30;
const campaigns = 334;
const [from, to] = ["2026-10-20", "2026-11-18"];
const rounds = 3;

const tables = ["ad_daily", "conversion_daily", "network_daily"].map((name) => `warehouse.${name}`);
const days = "generate_series($1::date, $2::date, interval '1 day') d";

/** Facts of ten thousand campaigns in thirty accounts: one ad each, three of four with a conversion a day. */
const fill = async (pool: pg.Pool): Promise<void> => {
  await ensurePartitions(pool, tables, from, to);
  await pool.query(
    `insert into warehouse.account (platform, account_id, name, currency, time_zone, status, is_active, restatement_days)
     select 'google', n::text, 'Account ' || n, 'EUR', 'UTC', 'ENABLED', true, 33 from generate_series(1, $1::int) n`,
    [accounts],
  );
  await pool.query(
    `insert into warehouse.ad_daily (account_key, date, campaign_id, ad_group_id, ad_id, spend, impressions, clicks)
     select account_key, d, c::text, c::text, c::text, 1.5 + c % 7, 200 + c % 31, c % 11
     from warehouse.account, ${days}, generate_series(1, $3::int) c`,
    [from, to, campaigns],
  );
  await pool.query(
    `insert into warehouse.conversion_daily
       (account_key, date, campaign_id, ad_group_id, ad_id, conversion_action_id, attribution, traffic, conversions,
        conversion_value, primary_conversions, primary_conversion_value, all_conversions, all_conversion_value)
     select account_key, d, c::text, c::text, c::text, '77', '', 'paid', 1, 20, 1, 20, 1, 20
     from warehouse.account, ${days}, generate_series(1, $3::int) c where c % 4 > 0`,
    [from, to, campaigns],
  );
  await pool.query(
    `insert into warehouse.network_daily (account_key, date, campaign_id, network, spend, impressions, clicks)
     select account_key, date, campaign_id, 'SEARCH', spend, impressions, clicks
     from warehouse.ad_daily where date between $1 and $2`,
    [from, to],
  );
};

interface Run {
  readonly s: number;
  readonly cpu_s: number;
  readonly written: number;
}

const median = (runs: readonly Run[]): Run => {
  const middle = runs.toSorted((a, b) => a.s - b.s)[Math.floor(runs.length / 2)];
  if (middle === undefined) throw new Error("nothing was measured");
  return middle;
};

/**
 * Thirty touched days of ten thousand campaigns, rolled up in turn with and without the triggers that keep the
 * account-days and mark stale sums; and how long the sums take to be brought up to date after it.
 */
export const run = async () => {
  const postgres = await startPostgres();
  const database = openDatabase(postgres.url);
  const { pool } = database;
  try {
    await migrate(database);
    await fill(pool);
    const rollUp = async (change: string): Promise<Run> => {
      await pool.query(`update warehouse.ad_daily set ${change}`);
      await pool.query(
        `insert into ops.touched_days (account_key, from_date, to_date)
         select account_key, $1::date, $2::date from warehouse.account`,
        [from, to],
      );
      await pool.query("vacuum analyze");
      const [started, cpu] = [performance.now(), postgres.cpuSeconds()];
      const written = await rollUpTouched({ pool, reportingCurrency: "EUR" });
      return { s: (performance.now() - started) / 1_000, cpu_s: postgres.cpuSeconds() - cpu, written };
    };
    const triggers = async (verb: "enable" | "disable"): Promise<void> => {
      await pool.query(`alter table figures.cost_per_conversion_daily ${verb} trigger user`);
    };
    await rollUp("spend = spend");
    const refresh = async (): Promise<number> => {
      const started = performance.now();
      await refreshSums(database.db, new AbortController().signal);
      return (performance.now() - started) / 1_000;
    };
    let refreshed = await refresh();
    const plain: Run[] = [];
    const followed: Run[] = [];
    for (let round = 0; round < rounds; round += 1) {
      await triggers("disable");
      plain.push(await rollUp("spend = spend + 1"));
      await triggers("enable");
      followed.push(await rollUp("spend = spend + 1"));
      refreshed = await refresh();
    }
    const [without, withThem] = [median(plain), median(followed)];
    return {
      touched_campaign_days: 30 * accounts * campaigns,
      mart_rows_written: withThem.written,
      without_triggers: without,
      with_triggers: withThem,
      ratio: withThem.s / without.s,
      ratio_cpu: withThem.cpu_s / without.cpu_s,
      refresh_sums_s: refreshed,
    };
  } finally {
    await database.close();
    await postgres.close();
  }
};
