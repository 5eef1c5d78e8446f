import { migrate } from "../src/warehouse/migrate.ts";
import { startPostgres } from "./support/processes.ts";
import { evaluateAlerts } from "../src/alerts/evaluate.ts";
import { alertSettings } from "../src/alerts/rule/settings.ts";
import { type Database, openDatabase } from "../src/warehouse/database.ts";

export interface AlertsBenchmark {
  readonly name: "alerts";
  readonly rules: number;
  readonly campaigns: number;
  readonly rows: number;
  readonly firstMs: number;
  readonly againMs: number;
  /** Of this process in the first evaluation; see `databaseCpuMs`. */
  readonly firstCpuMs: number;
  /** Of the database in the first evaluation; 0 where it is not ours to measure. */
  readonly databaseCpuMs: number;
  /** The most that this process ever held, the seed's part included. */
  readonly peakMiB: number;
  readonly firing: number;
}

const accounts = 20;
const lastDay = "2026-03-14";

/** A warehouse's worth of figures: campaigns of several accounts, platforms and currencies, 60 days each. */
const seed = async ({ pool }: Database, campaigns: number): Promise<number> => {
  await pool.query(`
    insert into warehouse.account (platform, account_id, name, currency, time_zone, status, is_active, restatement_days)
    select (array['google', 'meta', 'linkedin'])[i % 3 + 1], 'bench' || i, 'Account ' || i,
           (array['EUR', 'DKK'])[i % 2 + 1], 'Europe/Copenhagen', 'ACTIVE', true, 28
    from generate_series(1, ${String(accounts)}) i`);
  await pool.query(`
    insert into ops.account_day (platform, account_id, date, state)
    select platform, account_id, date '${lastDay}' - n, 'complete'
    from warehouse.account, generate_series(0, 89) n where account_id like 'bench%'`);
  await pool.query(`
    insert into warehouse.exchange_rate (rate_date, base, quote, rate, source)
    select date '${lastDay}' - n, 'EUR', 'DKK', 7.46, 'bench' from generate_series(0, 89) n
    on conflict do nothing`);
  for (const month of ["2026-01-01", "2026-02-01", "2026-03-01"])
    await pool.query("select warehouse.ensure_partition('figures.cost_per_conversion_daily', $1)", [month]);
  const { rowCount } = await pool.query(
    `insert into figures.cost_per_conversion_daily (account_key, date, campaign_id, currency, spend, impressions, clicks,
       conversions, conversion_value, organic_conversions, refreshed_at)
     select a.account_key, date '${lastDay}' - n, 'c' || c, a.currency, 20 + (c * 7 + n * 3) % 13, 1000, 40,
            1 + (c + n) % 3, 100, 0, now()
     from generate_series(1, $1::int) c
     join (select *, row_number() over (order by account_key) - 1 as position
           from warehouse.account where account_id like 'bench%') a on a.position = c % ${String(accounts)}
     cross join generate_series(0, 59) n`,
    [campaigns],
  );
  await pool.query(`
    insert into figures.cost_per_conversion_by_account_daily (account_key, date, impressions, clicks, refreshed_at,
      campaigns, currency, spend, conversions, conversion_value, organic_conversions)
    select account_key, date, sum(impressions), sum(clicks), now(), count(*), max(currency), sum(spend),
           sum(conversions), sum(conversion_value), sum(organic_conversions)
    from figures.cost_per_conversion_daily group by account_key, date
    on conflict (account_key, date) do nothing`);
  await pool.query(`
    insert into warehouse.campaign (account_key, campaign_id, name, status, type)
    select distinct account_key, campaign_id, 'Campaign ' || substr(campaign_id, 2), 'ACTIVE', ''
    from figures.cost_per_conversion_daily`);
  await pool.query("insert into ops.rollup_day select account_key, '2026-07-01' from warehouse.account");
  await pool.query("analyze figures.cost_per_conversion_daily");
  return rowCount ?? 0;
};

