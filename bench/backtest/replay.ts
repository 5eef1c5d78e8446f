import type pg from "pg";
import pino from "pino";
import { addDays } from "../../src/domain/day.ts";
import { planPlatform } from "../../src/sync/plan.ts";
import { runSlice } from "../../src/sync/slice.ts";
import { learnMaturity } from "../../src/metrics/maturity/learn.ts";
import { rollUpTouched } from "../../src/metrics/rollup/rollup.ts";
import { truthConnector } from "./truth-connector.ts";
import { trueWorlds } from "./worlds.ts";

/** Days at one age: how far from the final truth what was known then lay, and what was projected. */
export interface BacktestRow {
  /** Whether a day of the whole platform is judged or each account's for itself. */
  readonly grain: "platform" | "account";
  readonly platform: string;
  readonly age_days: number;
  readonly days: string;
  /** Sum of |known - final| over the sum of final conversions. */
  readonly raw_error: string;
  readonly projected_error: string;
  /** The same of cost per conversion: its relative error, weighted by spend. */
  readonly raw_cost_error: string;
  readonly projected_cost_error: string;
}

export interface ReplayOptions {
  readonly pool: pg.Pool;
  readonly nights: number;
  readonly signal: AbortSignal;
  readonly onNight?: (night: number) => void;
}

/** Fixed, so that the figures can be had again. At 14:30 in Greenwich it is the same day in all sandbox accounts. */
const firstNight = "2026-02-02";
const ages = [1, 3, 7] as const;
/** The sandboxes move nothing older; every seventh night the whole of it is pulled, on the others what moves most. */
const wholeWindow = 35;
const youngDays = 14;

const at = (night: number): Date => new Date(`${addDays(firstNight, night)}T14:30:00Z`);

const sampleTable = `
  create table backtest_sample (
    platform text, account_id text, date date, age_days integer, spend numeric, conversions numeric,
    projected_conversions numeric, final_spend numeric, final_conversions numeric
  )`;

const takeSamples = async (pool: pg.Pool, now: Date): Promise<void> => {
  await pool.query(
    `insert into backtest_sample (platform, account_id, date, age_days, spend, conversions, projected_conversions)
     select m.platform, m.account_id, m.date, g.age, sum(m.spend), sum(m.conversions), sum(m.projected_conversions)
     from marts.cost_per_conversion_daily m
     join warehouse.account a using (account_key)
     join unnest($2::integer[]) g (age) on m.date = ($1::timestamptz at time zone a.time_zone)::date - g.age
     group by m.platform, m.account_id, m.date, g.age`,
    [now, ages],
  );
};

const errors = `
  with units as (
    select 'platform' as grain, platform, age_days, sum(spend) as spend, sum(conversions) as conversions,
           sum(projected_conversions) as projected, sum(final_spend) as final_spend,
           sum(final_conversions) as final_conversions
    from backtest_sample group by platform, age_days, date
    union all
    select 'account', platform, age_days, spend, conversions, projected_conversions, final_spend, final_conversions
    from backtest_sample
  )
  select grain, platform, age_days, count(*) as days,
         sum(abs(conversions - final_conversions)) / sum(final_conversions) as raw_error,
         sum(abs(projected - final_conversions)) / sum(final_conversions) as projected_error,
         sum(final_spend * abs(spend / nullif(conversions, 0) * final_conversions / nullif(final_spend, 0) - 1))
           / sum(final_spend) filter (where conversions > 0) as raw_cost_error,
         sum(final_spend * abs(spend / nullif(projected, 0) * final_conversions / nullif(final_spend, 0) - 1))
           / sum(final_spend) filter (where conversions > 0) as projected_cost_error
  from units where final_conversions > 0
  group by grain, platform, age_days order by grain desc, platform, age_days`;

/**
 * Plays nights through on an empty, migrated warehouse with the sandboxes' clock: every night the recent days are
 * pulled, loaded, rolled up, learned from and projected as by a sync, and what the mart says of days of ages 1, 3
 * and 7 is kept. Then the clock is set to long after, when everything has arrived, and both figures are judged.
 */
export const replay = async (options: ReplayOptions): Promise<readonly BacktestRow[]> => {
  const { pool, nights, signal } = options;
  let now = at(0);
  const clock = () => now;
  const log = pino({ level: "silent" });
  const worlds = trueWorlds(clock);
  await pool.query(sampleTable);
  for (let night = 0; night < nights; night += 1) {
    signal.throwIfAborted();
    now = at(night);
    for (const world of worlds) {
      const connector = truthConnector(world);
      const { slices } = await planPlatform({
        pool,
        connector,
        log,
        signal,
        now,
        named: undefined,
        range: {},
        lookbackDays: night % 7 === 0 ? wholeWindow : youngDays,
      });
      if (night === 0)
        await pool.query(
          "insert into ops.counting_rule (account_key, measure) select account_key, 'conversions' from warehouse.account on conflict do nothing",
        );
      for (const slice of slices)
        await runSlice(slice, { pool, connector, log, signal, runId: null, named: false });
    }
    await rollUpTouched({ pool, reportingCurrency: null, signal, clock });
    await learnMaturity({ pool, now });
    now = new Date(now.getTime() + 60_000);
    await rollUpTouched({ pool, reportingCurrency: null, signal, clock });
    await takeSamples(pool, now);
    options.onNight?.(night + 1);
  }
  now = at(nights + 100);
  const last = addDays(firstNight, nights);
  for (const world of worlds)
    for (const { id } of world.accounts) {
      const days = world.days(id, addDays(firstNight, -8), last);
      await pool.query(
        `update backtest_sample s set final_spend = t.spend, final_conversions = t.conversions
         from unnest($3::date[], $4::numeric[], $5::numeric[]) as t (date, spend, conversions)
         where s.platform = $1 and s.account_id = $2 and s.date = t.date`,
        [
          world.platform,
          id,
          days.map(({ date }) => date),
          days.map(({ spend }) => spend),
          days.map(({ conversions }) => conversions),
        ],
      );
    }
  const { rows } = await pool.query<BacktestRow>(errors);
  return rows;
};
