import { type RawBuilder, sql } from "kysely";
import { isBreakdown } from "../../domain/breakdown.ts";
import { addDays, type DayRange } from "../../domain/day.ts";
import { monthOf } from "./campaign-points.ts";
import { martOf, type Grouping } from "./grouping.ts";

const measures = sql`n.spend, n.spend_reporting, n.impressions, n.clicks, n.organic_conversions`;

const martColumns: Readonly<Record<string, RawBuilder<unknown>>> = {
  device: sql`n.device as part_id, n.device as part_name, ${measures}`,
  country: sql`n.country as part_id, n.country as part_name, ${measures}`,
  keyword: sql`
    concat_ws('/', nullif(n.ad_group_id, ''), n.keyword_id) as part_id,
    coalesce(n.keyword || ' (' || lower(n.match_type) || ')', n.keyword_id) as part_name, ${measures}`,
  search_term: sql`n.search_term as part_id, n.search_term as part_name, ${measures}`,
  network: sql`n.network as part_id, n.network as part_name, n.spend, n.spend_reporting, n.impressions, n.clicks,
               n.organic_conversions`,
  action: sql`n.conversion_action_id as part_id, n.conversion_action_name as part_name`,
};

const sums = sql`n.account_key, n.date, n.platform, n.currency, n.conversions, n.conversion_value, n.conversion_value_reporting`;

const sharedColumns = sql`${sums}, n.is_final`;

/** Sums know neither names nor what is final. */
const summedColumns: Readonly<Record<string, RawBuilder<unknown>>> = {
  network: sql`
    ${sums}, coalesce(n.last_date < o.date, false) as is_final, n.part_id, n.part_id as part_name, n.spend,
    n.spend_reporting, n.impressions, n.clicks, n.organic_conversions`,
  action: sql`
    ${sums}, coalesce(n.last_date < o.date, false) as is_final, n.part_id, c.name as part_name`,
};

const summedFrom = (by: string, table: RawBuilder<unknown>): RawBuilder<unknown> => sql`
  from ${table} n
  left join ops.first_open_day o on o.account_key = n.account_key
  ${
    by === "action"
      ? sql`left join warehouse.conversion_action c on c.account_key = n.account_key and c.conversion_action_id = n.part_id`
      : sql``
  }`;

/** The whole months of a range, as the day from which and the day before which they are; empty: the same day. */
const wholeMonths = ({ from, to }: DayRange): { readonly since: string; readonly before: string } => {
  const since = from === monthOf(from) ? from : monthOf(from, 1);
  const before = monthOf(addDays(to, 1));
  return before > since ? { since, before } : { since: from, before: from };
};

/** Where days are asked for one by one, or a month at a time where that will do. */
export type PartLength = "day" | "month";

const summedRows = ({ by, range }: Grouping, grain: PartLength): RawBuilder<unknown> => {
  const { since, before } =
    grain === "month" ? wholeMonths(range) : { since: range.from, before: range.from };
  const days = sql`
    select ${summedColumns[by]} ${summedFrom(by, sql`(select p.*, p.date as last_date from ops.part_day p)`)}
    where n.part_kind = ${sql.lit(by)} and n.date between ${range.from}::date and ${range.to}::date`;
  if (since === before) return days;
  return sql`
    ${days} and (n.date < ${since}::date or n.date >= ${before}::date)
    union all
    select ${summedColumns[by]} ${summedFrom(by, sql`(select p.*, p.month as date from ops.part_month p)`)}
    where n.part_kind = ${sql.lit(by)} and n.month >= ${since}::date and n.month < ${before}::date`;
};

/**
 * Rows by network or action as a table `m`: added up over campaigns (and over months, dated by their first day) where
 * that stands, else those of the mart.
 */
export const partRows = (grouping: Grouping, grain: PartLength): RawBuilder<unknown> => {
  const { by } = grouping;
  // Breakdowns that are asked for are summed up nowhere else.
  if (grouping.campaign !== undefined || isBreakdown(by))
    return sql`(select ${sharedColumns}, n.campaign_id, ${martColumns[by]} from ${sql.table(martOf[by])} n) m`;
  const stale = grouping.standing.flatMap(({ account_key, stale }) =>
    stale.map((month) => ({ account_key, month })),
  );
  if (stale.length === 0) return sql`(${summedRows(grouping, grain)}) m`;
  const months = sql`
    unnest(${stale.map(({ account_key }) => account_key)}::int[], ${stale.map(({ month }) => month)}::date[])
      as t (account_key, month)`;
  const isStale = sql`
    t.account_key = n.account_key and n.date >= t.month and n.date < t.month + interval '1 month'`;
  return sql`(
    select * from (${summedRows(grouping, grain)}) n where not exists (select from ${months} where ${isStale})
    union all
    select ${sharedColumns}, ${martColumns[by]} from ${months} join ${sql.table(martOf[by])} n on ${isStale}
  ) m`;
};
