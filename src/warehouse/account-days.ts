import type pg from "pg";
import type { DayRange } from "../domain/day.ts";
import type { Platform } from "../domain/platform.ts";
import { type DayCheck, roundingOf } from "./load/judge-days.ts";
import type { PartDays } from "./load/staged-window.ts";

export interface AccountDays extends DayRange {
  readonly platform: Platform;
  readonly accountId: string;
}

/**
 * Every account has a row for each day from the first to the last that was ever asked for; a new one starts as
 * `not_fetched`.
 */
export const expectDays = async (pool: pg.Pool, expected: readonly AccountDays[]): Promise<void> => {
  if (expected.length === 0) return;
  await pool.query(
    `insert into ops.account_day (platform, account_id, date)
     select e.platform, e.account_id, d::date
     from (select platform, account_id, min(first) as first, max(last) as last
           from unnest($1::text[], $2::text[], $3::date[], $4::date[]) as e (platform, account_id, first, last)
           group by platform, account_id) e
     cross join lateral (
       select least(min(date), e.first) as first, greatest(max(date), e.last) as last, count(*) as days
       from ops.account_day a where a.platform = e.platform and a.account_id = e.account_id) known
     cross join lateral generate_series(known.first, known.last, interval '1 day') d
     -- Where every day has its row, none is looked up.
     where known.days <= known.last - known.first
     on conflict do nothing`,
    [
      expected.map(({ platform }) => platform),
      expected.map(({ accountId }) => accountId),
      expected.map(({ from }) => from),
      expected.map(({ to }) => to),
    ],
  );
};

/** Marks days whose slice failed; a day whose good figures are in the warehouse keeps its state. */
export const markDays = async (
  pool: pg.Pool,
  days: AccountDays,
  state: "failed" | "account_closed",
  cause: string,
): Promise<void> => {
  await pool.query(
    `update ops.account_day set state = $5, cause = $6
     where platform = $1 and account_id = $2 and date between $3 and $4
       and state not in ('complete', 'no_spend')`,
    [days.platform, days.accountId, days.from, days.to, state, cause],
  );
};

/** Says why the days of an account that nobody asked for yet stay that way. */
export const noteUnfetched = async (
  pool: pg.Pool,
  { platform, accountId }: Omit<AccountDays, keyof DayRange>,
  cause: string,
): Promise<void> => {
  await pool.query(
    `update ops.account_day set cause = $3
     where platform = $1 and account_id = $2 and state = 'not_fetched' and fetched_at is null and cause is null`,
    [platform, accountId, cause],
  );
};

export interface RecordedDays extends AccountDays {
  readonly client: pg.PoolClient;
  readonly accountKey: number;
  readonly sliceId: string;
  readonly verdicts: readonly DayCheck[];
  /** Days that had not ended when they were asked for: their figures stand, and are asked for again. */
  readonly openDays: readonly string[];
  /** What of the days was staged. Spend that was not stays as it was found. */
  readonly days: PartDays;
}

/** Those of the days that have conversions in the warehouse. */
const converting = async (
  client: pg.PoolClient,
  accountKey: number,
  days: readonly string[],
): Promise<readonly string[]> => {
  if (days.length === 0) return [];
  const { rows } = await client.query<{ date: string }>(
    `select d as date from unnest($2::date[]) d
     where exists (
       select from warehouse.conversion_daily
       where account_key = $1 and date = d and date between $3 and $4)`,
    [accountKey, days, days[0], days.at(-1)],
  );
  return rows.map(({ date }) => date);
};

/**
 * Records what reconciliation found, in the transaction that publishes the figures. A good day's rows add up to the
 * platform's total, residual rows included; the cause names what the residual is. A day is whole only if it had ended
 * before it was asked for.
 */
