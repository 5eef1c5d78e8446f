import type pg from "pg";
import { addDays, dayAt } from "../src/domain/day.ts";
import { rollUpTouched, rebuild } from "../src/metrics/rollup/rollup.ts";
import { ensurePartitions } from "../src/warehouse/transaction.ts";
import { openDatabase } from "../src/warehouse/database.ts";
import { migrate } from "../src/warehouse/migrate.ts";
import { startPostgres } from "./support/processes.ts";

const adsPerDay = 5_000;
const campaigns = 250;
const touchedDays = 30;

const tables = ["ad_daily", "conversion_daily", "network_daily"].map((name) => `warehouse.${name}`);

/** Facts of one account, made by Postgres itself: ads of campaigns, every fourth with a conversion. */
const fill = async (pool: pg.Pool, from: string, to: string): Promise<void> => {
  await ensurePartitions(pool, tables, from, to);
  const days = "generate_series($1::date, $2::date, interval '1 day') d";
  await pool.query(
    `insert into warehouse.ad_daily
       (account_key, date, campaign_id, ad_group_id, ad_id, spend, impressions, clicks)
     select 1, d, (ad % ${String(campaigns)})::text, (ad % 1000)::text, ad::text, 1.5 + ad % 7, 200 + ad % 31, ad % 11
     from ${days}, generate_series(1, ${String(adsPerDay)}) ad`,
    [from, to],
  );
  await pool.query(
    `insert into warehouse.conversion_daily
       (account_key, date, campaign_id, ad_group_id, ad_id, conversion_action_id, attribution, traffic, conversions,
        conversion_value, primary_conversions, primary_conversion_value, all_conversions, all_conversion_value)
     select 1, d, (ad % ${String(campaigns)})::text, (ad % 1000)::text, ad::text, '77', '', 'paid', 1, 20, 1, 20, 1, 20
     from ${days}, generate_series(1, ${String(adsPerDay)}, 4) ad`,
    [from, to],
  );
  await pool.query(
    `insert into warehouse.network_daily (account_key, date, campaign_id, network, spend, impressions, clicks)
     select 1, date, campaign_id, 'SEARCH', sum(spend), sum(impressions), sum(clicks)
     from warehouse.ad_daily where account_key = 1 and date between $1 and $2 group by date, campaign_id`,
    [from, to],
  );
};

/** The same thirty days, touched in a warehouse with a short and with a long history: the time must not grow. */
export const run = async () => {
  const postgres = await startPostgres();
  const database = openDatabase(postgres.url);
  const { pool } = database;
  const options = { pool, reportingCurrency: null };
  try {
    await migrate(database);
    await pool.query(
      `insert into warehouse.account (account_key, platform, account_id, name, currency, time_zone, status, is_active,
                                      restatement_days)
       overriding system value values (1, 'google', '1', 'Bench', 'EUR', 'UTC', 'ENABLED', true, 33)`,
    );
    const to = addDays(dayAt(new Date(), "UTC"), -1);
    const measure = async (adDays: number, knownFrom: string | undefined) => {
      const from = addDays(to, 1 - adDays / adsPerDay);
      await fill(pool, from, knownFrom === undefined ? to : addDays(knownFrom, -1));
      await rebuild(options, { from, to: knownFrom === undefined ? to : addDays(knownFrom, -1) });
      await pool.query("truncate ops.touched_days");
      await pool.query("vacuum analyze");
      const firstTouched = addDays(to, 1 - touchedDays);
      await pool.query(
        "update warehouse.ad_daily set spend = spend + 1 where account_key = 1 and date between $1 and $2",
        [firstTouched, to],
      );
      await pool.query("insert into ops.touched_days (account_key, from_date, to_date) values (1, $1, $2)", [
        firstTouched,
        to,
      ]);
      const started = performance.now();
      const cpu = postgres.cpuSeconds();
      const written = await rollUpTouched(options);
      const seconds = (performance.now() - started) / 1_000;
      return {
        from,
        figures: {
          ad_days: adDays,
          touched_days: touchedDays,
          touched_ad_days: touchedDays * adsPerDay,
          mart_rows_written: written,
          rollup_s: seconds,
          postgres_cpu_s: postgres.cpuSeconds() - cpu,
        },
      };
    };
    const short = await measure(1_000_000, undefined);
    const long = await measure(5_000_000, short.from);
    return {
      one_million: short.figures,
      five_million: long.figures,
      ratio_five_to_one: long.figures.rollup_s / short.figures.rollup_s,
    };
  } finally {
    await database.close();
    await postgres.close();
  }
};
