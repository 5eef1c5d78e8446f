import { type RawBuilder, sql } from "kysely";
import * as z from "zod";
import { breakdowns as broughtBreakdowns, isBreakdown } from "../../domain/breakdown.ts";
import { type BreakdownCoverage, breakdownCoverage } from "../../metrics/coverage.ts";
import { type Breakdown, type BreakdownRow, breakdowns, type Figures } from "./answers.ts";
import { standingOf } from "./campaign-sums.ts";
import { WebProblem } from "../failures.ts";
import { chooseCurrency, figure, figureNames, figures } from "./money.ts";
import { grouped, nameOf, shown, totalsOf } from "./groups.ts";
import { accountKeys, amongKeys, currencyKey, filterKeys, pageKeys, search } from "./query.ts";
import { rangeKeys, resolveRange } from "./ranges.ts";
import type { Read } from "./read.ts";
import type { Grouping } from "./grouping.ts";
import { sparks } from "./sparks.ts";

const groupings = [...breakdowns, ...broughtBreakdowns] as const;

const sortable = ["name", ...figureNames] as const;

export const breakdownQuery = z.strictObject({
  ...rangeKeys,
  ...currencyKey,
  ...filterKeys,
  ...pageKeys,
  /** Of ad groups or ads. */
  ad_group: search,
  by: z.enum(groupings, `is none of ${groupings.join(", ")}`).default("platform"),
  q: search,
  sort: z.enum(sortable, `is none of ${sortable.join(", ")}`).default("spend"),
  order: z.enum(["asc", "desc"], "is neither asc nor desc").default("desc"),
});

export type BreakdownQuery = z.infer<typeof breakdownQuery>;

/** What the query speaks of, resolved once. */
export const groupingOf = async (read: Read, query: BreakdownQuery, named = false): Promise<Grouping> => {
  const range = await resolveRange(read, query);
  const keys = await accountKeys(read, query);
  const { by, campaign, ad_group: adGroup } = query;
  const isBelow = by === "ad_group" || by === "ad";
  if (isBelow && keys === undefined)
    throw new WebProblem(
      400,
      "by: ad groups and ads are shown within a platform or an account",
      "choose a platform, an account or a campaign",
    );
  return {
    by,
    range,
    choice: await chooseCurrency(read, query.currency),
    keys,
    campaign,
    adGroup: isBelow ? adGroup : undefined,
    standing: by === "campaign" ? await standingOf(read, range, keys) : [],
    named: named || query.sort === "name" || (query.q ?? "") !== "",
    q: query.q === "" ? undefined : query.q,
  };
};

/** Unknown figures come last whichever way one sorts; equal ones keep a fixed order, so that pages do not overlap. */
export const ordering = ({ by, sort, order }: BreakdownQuery): RawBuilder<unknown> => {
  const direction = order === "asc" ? sql`asc` : sql`desc`;
  const key = sort === "name" ? nameOf(by) : figure(sort);
  const rest =
    by === "campaign"
      ? sql`g.account_key, g.campaign_id`
      : sql`g.platform, g.account_id, g.campaign_id, g.ad_group_id, g.part, g.part_id`;
  return sql`${key} ${direction} nulls last, ${rest}, g.currency`;
};

type Line = BreakdownRow & { readonly kind: "row" | "total"; readonly count: number };

const plain = ({ kind: _kind, count: _count, ...row }: Line): BreakdownRow => row;

const totalOf = (line: Line): Figures & { currency: string | null } => {
  const entries = figureNames.map((name) => [name, line[name]] as const);
  return { ...(Object.fromEntries(entries) as unknown as Figures), currency: line.currency };
};

/** On how many of the account-days with figures a breakdown is known. */
const broughtOf = async (read: Read, { by, range, keys }: Grouping): Promise<Breakdown["brought"]> => {
  if (!isBreakdown(by)) return null;
  const among = keys === undefined ? sql`true` : amongKeys(sql`a.account_key`, keys);
  const [days] = await read<BreakdownCoverage>(breakdownCoverage(range, by, among));
  return days ?? null;
};

/** One page of groups, and the total of all of them: one pass over the mart, paged and sorted by the database. */
export const breakdown = async (read: Read, query: BreakdownQuery): Promise<Breakdown> => {
  const grouping = await groupingOf(read, query);
  const lines = await read<Line>(sql`
    with grouped as materialized (${grouped(grouping)}),
    totals as (${totalsOf(grouping)}),
    page as (
      select * from grouped g order by ${ordering(query)} limit ${query.size} offset ${(query.page - 1) * query.size}
    )
    select * from (
      select 'row' as kind, row_number() over (order by ${ordering(query)}) as place, g.platform, g.account_id,
             g.account_name, g.campaign_id, g.campaign_name, g.ad_group_id, g.ad_group_name, g.part, g.part_id, g.currency,
             g.is_final, 0 as count,
             ${figures}
      from (${shown(grouping, sql`page`)}) g
    ) g
    union all
    select 'total', null, '', null, null, null, null, null, null, null, null, g.currency, g.is_final, g.count, ${figures} from totals g
    order by 2 nulls last, currency`);
  const rows = lines.filter(({ kind }) => kind === "row").map(plain);
  const totals = lines.filter(({ kind }) => kind === "total");
  const lineOf = await sparks(read, grouping, rows);
  return {
    range: grouping.range,
    currency: grouping.choice,
    by: query.by,
    page: query.page,
    size: query.size,
    count: totals.reduce((sum, { count }) => sum + count, 0),
    rows: rows.map((row) => ({ ...row, spark: lineOf(row) })),
    totals: totals.map(totalOf),
    brought: await broughtOf(read, grouping),
  };
};
