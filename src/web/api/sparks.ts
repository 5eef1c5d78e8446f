import { sql } from "kysely";
import { isBreakdown } from "../../domain/breakdown.ts";
import { addDays, countDays } from "../../domain/day.ts";
import type { BreakdownRow, Range } from "./answers.ts";
import { martFor, type Grouping } from "./grouping.ts";
import { adRowsOf } from "./groups.ts";
import { currencyOf, inCurrency, spendOf } from "./money.ts";
import { partRows } from "./part-rows.ts";
import { within } from "./query.ts";
import type { Read } from "./read.ts";

const points = 30;

/** A sparkline shows the end of a long range, one point a day. */
const shownOf = ({ from, to }: Range): Range => {
  const start = addDays(to, 1 - points);
  return { from: from > start ? from : start, to };
};

type Row = Pick<
  BreakdownRow,
  "platform" | "account_id" | "campaign_id" | "ad_group_id" | "part_id" | "currency"
>;

type Day = Row & { readonly place: number; readonly value: string | null };

const identity = ({ platform, account_id, campaign_id, ad_group_id, part_id, currency }: Row): string =>
  JSON.stringify([platform, account_id, campaign_id, ad_group_id, part_id, currency]);

/** Cost per conversion of each row by day (an action: its conversions), for the rows of one page only. */
export const sparks = async (
  read: Read,
  grouping: Grouping,
  rows: readonly Row[],
): Promise<(row: Row) => readonly (string | null)[]> => {
  if (rows.length === 0) return () => [];
  const range = shownOf(grouping.range);
  const { by, choice } = grouping;
  if (by === "campaign") return linesOf(await campaignDays(read, { ...grouping, range }, rows), range);
  if (by === "ad_group" || by === "ad")
    return linesOf(await adDays(read, { ...grouping, range }, rows), range);
  const account =
    by === "account"
      ? sql`m.account_id`
      : by === "action"
        ? sql`(select a.account_id from warehouse.account a where a.account_key = m.account_key)`
        : sql`null::text`;
  const parts = by === "network" || by === "action" || isBreakdown(by);
  const value =
    by === "action" ? sql`sum(m.conversions)` : sql`${spendOf(choice)} / nullif(sum(m.conversions), 0)`;
  const days = await read<Day>(sql`
    select m.platform, ${account} as account_id, null::text as campaign_id,
           null::text as ad_group_id, ${parts ? sql`m.part_id` : sql`null::text`} as part_id,
           ${currencyOf(choice)} as currency, m.date - ${range.from}::date as place, round(${value}, 6) as value
    from ${parts ? partRows(grouping) : sql`${sql.table(martFor(grouping))} m`}
    where ${within(range, grouping.keys, grouping.campaign)} ${inCurrency(choice)}
    group by 1, 2, 3, 4, 5, 6, 7`);
  return linesOf(days, range);
};

const linesOf = (days: readonly Day[], range: Range): ((row: Row) => readonly (string | null)[]) => {
  const length = countDays(range);
  const lines = new Map<string, (string | null)[]>();
  for (const day of days) {
    const line = lines.get(identity(day)) ?? Array.from<string | null>({ length }).fill(null);
    line[day.place] = day.value;
    lines.set(identity(day), line);
  }
  return (row) => lines.get(identity(row)) ?? [];
};

/** Each day of each campaign is one row of the mart, found by its key. */
const campaignDays = (
  read: Read,
  { range, choice }: Grouping,
  rows: readonly Row[],
): Promise<readonly Day[]> => {
  const spend = choice.mode === "reporting" ? sql`m.spend_reporting` : sql`m.spend`;
  return read<Day>(sql`
    select m.platform, m.account_id, m.campaign_id, null::text as ad_group_id, null::text as part_id,
           ${currencyOf(choice)} as currency,
           m.date - ${range.from}::date as place, round(${spend} / nullif(m.conversions, 0), 6) as value
    from unnest(${rows.map(({ platform }) => platform)}::text[], ${rows.map(({ account_id }) => account_id)}::text[],
                ${rows.map(({ campaign_id }) => campaign_id)}::text[]) as r (platform, account_id, campaign_id)
    join warehouse.account a on a.platform = r.platform and a.account_id = r.account_id
    cross join generate_series(${range.from}::date, ${range.to}::date, interval '1 day') as d (day)
    join marts.cost_per_conversion_daily m
      on m.account_key = a.account_key and m.date = d.day::date and m.campaign_id = r.campaign_id
    where ${within(range, undefined)} ${inCurrency(choice)}`);
};

/** Days of the ad groups or ads of a page, found by their account's days. */
const adDays = (read: Read, grouping: Grouping, rows: readonly Row[]): Promise<readonly Day[]> => {
  const { by, choice, range } = grouping;
  const ad = by === "ad" ? sql`m.ad_id` : sql`null::text`;
  const column = (name: "account_id" | "campaign_id" | "ad_group_id" | "part_id") =>
    rows.map((row) => row[name]);
  return read<Day>(sql`
    select m.platform, m.account_id, m.campaign_id, m.ad_group_id, ${ad} as part_id, ${currencyOf(choice)} as currency,
           m.date - ${range.from}::date as place, round(${spendOf(choice)} / nullif(sum(m.conversions), 0), 6) as value
    from ${sql.table(martFor(grouping))} m
    where ${adRowsOf(grouping)}
      and (m.account_id, m.campaign_id, m.ad_group_id, coalesce(${ad}, '')) in (
        select * from unnest(${column("account_id")}::text[], ${column("campaign_id")}::text[],
                             ${column("ad_group_id")}::text[], ${column("part_id").map((id) => id ?? "")}::text[]))
    group by 1, 2, 3, 4, 5, 6, 7`);
};
