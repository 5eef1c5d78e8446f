import { sql } from "kysely";
import { countDays } from "../../domain/day.ts";
import type { Range } from "./answers.ts";
import type { Keys } from "./query.ts";
import type { Read } from "./read.ts";

const chosen = (keys: Keys) =>
  keys === undefined ? sql`` : sql`and a.account_key = any(${[...keys]}::int[])`;

/** Account-days of a range that are missing, failed, or apart from the platform's own total. */
export const countGaps = async (read: Read, range: Range, keys: Keys): Promise<number> => {
  const [row] = await read<{ gaps: number }>(sql`
    select count(*)::int as gaps
    from ops.account_day d
    join warehouse.account a
      on a.platform = d.platform and a.account_id = d.account_id
      and d.date between coalesce(a.series_from, '-infinity') and coalesce(a.series_to, 'infinity')
    where d.date between ${range.from}::date and ${range.to}::date
      and (d.state in ('not_fetched', 'failed') or ops.differs(d)) ${chosen(keys)}`);
  return row?.gaps ?? 0;
};

/** The accounts that were asked for in one of two ranges, those apart whose days are not all there in both. */
export const wholeInBoth = async (
  read: Read,
  now: Range,
  before: Range,
  keys: Keys,
): Promise<{ readonly whole: readonly number[]; readonly partial: readonly number[] }> => {
  const within = (range: Range) => sql`d.date between ${range.from}::date and ${range.to}::date`;
  const rows = await read<{ account_key: number; whole: boolean }>(sql`
    select a.account_key, d.now = ${countDays(now)} and d.before = ${countDays(before)} as whole
    from (
      select d.platform, d.account_id, count(*) filter (where ${within(now)} and d.good) as now,
             count(*) filter (where ${within(before)} and d.good) as before
      from (select d.*, d.state in ('complete', 'no_spend', 'account_closed') as good from ops.account_day d) d
      where ${within(now)} or ${within(before)}
      group by 1, 2
    ) d
    join warehouse.account a on a.platform = d.platform and a.account_id = d.account_id
    where true ${chosen(keys)}`);
  const keysOf = (whole: boolean): number[] =>
    rows.filter((row) => row.whole === whole).map(({ account_key }) => account_key);
  return { whole: keysOf(true), partial: keysOf(false) };
};
