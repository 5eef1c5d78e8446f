import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { stringify } from "yaml";
import { addDays, countDays, type Day, dayAt } from "../src/domain/day.ts";
import { runCostper, startHelper, startPostgres } from "./support/processes.ts";

/**
 * What a nightly sync costs in a history of one, three and ten million ad-days: the same thirty days are pulled again,
 * unchanged and then with every fiftieth ad restated; maturity is learnt each time. A rollup of everything, which finds
 * it made, stands beside it. Statements whose time grows are named, those of the rollup where it grows faster than the days.
 */
export interface NightOptions {
  /** Millions of ad-days, separated by commas. */
  readonly rows?: string | undefined;
}

const adsPerDay = 9_000;
const campaigns = 900;
const windowDays = 30;
const salesPerDay = 200;
const millions = 1_000_000;

/** Growth below this is noise. */
const toldFromMs = 50;

/** Days of one account before the pulled ones, made by Postgres itself: many campaigns, every fourth ad with a conversion. */
const facts = [
  `insert into warehouse.ad_daily (account_key, date, campaign_id, ad_group_id, ad_id, spend, impressions, clicks)
   select a.account_key, d, (ad % ${String(campaigns)})::text, (ad % 2000)::text, ad::text, 1.5 + ad % 7, 200 + ad % 31, ad % 11
   from warehouse.account a, generate_series($1::date, $2::date, interval '1 day') d, generate_series(1, ${String(adsPerDay)}) ad`,
  `insert into warehouse.conversion_daily
     (account_key, date, campaign_id, ad_group_id, ad_id, conversion_action_id, attribution, traffic, conversions,
      conversion_value, primary_conversions, primary_conversion_value, all_conversions, all_conversion_value)
   select account_key, date, campaign_id, ad_group_id, ad_id, '77', '', 'paid', 1, 20, 1, 20, 1, 20
   from warehouse.ad_daily where date between $1 and $2 and ad_id::bigint % 4 = 0`,
  `insert into warehouse.network_daily (account_key, date, campaign_id, network, spend, impressions, clicks)
   select account_key, date, campaign_id, 'SEARCH', sum(spend), sum(impressions), sum(clicks)
   from warehouse.ad_daily where date between $1 and $2 group by 1, 2, 3`,
  `insert into ops.account_day (platform, account_id, date, state, platform_spend, our_spend, difference, fetched_at)
   select a.platform, a.account_id, d.date, 'complete', sum(d.spend), sum(d.spend), 0, now()
   from warehouse.ad_daily d join warehouse.account a using (account_key) where d.date between $1 and $2 group by 1, 2, 3
   on conflict do nothing`,
] as const;

/** The company's own sales and leads, as long as the history. */
const ownData = [
  `insert into warehouse.lead (lead_id, created_at, stage, source, medium, campaign_id, tag_channel, tag_traffic,
     tag_platform, tag_evidence, source_platform, is_conflict, is_stale_suspected, import_source)
   select 'L' || d::date || '-' || n, d + n * interval '5 minutes', 'lead', 'google', 'cpc', (n % ${String(campaigns)})::text,
          'Paid Search', 'paid', 'google', 'utm', 'google', false, false, 'bench'
   from generate_series($1::timestamptz, $2::timestamptz, interval '1 day') d, generate_series(1, ${String(salesPerDay / 2)}) n`,
  `insert into warehouse.first_party_conversion (conversion_id, conversion_name, converted_at, value, currency, order_id,
     lead_id, gclid, source, medium, campaign_id, tag_channel, tag_traffic, tag_platform, tag_evidence, source_platform,
     is_conflict, is_stale_suspected, import_source)
   select 'S' || d::date || '-' || n, 'purchase', d + n * interval '2 minutes', n, 'EUR', 'O' || d::date || '-' || n,
          case when n % 4 = 0 then 'L' || d::date || '-' || n / 2 end, case when n % 3 = 0 then 'g' || d::date || '-' || n end,
          'google', 'cpc', (n % ${String(campaigns)})::text, 'Paid Search', 'paid', 'google', 'utm', 'google', false, false, 'bench'
   from generate_series($1::timestamptz, $2::timestamptz, interval '1 day') d, generate_series(1, ${String(salesPerDay)}) n`,
] as const;

interface Statement {
  readonly query: string;
  readonly ms: number;
}

interface Watched {
  readonly costs: object;
  readonly statements: ReadonlyMap<string, number>;
}

interface Seen {
  /** Days before those that are pulled: they have many more ad groups than these, and a rollup goes by them. */
  readonly madeDays: number;
  readonly unchanged: Watched;
  readonly restated: Watched;
  readonly everything: Watched;
}

const readStatements = `
  select query, sum(total_exec_time + total_plan_time)::float8 as ms
  from pg_stat_statements where dbid = (select oid from pg_database where datname = current_database())
  group by query`;