/** One rule in 20 learns what is usual; no figure of the bench leaves it. */
const isAnomaly = (index: number): boolean => index % 20 === 7;

/** A third of those are by campaign, over one day or a week, half of them of some campaigns alone. */
const anomalyOf = (index: number) => {
  const turn = Math.floor(index / 20);
  return {
    metric: ["cost_per_conversion", "spend"][turn % 2],
    by: ["campaign", "account", "platform"][turn % 3],
    window: ["1d", "7d"][(turn >> 1) % 2],
    ...(turn % 4 < 2 ? { where: { campaign: `Campaign ${String(turn)}*` } } : {}),
    anomaly: { sensitivity: 1_000 + (turn % 3) },
  };
};

const conditionOf = (index: number) => {
  if (isAnomaly(index)) return anomalyOf(index);
  return index % 10 === 9 ? { changeAbove: "900%" } : { above: 50_000_000 + index };
};

/** Rules as a large team writes them: many windows, filters and series, few that fire. */
const rulesOf = (count: number) =>
  alertSettings().parse(
    Array.from({ length: count }, (_, index) => ({
      name: `rule ${String(index)}`,
      metric: ["cost_per_conversion", "spend", "cost_per_click", "cost_per_conversion"][index % 4],
      by: ["campaign", "account", "campaign", "platform"][index % 4],
      ...(index % 5 === 0 ? { where: { campaign: `Campaign ${String(index % 100)}*` } } : {}),
      window: ["7d", "14d", "3d", "28d", "1d"][index % 5],
      settle: ["0d", "2d"][index % 2],
      ...conditionOf(index),
      currency: "EUR",
      notify: ["ops"],
    })).concat({
      name: "one that fires",
      metric: "cost_per_conversion",
      by: "campaign",
      where: { campaign: "Campaign 77" },
      window: "7d",
      settle: "0d",
      above: 1,
      currency: "EUR",
      notify: ["ops"],
    }),
  );

/** Evaluates 1,000 rules over 10,000 campaigns in an empty, migrated database: first, and once more. */
export const benchAlerts = async (
  database: Database,
  { rules = 1_000, campaigns = 10_000, cpuSeconds = (): number => 0 } = {},
): Promise<AlertsBenchmark> => {
  const rows = await seed(database, campaigns);
  const options = {
    db: database.db,
    rules: rulesOf(rules - 1),
    notifiers: { ops: { type: "webhook", url: "http://127.0.0.1:9/", allowPrivate: false } },
    now: new Date(`${lastDay}T23:00:00Z`),
    asOf: lastDay,
  } as const;
  const measure = async () => {
    const started = performance.now();
    const used = process.cpuUsage();
    const usedByDatabase = cpuSeconds();
    const { states } = await evaluateAlerts(options);
    const { user, system } = process.cpuUsage(used);
    const ms = Math.round(performance.now() - started);
    return {
      ms,
      cpuMs: Math.round((user + system) / 1_000),
      databaseCpuMs: Math.round((cpuSeconds() - usedByDatabase) * 1_000),
      firing: states.firing,
    };
  };
  const first = await measure();
  const again = await measure();
  return {
    name: "alerts",
    rules,
    campaigns,
    rows,
    firstMs: first.ms,
    againMs: again.ms,
    firstCpuMs: first.cpuMs,
    databaseCpuMs: first.databaseCpuMs,
    peakMiB: Math.round(process.resourceUsage().maxRSS / 1_024),
    firing: again.firing,
  };
};

/** Measures in a database of its own. */
export const run = async (): Promise<AlertsBenchmark> => {
  const postgres = await startPostgres();
  const database = openDatabase(postgres.url);
  try {
    await migrate(database);
    return await benchAlerts(database, { cpuSeconds: postgres.cpuSeconds });
  } finally {
    await database.close();
    await postgres.close();
  }
};
