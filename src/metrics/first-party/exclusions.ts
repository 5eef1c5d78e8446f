import { type FirstPartyDue, dueIds, isDue } from "./due.ts";
import { countedOrder, sameOrder } from "./orders.ts";
import { replaceRows } from "./replace-rows.ts";

/** Whether a conversion under this rule is counted at all, paid or not: repeats and those taken back are not. */
export const isCountedOnce = (rule: string): string =>
  `coalesce(${rule}, '') not in ('retracted', 'duplicate_order', 'counted_from_ga4')`;

/** Which conversion of its order each one repeats. */
const findRepeats = (due: FirstPartyDue): string => `
  update warehouse.first_party_conversion c set repeats_id = r.repeats_id
  from (
    select conversion_id, nullif(first_value(conversion_id) over same_order, conversion_id) as repeats_id
    from warehouse.first_party_conversion c where ${isDue(due, "conversion", "c")}
    window same_order as (${sameOrder})
  ) r
  where r.conversion_id = c.conversion_id and c.repeats_id is distinct from r.repeats_id`;

const excluded = (due: FirstPartyDue): string => `
  with ruled as (
    select c.*,
      case when c.retracted_at is not null then 'retracted'
           when c.repeats_id is not null or c.order_id = '${countedOrder}' then 'duplicate_order'
           when c.conversion_name = any($1::text[]) then 'counted_from_ga4'
           when c.evidence = 'expired_click' then 'expired_click'
           when c.traffic <> 'paid' then c.traffic
           when s.platform is null then 'uncosted' end as rule
    from warehouse.first_party_conversion c
    left join ops.costed_span s on s.platform = c.platform and c.date between s.from_date and s.to_date
    where ${isDue(due, "conversion", "c")}
  )
  select conversion_id, date, conversion_name, channel, traffic, platform, quantity as conversions,
    value as conversion_value, currency, rule,
    case rule
      when 'retracted' then 'taken back: reopened, lost, deleted, or missing from a file that replaced its day'
      when 'duplicate_order' then case when repeats_id is null then 'its order is counted already, and was that of somebody who was forgotten'
        else format('order %s is counted already as conversion %s', order_id, repeats_id) end
      when 'counted_from_ga4' then format('%s is counted from GA4''s key events', conversion_name)
      when 'expired_click' then 'its click is more than 90 days older'
      when 'uncosted' then format('paid, but no spend of %s is known for %s', coalesce(platform, 'its platform'), date)
      else format('%s is not paid traffic (by %s)', channel, evidence) end as detail
  from ruled where rule is not null`;

export const exclusionsSql = (due: FirstPartyDue): readonly string[] => [findRepeats(due), excluded(due)];

/** Which conversions stay out of the paid cost per conversion, each with the one rule that came first. */
export const rollUpExclusions = async (due: FirstPartyDue): Promise<void> => {
  const { client, settings } = due;
  await client.query("analyze due_conversion");
  if ((await dueIds(due, "conversion"))?.length === 0) return;
  await client.query(findRepeats(due));
  await replaceRows(client, {
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
    rows: excluded(due),
    within: { where: isDue(due, "conversion", "old"), parameters: [] },
  });
};
