import { type Kysely, sql } from "kysely";
import type { Day, DayRange } from "../../domain/day.ts";
import type { DB } from "../../warehouse/schema.ts";
import type { KnownAt } from "./segments.ts";
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
    select span.account_key as key, min(m.date) as day
    from unnest(${spans.map(({ key }) => key)}::int[], ${spans.map(({ from }) => from)}::date[],
                ${spans.map(({ to }) => to)}::date[], ${spans.map(({ at }) => at)}::timestamptz[])
      as span(account_key, since, till, known_at)
    join marts.cost_per_conversion_daily m
      on m.account_key = span.account_key and m.date between span.since and span.till
    where not exists (
      select from marts.cost_per_conversion_history h
      where h.account_key = m.account_key and h.date = m.date and h.observed_at <= span.known_at)
    group by span.account_key`.execute(options.db);
  return new Map(rows.map(({ key, day }) => [key, day]));
};
