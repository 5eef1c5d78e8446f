import { type Kysely, type RawBuilder, sql } from "kysely";
import type { DayRange } from "../../domain/day.ts";
import type { DB } from "../../warehouse/schema.ts";
import { kpis, targetProgress } from "./catalogue.ts";

/** What figures of a KPI may be broken down by. */
export const kpiKeys = ["platform", "date", "week", "month"] as const;
export type KpiKey = (typeof kpiKeys)[number];

/** One KPI over one period, as decimal text. */
export interface KpiRow {
  readonly kpi: string;
  readonly period: string | null;
  readonly platform: string | null;
  /** Who counted the conversions, or which target is meant. */
  readonly of: string | null;
  readonly numerator: string | null;
  readonly denominator: string | null;
  readonly value: string | null;
  readonly unit: string;
  /** Share of the days with data for which both sides are known; the figures are those days'. */
  readonly coverage: string;
}

export const kpiIds: readonly string[] = [...new Set([...kpis.map(({ id }) => id), targetProgress.id])];

type KpiQuestion = DayRange & { readonly ids: readonly string[]; readonly by: readonly KpiKey[] };

const states = [...kpis.filter(({ isState }) => isState).map(({ id }) => id), targetProgress.id];
const plain = kpis.filter(({ denominator }) => denominator.length === 0).map(({ id }) => id);

const periods = {
  date: "k.date",
  week: "date_trunc('week', k.date)::date",
  month: "date_trunc('month', k.date)::date",
} as const;

/**
 * KPIs over a range: sums first and one division each, over the days on which both sides are known. A state of a day
 * (a rank, progress towards a target) is not summed: the last day's stands.
 */
export const kpiStatement = (options: KpiQuestion): RawBuilder<KpiRow> => {
  const period = (["date", "week", "month"] as const).find((key) => options.by.includes(key));
  const byPlatform = options.by.includes("platform");
  return sql<KpiRow>`
    with day as (
      select k.*, ${sql.raw(period === undefined ? "null::date" : periods[period])} as period,
        k.dimensions ->> 'platform' as platform,
        coalesce(k.dimensions ->> 'conversion_source', k.dimensions ->> 'target') as of,
        k.numerator is not null and (k.denominator is not null or k.kpi = any (${plain})) as known
      from marts.kpi_daily k
      where k.kpi = any (${options.ids}) and k.date between ${options.from} and ${options.to}
        and (k.dimensions ? 'platform') = ${byPlatform}
    )
    select kpi, period::text as period, platform, of,
      case when kpi = any (${states}) then (array_agg(numerator order by date desc))[1]
           else sum(numerator) filter (where known) end as numerator,
      case when kpi = any (${states}) then (array_agg(denominator order by date desc))[1]
           else sum(denominator) filter (where known) end as denominator,
      case when kpi = any (${states}) then (array_agg(value order by date desc))[1]
           when kpi = any (${plain}) then sum(numerator) filter (where known)
           when sum(denominator) filter (where known) > 0
             then sum(numerator) filter (where known) / sum(denominator) filter (where known) end as value,
      unit, round(count(*) filter (where known)::numeric / count(*), 4)::text as coverage
    from day
    group by kpi, period, platform, of, unit
    order by kpi, of, period, platform`;
};

export const readKpis = async (db: Kysely<DB>, options: KpiQuestion): Promise<readonly KpiRow[]> =>
  (await kpiStatement(options).execute(db)).rows;
