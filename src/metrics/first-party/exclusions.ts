import type { PoolClient } from "pg";
import type { FirstPartySettings } from "./settings.ts";
import { replaceRows } from "./replace-rows.ts";

/**
 * From when to when each platform's spend is known, by its own facts, by days that it reported nothing for, or by
 * imported ad spend. A paid conversion outside has no spend to be divided by: it is uncosted.
 */
export const costedSpans = `
  select platform, min(date) as from_date, max(date) as to_date
  from (
    select platform, date from marts.cost_per_conversion_daily
    union all
    select platform, date from ops.account_day where state in ('complete', 'no_spend')
    union all
    select platform, date from warehouse.cost_daily where cost_class = 'ad_spend' and platform <> ''
  ) known
  group by platform`;

/** Whether a conversion under this rule is counted at all, paid or not: repeats and those taken back are not. */
export const isCountedOnce = (rule: string): string =>
  `coalesce(${rule}, '') not in ('retracted', 'duplicate_order', 'counted_from_ga4')`;

/** Which conversions stay out of the paid cost per conversion, each with the one rule that came first. */
export const rollUpExclusions = (client: PoolClient, settings: FirstPartySettings): Promise<void> =>
  replaceRows(client, {
    table: "marts.excluded_conversions",
    key: ["conversion_id"],
    columns: [
      "conversion_id",
      "date",
      "conversion_name",
      "channel",
      "traffic",
      "platform",
      "conversions",
      "conversion_value",
      "currency",
      "rule",
      "detail",
    ],
    parameters: [settings.ga4KeyEvents ?? []],
    rows: `
      with span as (${costedSpans}),
      ranked as (
        select c.*,
          first_value(conversion_id) over same_order as first_id,
          row_number() over same_order as place
        from warehouse.first_party_conversion c
        window same_order as (
          partition by conversion_name, coalesce(nullif(order_id, ''), 'id:' || conversion_id)
          order by retracted_at nulls first, converted_at, conversion_id)
      ),
      ruled as (
        select r.*,
          case when r.retracted_at is not null then 'retracted'
               when r.place > 1 then 'duplicate_order'
               when r.conversion_name = any($1::text[]) then 'counted_from_ga4'
               when r.evidence = 'expired_click' then 'expired_click'
               when r.traffic <> 'paid' then r.traffic
               when s.platform is null then 'uncosted' end as rule
        from ranked r
        left join span s on s.platform = r.platform and r.date between s.from_date and s.to_date
      )
      select conversion_id, date, conversion_name, channel, traffic, platform, quantity as conversions,
        value as conversion_value, currency, rule,
        case rule
          when 'retracted' then 'taken back: reopened, lost, deleted, or missing from a file that replaced its day'
          when 'duplicate_order' then format('order %s is counted already as conversion %s', order_id, first_id)
          when 'counted_from_ga4' then format('%s is counted from GA4''s key events', conversion_name)
          when 'expired_click' then 'its click is more than 90 days older'
          when 'uncosted' then format('paid, but no spend of %s is known for %s', coalesce(platform, 'its platform'), date)
          else format('%s is not paid traffic (by %s)', channel, evidence) end as detail
      from ruled where rule is not null`,
  });