export const recordDays = async (record: RecordedDays): Promise<void> => {
  const { client, sliceId, accountKey, verdicts } = record;
  const bad = verdicts.filter(({ problem }) => problem !== null);
  const odd = verdicts.filter(({ problem, warning }) => problem === null && warning !== null);
  const spent = new Set(record.days.get("delivery"));
  const told = new Set(record.days.get("outcome"));
  const good = verdicts.filter(({ problem }) => problem === null).map(({ date }) => date);
  await client.query(
    `with days as (
       select d as date from unnest($3::date[]) d
     ),
     parts as (select * from staging.delivery_part where slice_id = $1 and account_key = $2),
     counts as (
       select date, campaign_id, sum(row_count) as row_count from parts where not is_residual
       group by grouping sets ((date), (date, campaign_id))
     ),
     residuals as (
       select r.date, sum(r.spend) as spend,
              string_agg(distinct
                case when abs(r.spend) <= ${roundingOf("coalesce(n.row_count, 0)")} then 'rounding'
                     when r.campaign_id = '' then 'unknown'
                     when c.type = 'PERFORMANCE_MAX' then 'performance_max'
                     else 'deleted_ads' end, ', ') filter (where r.spend <> 0) as cause
       from parts r
       left join warehouse.campaign c on c.account_key = $2 and c.campaign_id = r.campaign_id
       left join counts n
         on n.date = r.date and n.campaign_id is not distinct from nullif(r.campaign_id, '')
       where r.is_residual
       group by r.date
     ),
     sums as (select date, sum(spend) as spend from parts group by date),
     conversions as (
       select date from staging.outcome_part where slice_id = $1 and account_key = $2
       union
       select unnest($4::date[])
     )
     insert into ops.account_day as a (platform, account_id, date, state, platform_spend, our_spend, difference,
                                       residual_spend, rounding, residual_cause, cause, fetched_at, slice_id)
     select $5, $6, d.date,
            case when d.date = any ($7::date[]) then 'not_fetched'
                 when s.date is null and t.date is null and c.date is null then 'no_spend'
                 when coalesce(s.spend, 0) = 0 and coalesce(t.spend, 0) = 0 and c.date is null then 'no_spend'
                 else 'complete' end,
            coalesce(t.spend, 0)::numeric(18, 6), coalesce(s.spend, 0)::numeric(18, 6),
            (coalesce(t.spend, 0) - coalesce(s.spend, 0))::numeric(18, 6), coalesce(r.spend, 0)::numeric(18, 6),
            (${roundingOf("coalesce(n.row_count, 0)")})::numeric(18, 6), r.cause,
            nullif(concat_ws(', ', r.cause, w.warning,
                             case when d.date = any ($7::date[]) then 'fetched before the day had ended' end), ''),
            clock_timestamp(), $1
     from days d
     left join unnest($8::date[], $9::text[]) as w (date, warning) using (date)
     left join sums s using (date)
     left join residuals r using (date)
     left join conversions c using (date)
     left join (select date, spend from staging.account_daily where slice_id = $1 and account_key = $2) t using (date)
     left join counts n on n.date = d.date and n.campaign_id is null
     on conflict (platform, account_id, date) do update
     set state = excluded.state, platform_spend = excluded.platform_spend, our_spend = excluded.our_spend,
         difference = excluded.difference, residual_spend = excluded.residual_spend,
         rounding = excluded.rounding, residual_cause = excluded.residual_cause, cause = excluded.cause,
         fetched_at = excluded.fetched_at, slice_id = excluded.slice_id`,
    [
      sliceId,
      accountKey,
      good.filter((date) => spent.has(date)),
      await converting(
        client,
        accountKey,
        good.filter((date) => spent.has(date) && !told.has(date)),
      ),
      record.platform,
      record.accountId,
      record.openDays,
      odd.map(({ date }) => date),
      odd.map(({ warning }) => warning),
    ],
  );
  const conversionsAlone = good.filter((date) => !spent.has(date));
  if (conversionsAlone.length > 0) {
    const converted = await client.query<{ date: string }>(
      "select distinct date from staging.outcome_part where slice_id = $1 and account_key = $2",
      [sliceId, accountKey],
    );
    await client.query(
      `update ops.account_day a
       set state = case when a.platform_spend = 0 and a.our_spend = 0 and d <> all ($7::date[]) then 'no_spend'
                        else 'complete' end,
           cause = nullif(concat_ws(', ', a.residual_cause, w.warning), ''),
           fetched_at = clock_timestamp(), slice_id = $1
       from unnest($2::date[]) d
       left join unnest($3::date[], $4::text[]) as w (date, warning) on w.date = d
       where a.platform = $5 and a.account_id = $6 and a.date = d`,
      [
        sliceId,
        conversionsAlone,
        odd.map(({ date }) => date),
        odd.map(({ warning }) => warning),
        record.platform,
        record.accountId,
        converted.rows.map(({ date }) => date),
      ],
    );
  }
  for (const { date, problem } of bad.filter(({ date }) => !spent.has(date)))
    await client.query(
      `update ops.account_day set state = 'failed', cause = $1, fetched_at = clock_timestamp(), slice_id = $2
       where platform = $3 and account_id = $4 and date = $5`,
      [problem, sliceId, record.platform, record.accountId, date],
    );
  for (const { date, platform_spend, fetched_spend, problem } of bad.filter(({ date }) => spent.has(date)))
    await client.query(
      `insert into ops.account_day (platform, account_id, date, state, platform_spend, our_spend, difference,
                                    residual_spend, cause, fetched_at, slice_id)
       values ($1, $2, $3, 'failed', $4::numeric, $5::numeric, $4::numeric - $5::numeric, 0, $6, clock_timestamp(), $7)
       on conflict (platform, account_id, date) do update
       set state = excluded.state, platform_spend = excluded.platform_spend, our_spend = excluded.our_spend,
           difference = excluded.difference, residual_spend = excluded.residual_spend, rounding = null,
           cause = excluded.cause, fetched_at = excluded.fetched_at, slice_id = excluded.slice_id`,
      [record.platform, record.accountId, date, platform_spend, fetched_spend, problem, sliceId],
    );
};
