import { type Kysely, sql } from "kysely";
import type { Connector } from "../connectors/connector.ts";
import { type Day, type DayRange, windowsOf } from "../domain/day.ts";
import type { Account } from "../domain/facts.ts";
import type { DB } from "../warehouse/schema.ts";

/** One day on which our rows and the platform's own total are not the same. Amounts in the account's currency. */
export interface Difference {
  readonly date: Day;
  readonly platform_spend: string;
  /** NULL where the day was never published. */
  readonly our_spend: string | null;
  readonly difference: string | null;
  readonly cause: string;
}

/**
 * Asks the platform for its totals anew and sets them against the stored rows, day by day. A day whose last fetch
 * did not add up is a difference too, with what was fetched then.
 */
export const reconcileAccount = async (options: {
  readonly db: Kysely<DB>;
  readonly connector: Connector;
  readonly account: Account;
  readonly range: DayRange;
  readonly signal: AbortSignal;
}): Promise<readonly Difference[]> => {
  const { db, connector, account, range, signal } = options;
  const totals: { date: Day; spend: string }[] = [];
  for (const window of windowsOf(range, connector.windowDays))
    for await (const batch of connector.totals({ account, signal, ...window }))
      totals.push(...batch.map(({ date, spend }) => ({ date, spend })));
  const { rows } = await sql<Difference>`
    with platform as (
      select date, spend::numeric(18, 6) as spend
      from unnest(${totals.map(({ date }) => date)}::date[], ${totals.map(({ spend }) => spend)}::numeric[])
        as t (date, spend)
    ),
    ours as (
      select f.date, sum(f.spend) as spend
      from warehouse.ad_daily f
      join warehouse.account a using (account_key)
      where a.platform = ${account.platform} and a.account_id = ${account.id}
        and f.date between ${range.from} and ${range.to} and a.series_to is null
      group by f.date
    ),
    days as (
      select d::date as date from generate_series(${range.from}::date, ${range.to}::date, interval '1 day') d
      -- Days in another currency or zone: the platform's answer is about other ones.
      where not exists (
        select from warehouse.account a
        where a.platform = ${account.platform} and a.account_id = ${account.id} and d::date <= a.series_to)
    ),
    compared as (
      select d.date, coalesce(p.spend, 0) as platform_spend, s.state, s.cause, s.fetched_at is null as never_fetched,
             -- Rounding was judged when the day was published. A total that is another now has changed, unless by less
             -- than anybody could be billed.
             case when coalesce(p.spend, 0) = s.platform_spend then s.rounding
                  else warehouse.rounding(${account.currency}, 0) end as rounding,
             case when s.state = 'failed' and s.our_spend is not null then s.our_spend
                  when o.spend is not null then o.spend
                  when s.state in ('complete', 'no_spend') then 0 end as our_spend
      from days d
      left join platform p using (date)
      left join ours o using (date)
      left join ops.account_day s
        on s.platform = ${account.platform} and s.account_id = ${account.id} and s.date = d.date
    )
    select date, platform_spend, our_spend, platform_spend - our_spend as difference,
           case when state = 'failed' then coalesce(cause, 'the last sync of the day failed')
                when our_spend is null then 'not fetched'
                when state = 'not_fetched' and not never_fetched then cause
                else 'the platform has changed its figure since the last sync' end as cause
    from compared
    where (our_spend is null or state = 'failed' or abs(platform_spend - our_spend) > coalesce(rounding, 0))
      and platform_spend is distinct from our_spend
      and not (our_spend is null and platform_spend = 0 and state is null)
    order by date`.execute(db);
  return rows;
};
