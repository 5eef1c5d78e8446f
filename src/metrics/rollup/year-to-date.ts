import type pg from "pg";
import { addDays, type Day } from "../../domain/day.ts";
import { ofDays } from "./facts.ts";
import { type Mart, marts } from "./fresh.ts";

/**
 * Sums of each campaign from 1 January on, at four points a month: any range is the difference of a few of them and the
 * days between a point and the range's edge.
 */

export const firstOfYear = (day: Day): Day => `${day.slice(0, 4)}-01-01`;
export const lastOfYear = (day: Day): Day => `${day.slice(0, 4)}-12-31`;

/** The points of the year of a day: the 8th, 16th, 24th and last day of each month. */
export const pointsOfYear = (day: Day): readonly Day[] =>
  Array.from({ length: 12 }, (_, index) => {
    const month = `${day.slice(0, 4)}-${String(index + 1).padStart(2, "0")}`;
    // The 28th and four days lie in the next month.
    const next = addDays(`${month}-28`, 4);
    return [`${month}-08`, `${month}-16`, `${month}-24`, addDays(`${next.slice(0, 7)}-01`, -1)];
  }).flat();

/** In SQL: the point that a day adds to first. */
const pointOf = `
  least(date + 7 - (extract(day from date)::integer - 1) % 8,
        (date_trunc('month', date::timestamp) + interval '1 month - 1 day')::date)`;

const measures = [
  "impressions",
  "clicks",
  "spend",
  "conversions",
  "conversion_value",
  "organic_conversions",
  "spend_reporting",
  "conversion_value_reporting",
  "days",
  "days_without_rate",
] as const;

/** Of the other figures a sum may be more than a bigint holds in millionths, and then it is NULL. */
export const isAlwaysHeld = (measure: string): boolean => measure === "impressions" || measure === "clicks";

/** In SQL: a running sum as it is stored. Infinity stands for what a bigint did not hold at the point before. */
const stored = (measure: string): string => {
  const sum = `coalesce(sum(p.${measure}) over running, 0)`;
  if (measure.startsWith("days")) return `${sum}::smallint as ${measure}`;
  return isAlwaysHeld(measure) ? `${sum}::bigint as ${measure}` : `figures.millionths(${sum}) as ${measure}`;
};

/** In SQL: a stored sum in whole units. */
const wholeUnits = (measure: string): string =>
  measure.startsWith("days") || isAlwaysHeld(measure)
    ? measure
    : `coalesce(${measure} * 0.000001, 'Infinity') as ${measure}`;

/**
 * `$1` the account, `$2` points of one year, `$3` the point before them, or the last day of the year before: sums go on
 * from there.
 */
export const yearToDate: Mart = {
  name: "campaign_year_to_date",
  key: ["date", "campaign_id"],
  figures: measures,
  fresh: `
  with part as (
    select date, campaign_id, ${measures.map(wholeUnits).join(", ")}
    from figures.campaign_year_to_date
    where account_key = $1 and date = $3::date and date_trunc('year', $3::date) = date_trunc('year', ($2::date[])[1])
    union all
    select ${pointOf} as point, campaign_id, sum(impressions), sum(clicks), sum(spend), sum(conversions),
           sum(conversion_value), sum(organic_conversions), sum(spend_reporting), sum(conversion_value_reporting), count(*),
           count(*) filter (where spend_reporting is null or conversion_value_reporting is null)
    from figures.${marts.daily.name}
    where account_key = $1 and date > $3::date and date <= (select max(point) from unnest($2::date[]) as p (point))
    group by point, campaign_id
  ), grid as (
    select c.campaign_id, p.date
    from (select campaign_id, min(date) as first from part group by 1) c
    join unnest($2::date[] || $3::date) as p (date)
      on p.date >= c.first and p.date <= (select max(date) from part)
  ), running as (
    select $1::integer as account_key, g.date, g.campaign_id, ${measures.map(stored).join(", ")}
    from grid g
    left join part p using (date, campaign_id)
    window running as (partition by g.campaign_id order by g.date)
  )
  select * from running where ${ofDays}`,
};

/** What a change of some days moves: of each year the points from the first of them on, and the point before. */
export const pointsMoved = async (
  client: pg.PoolClient,
  accountKey: number,
  days: readonly Day[],
): Promise<readonly { readonly points: readonly Day[]; readonly before: Day }[]> => {
  const firsts = new Map<string, Day>();
  for (const day of days.toSorted()) if (!firsts.has(firstOfYear(day))) firsts.set(firstOfYear(day), day);
  const moved = [];
  for (const [year, first] of firsts) {
    const points = pointsOfYear(year);
    const placeOf = (day: Day): number => points.findIndex((point) => point >= day);
    const { rows } = await client.query<{ last: Day | null }>(
      `select max(date)::text as last from figures.cost_per_conversion_by_account_daily
       where account_key = $1 and date >= $2::date and date < $3::date`,
      [accountKey, year, first],
    );
    // An account that paused has no point right before: sums go on from the last one it has.
    const last = rows[0]?.last ?? null;
    const place = last === null ? -1 : Math.min(placeOf(last), placeOf(first) - 1);
    moved.push({ points: points.slice(place + 1), before: points[place] ?? addDays(year, -1) });
  }
  return moved;
};
