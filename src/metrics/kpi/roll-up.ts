import type { Day } from "../../domain/day.ts";
import type { FirstPartyDue } from "../first-party/due.ts";
import { ofDays } from "../first-party/marts.ts";
import { replaceRows } from "../first-party/replace-rows.ts";
import { kpis } from "./catalogue.ts";
import type { Kpi, Term } from "./kpi.ts";
import { measureRelations, measureSql } from "./measure-sql.ts";

const termRows = (kpi: Kpi, index: number): readonly string[] => {
  const side = (name: string, terms: readonly Term[]) =>
    terms.map(
      ({ measure, factor = 1, missing = "ever" }) =>
        `(${String(index)}, '${name}', '${measure}', ${String(factor)}::numeric, '${missing}')`,
    );
  return [...side("numerator", kpi.numerator), ...side("denominator", kpi.denominator)];
};

const kpiRows = kpis.map(
  ({ id, unit, grain, conversionSource, denominator }, index) =>
    `(${String(index)}, '${id}', '${unit}', '${grain}', ${String(denominator.length > 0)}, '${
      conversionSource === undefined ? "{}" : JSON.stringify({ conversion_source: conversionSource })
    }'::jsonb)`,
);

/** Parameters are those of `measureRelations`. */
const measuredSql = `
  with ${measureRelations}
  select date, measure, platform, currency, sum(amount) as amount
  from (${measureSql}
  ) measured
  where date is not null
  group by 1, 2, 3, 4`;

/**
 * The rows of marts.kpi_daily, made from the catalogue. A side of a KPI is the sum of its terms; it is NULL where a
 * term was never seen, cannot be brought into one currency, or must be known for the day and is not.
 * $1 the days, $2 reporting currency, $3 targets, $4 the measures that were ever seen.
 */
const kpiSql = `
  with kpi (nr, id, unit, grain, is_ratio, source) as (values
    ${kpiRows.join(",\n    ")}),
  term (nr, side, measure, factor, missing) as (values
    ${kpis.flatMap(termRows).join(",\n    ")}),
  raw as (
    select date, measure, platform, currency, amount from figures.kpi_measure_daily where date = any ($1::date[])
  ),
  rate as (
    select currency, date, warehouse.rate_on(date, currency, $2) as rate
    from (select distinct currency, date from raw where currency <> '' and currency <> $2) pair
  ),
  converted as (
    select r.date, r.measure, r.platform,
      case when r.currency = '' or $2::text is null or r.currency = $2 then r.amount else r.amount * x.rate end as amount,
      case when r.currency = '' then null else coalesce($2, r.currency) end as currency
    from raw r left join rate x using (currency, date)
  ),
  summed as materialized (
    select date, dimensions, measure, min(currency) as currency,
      case when bool_or(amount is null) or count(distinct currency) > 1 then null else sum(amount) end as amount
    from (
      select date, '{}'::jsonb as dimensions, measure, amount, currency from converted
      union all
      select date, jsonb_build_object('platform', platform), measure, amount, currency from converted where platform <> ''
    ) leveled
    group by 1, 2, 3
  ),
  ever as (select measure from unnest($4::text[]) as seen (measure)),
  -- Tools and people that are booked on no platform: a fully loaded figure exists for everything only.
  unplaced as (select distinct date from raw where measure in ('tool_cost', 'labour_cost') and platform = ''),
  wanted as (
    select distinct s.date, s.dimensions, k.nr
    from summed s
    join term t on t.measure = s.measure and t.missing <> 'none'
    join kpi k on k.nr = t.nr
    where s.dimensions = '{}' or (k.grain = 'platform'
      and not (exists (select from term o where o.nr = k.nr and o.missing = 'none')
               and exists (select from unplaced u where u.date = s.date)))
  ),
  side as (
    select w.date, w.dimensions, w.nr, t.side, min(s.currency) as currency,
      case when bool_or(case when s.measure is not null then s.amount is null
                             when t.missing = 'none' then false
                             when t.missing = 'day' then true
                             else e.measure is null end)
             or count(distinct s.currency) > 1 then null
           else sum(t.factor * coalesce(s.amount, 0)) end as amount
    from wanted w
    join term t on t.nr = w.nr
    left join summed s on s.date = w.date and s.dimensions = w.dimensions and s.measure = t.measure
    left join ever e on e.measure = t.measure
    group by 1, 2, 3, 4
  ),
  figure as (
    select n.date, k.id as kpi, n.dimensions || k.source as dimensions, k.unit, k.is_ratio,
      case when d.currency <> n.currency then null else n.amount end as numerator, d.amount as denominator,
      coalesce(n.currency, d.currency) as currency
    from side n join kpi k using (nr)
    left join side d on d.date = n.date and d.dimensions = n.dimensions and d.nr = n.nr and d.side = 'denominator'
    where n.side = 'numerator'
  )
  select date, kpi, dimensions, figures.storable(numerator) as numerator, figures.storable(denominator) as denominator,
    case when not is_ratio then figures.storable(numerator) when denominator > 0 then figures.ratio(numerator, denominator) end as value,
    case unit when 'currency' then coalesce(currency, $2, '') else unit end as unit
  from figure
  union all
  select s.date, 'target_progress', jsonb_build_object('target', g.name), figures.storable(s.amount - g.baseline),
    figures.storable(g.target - g.baseline), figures.ratio(s.amount - g.baseline, g.target - g.baseline), 'ratio'
  from jsonb_to_recordset($3::jsonb) as g (name text, measure text, baseline numeric, target numeric)
  join summed s on s.measure = g.measure and s.dimensions = '{}'`;

export const kpiStatements: readonly string[] = [measuredSql, kpiSql];

/** What the KPIs of the days are made of. */
export const rollUpMeasures = ({ client, settings }: FirstPartyDue, days: readonly Day[]): Promise<void> =>
  replaceRows(client, {
    table: "figures.kpi_measure_daily",
    key: ["date", "measure", "platform", "currency"],
    columns: ["date", "measure", "platform", "currency", "amount"],
    rows: measuredSql,
    parameters: [days, settings.ga4KeyEvents ?? [], settings.timeZone],
    within: ofDays(days),
  });

/** The measures that any day has: others are unknown, and these are 0 where a day has none. */
export const measuresSeen = async ({ client }: FirstPartyDue): Promise<readonly string[]> => {
  // One look into the index each: the measures of ten years are as many as those of a day.
  const { rows } = await client.query<{ measure: string }>(
    `with recursive seen as (
       (select measure from figures.kpi_measure_daily order by measure limit 1)
       union all
       select (select m.measure from figures.kpi_measure_daily m where m.measure > s.measure order by m.measure limit 1)
       from seen s where s.measure is not null
     )
     select measure from seen where measure is not null order by measure`,
  );
  return rows.map(({ measure }) => measure);
};

/** Every KPI of the days, for everything and by platform. */
export const rollUpKpis = (
  { client, settings }: FirstPartyDue,
  days: readonly Day[],
  seen: readonly string[],
): Promise<void> =>
  replaceRows(client, {
    table: "marts.kpi_daily",
    key: ["date", "kpi", "dimensions"],
    columns: ["date", "kpi", "dimensions", "numerator", "denominator", "value", "unit"],
    rows: kpiSql,
    parameters: [days, settings.reportingCurrency ?? null, JSON.stringify(settings.targets ?? []), seen],
    within: ofDays(days),
  });
