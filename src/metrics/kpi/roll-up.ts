import type { PoolClient } from "pg";
import { replaceRows } from "../first-party/replace-rows.ts";
import type { FirstPartySettings } from "../first-party/settings.ts";
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

/**
 * The rows of marts.kpi_daily, made from the catalogue. A side of a KPI is the sum of its terms; it is NULL where a
 * term was never seen, cannot be brought into one currency, or must be known for the day and is not.
 * $1 reporting currency, $2 GA4 key events, $3 see `measureRelations`, $4 targets.
 */
const kpiSql = `
  with ${measureRelations},
  kpi (nr, id, unit, grain, is_ratio, source) as (values
    ${kpiRows.join(",\n    ")}),
  term (nr, side, measure, factor, missing) as (values
    ${kpis.flatMap(termRows).join(",\n    ")}),
  raw as materialized (
    select date, measure, platform, currency, sum(amount) as amount
    from (${measureSql}
    ) measured
    where date is not null
    group by 1, 2, 3, 4
  ),
  rate as (
    select currency, date, warehouse.rate_on(date, currency, $1) as rate
    from (select distinct currency, date from raw where currency <> '' and currency <> $1) pair
  ),
  converted as (
    select r.date, r.measure, r.platform,
      case when r.currency = '' or $1::text is null or r.currency = $1 then r.amount else r.amount * x.rate end as amount,
      case when r.currency = '' then null else coalesce($1, r.currency) end as currency
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
  ever as (select distinct measure from raw),
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
  select date, kpi, dimensions, numerator::numeric(18, 6), denominator::numeric(18, 6),
    case when not is_ratio then numerator when denominator > 0 then figures.ratio(numerator, denominator) end::numeric(18, 6) as value,
    case unit when 'currency' then coalesce(currency, $1, '') else unit end as unit
  from figure
  union all
  select s.date, 'target_progress', jsonb_build_object('target', g.name), (s.amount - g.baseline)::numeric(18, 6),
    (g.target - g.baseline)::numeric(18, 6), figures.ratio(s.amount - g.baseline, g.target - g.baseline), 'ratio'
  from jsonb_to_recordset($4::jsonb) as g (name text, measure text, baseline numeric, target numeric)
  join summed s on s.measure = g.measure and s.dimensions = '{}'`;

/** Every KPI of every day, for everything and by platform. */
export const rollUpKpis = (client: PoolClient, settings: FirstPartySettings): Promise<void> =>
  replaceRows(client, {
    table: "marts.kpi_daily",
    key: ["date", "kpi", "dimensions"],
    columns: ["date", "kpi", "dimensions", "numerator", "denominator", "value", "unit"],
    rows: kpiSql,
    parameters: [
      settings.reportingCurrency ?? null,
      settings.ga4KeyEvents ?? [],
      settings.timeZone,
      JSON.stringify(settings.targets ?? []),
    ],
  });
