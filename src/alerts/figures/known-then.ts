import { type Kysely, sql } from "kysely";
import type { Day, DayRange } from "../../domain/day.ts";
import type { DB } from "../../warehouse/schema.ts";
import type { KnownAt } from "./source.ts";
import type { CoveredAccount } from "./coverage.ts";

/**
 * Days whose figures had not come in at the moment that is looked back from: they have figures today, but had none
 * then. A replay must not take such a day for one without spend. Gives the first such day of each account's window.
 */
export const unknownThen = async (options: {
  readonly db: Kysely<DB>;
  readonly figures: Extract<KnownAt, { known: "then" }>;
  readonly windows: readonly { readonly account: CoveredAccount; readonly days: DayRange }[];
}): Promise<ReadonlyMap<number, Day>> => {
  const spans = options.windows.flatMap(({ account, days }) =>
    account.accountKey === null
      ? []
      : [{ ...days, key: account.accountKey, at: options.figures.at(account) }],
  );
  const { rows } = await sql<{ key: number; day: Day }>`
    with span as materialized (
      select * from unnest(${spans.map(({ key }) => key)}::int[], ${spans.map(({ from }) => from)}::date[],
                           ${spans.map(({ to }) => to)}::date[], ${spans.map(({ at }) => at)}::timestamptz[])
        as s(account_key, since, till, known_at)
    )
    select m.account_key as key, min(m.date) as day
    from marts.cost_per_conversion_daily m
    join span on span.account_key = m.account_key and m.date between span.since and span.till
    left join (
      select h.account_key, h.date, min(h.observed_at) as first_known
      from marts.cost_per_conversion_history h
      join span on span.account_key = h.account_key and h.date between span.since and span.till
      group by h.account_key, h.date
    ) h on h.account_key = m.account_key and h.date = m.date
    where h.first_known is null or h.first_known > span.known_at
    group by m.account_key`.execute(options.db);
  return new Map(rows.map(({ key, day }) => [key, day]));
};