export const run = async ({ rows = "1,3,10" }: NightOptions = {}) => {
  const postgres = await startPostgres({
    shared_preload_libraries: "pg_stat_statements",
    "pg_stat_statements.track": "all",
    "pg_stat_statements.track_planning": "on",
    "pg_stat_statements.max": "10000",
  });
  const sandboxOf = (...more: readonly string[]) =>
    startHelper("support/google-sandbox.ts", [String(adsPerDay), "accounts=1", ...more]);
  const boxes = [await sandboxOf(), await sandboxOf("restated")] as const;
  const folder = join(postgres.folder, "night");
  await mkdir(folder);
  const pool = new pg.Pool({ connectionString: postgres.url });
  const to = addDays(dayAt(new Date(), "UTC"), -2);
  const from = addDays(to, 1 - windowDays);

  const costper = async (box: 0 | 1, ...args: readonly string[]) => {
    const { settings, account } = boxes[box].told as { settings: object; account: string };
    await writeFile(
      join(folder, "costper.yaml"),
      stringify({ database: postgres.url, connectors: { google: { ...settings, accounts: [account] } } }),
    );
    const before = postgres.cpuSeconds();
    const { cpuSeconds, status } = await runCostper(args, { cwd: folder });
    if (status !== 0) throw new Error(`${args.join(" ")} ended with ${String(status)}`);
    return { tool_cpu_s: cpuSeconds, postgres_cpu_s: postgres.cpuSeconds() - before };
  };
  const watched = async (box: 0 | 1, ...args: readonly string[]) => {
    await pool.query("checkpoint");
    await pool.query("select pg_stat_statements_reset()");
    const costs = await costper(box, ...args);
    const { rows: statements } = await pool.query<Statement>(readStatements);
    return { costs, statements: new Map(statements.map(({ query, ms }) => [query, ms])) };
  };
  const night = async (box: 0 | 1) => {
    await pool.query("delete from ops.rollup_setting where name = 'maturity_learned_on'");
    return watched(box, "sync", "--from", from, "--to", to, "--json", "--quiet");
  };
  const extend = async (first: Day, last: Day): Promise<void> => {
    for (const table of ["ad_daily", "conversion_daily", "network_daily"])
      await pool.query(
        `select warehouse.ensure_partition($1::regclass, m::date)
         from generate_series(date_trunc('month', $2::date), $3::date, interval '1 month') m`,
        [`warehouse.${table}`, first, last],
      );
    for (const statement of [...facts, ...ownData]) await pool.query(statement, [first, last]);
  };

  try {
    await costper(0, "migrate");
    await pool.query("create extension pg_stat_statements");
    await costper(0, "sync", "--from", from, "--to", to, "--json", "--quiet");
    let known = from;
    const sizes = [];
    const seen: Seen[] = [];
    for (const size of rows.split(",").map(Number)) {
      const first = addDays(to, 1 - Math.round((size * millions) / adsPerDay));
      await extend(first, addDays(known, -1));
      const madeDays = countDays({ from: first, to: from }) - 1;
      known = first;
      const made = await watched(0, "rollup", "--quiet");
      const everything = await watched(0, "rollup", "--quiet");
      await pool.query("vacuum analyze");
      // The first may still touch what the last one restated.
      await night(0);
      const unchanged = await night(0);
      const restated = await night(1);
      await night(0);
      seen.push({ madeDays, unchanged, restated, everything });
      const told = {
        million_ad_days: size,
        made_days: madeDays,
        rollup_of_new_days: made.costs,
        rollup_of_everything: everything.costs,
        unchanged: unchanged.costs,
        restated: restated.costs,
      };
      process.stderr.write(`${JSON.stringify(told)}\n`);
      sizes.push(told);
    }
    /** `by`: how many times as much is no growth. */
    const growthOf = (of: keyof Omit<Seen, "madeDays">, by: (small: Seen, large: Seen) => number) => {
      const [small, large] = [seen[0], seen.at(-1)];
      if (!small || !large) return [];
      return [...large[of].statements]
        .map(([query, ms]) => {
          const before = small[of].statements.get(query) ?? 0;
          const excess = ms - before * by(small, large);
          return { ms, before_ms: before, excess, query: query.replaceAll(/\s+/g, " ").slice(0, 160) };
        })
        .filter(({ excess }) => excess > toldFromMs)
        .toSorted((a, b) => b.excess - a.excess);
    };
    return {
      sizes,
      grown_unchanged: growthOf("unchanged", () => 1),
      grown_restated: growthOf("restated", () => 1),
      grown_rollup: growthOf("everything", (small, large) => large.madeDays / small.madeDays),
    };
  } finally {
    await pool.end();
    for (const box of boxes) await box.stop();
    await postgres.close();
  }
};
