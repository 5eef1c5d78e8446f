import { costedSpans, isCountedOnce } from "../first-party/exclusions.ts";

const measure = (
  name: string,
  amount: string,
  options: { platform?: string; currency?: string; from: string; date?: string; where?: string },
): string => `
    select ${options.date ?? "date"} as date, '${name}' as measure, ${options.platform ?? "''"} as platform,
           (${amount})::numeric as amount, ${options.currency ?? "''"} as currency
    from ${options.from}${options.where === undefined ? "" : ` where ${options.where}`}`;

/** The platforms' mart, added up by day and platform before it is taken apart into measures. */
const mart = "delivered";
const byPlatform = "coalesce(platform, '')";

/** First-party conversions with the rule that keeps them out, if any. */
const conversion = "judged";
const lead = "lead_day";

const costClass = (name: string, costClass: string): string =>
  measure(name, "amount", {
    platform: "platform",
    currency: "currency",
    from: "warehouse.cost_daily",
    where: `cost_class = '${costClass}'`,
  });

const paidLead = "traffic = 'paid' and is_costed";

/** Every measure as date, measure, platform, amount, currency; money in its own currency, '' for counts. */
export const measureSql: string = [
  measure("platform_spend", "spend", { platform: "platform", currency: "currency", from: mart }),
  measure("ad_spend", "spend", { platform: "platform", currency: "currency", from: mart }),
  costClass("ad_spend", "ad_spend"),
  costClass("tool_cost", "tool"),
  costClass("labour_cost", "labour"),
  costClass("contact_centre_cost", "contact_centre"),
  costClass("organic_activity_cost", "organic_activity"),
  measure("clicks", "clicks", { platform: "platform", from: mart }),
  measure("impressions", "impressions", { platform: "platform", from: mart }),
  measure("platform_conversions", "conversions", { platform: "platform", from: mart }),
  measure("platform_conversion_value", "conversion_value", {
    platform: "platform",
    currency: "currency",
    from: mart,
  }),
  measure("paid_conversions", "quantity", { platform: byPlatform, from: conversion, where: "rule is null" }),
  measure("all_conversions", "quantity", {
    from: conversion,
    where: `${isCountedOnce("rule")} and rule is distinct from 'uncosted'`,
  }),
  measure("uncosted_conversions", "quantity", { from: conversion, where: "rule = 'uncosted'" }),
  measure("all_conversions", "key_events", {
    from: "warehouse.ga4_key_event_daily",
    where: "event_name = any($2::text[])",
  }),
  measure("leads", "1", { platform: byPlatform, from: lead }),
  measure("paid_leads", "1", { platform: byPlatform, from: lead, where: paidLead }),
  measure("cohort_customers", "1", { platform: byPlatform, from: lead, where: "customer_date is not null" }),
  measure("qualified_leads", "1", {
    platform: byPlatform,
    from: lead,
    date: "qualified_date",
    where: "qualified_date is not null",
  }),
  measure("paid_qualified_leads", "1", {
    platform: byPlatform,
    from: lead,
    date: "qualified_date",
    where: `qualified_date is not null and ${paidLead}`,
  }),
  measure("customers", "1", {
    platform: byPlatform,
    from: lead,
    date: "customer_date",
    where: "customer_date is not null",
  }),
  measure("paid_customers", "1", {
    platform: byPlatform,
    from: lead,
    date: "customer_date",
    where: `customer_date is not null and ${paidLead}`,
  }),
  measure("disqualified_leads", "1", {
    platform: byPlatform,
    from: lead,
    date: "lost_date",
    where: "lost_date is not null",
  }),
  measure("sessions", "sessions", { from: "warehouse.ga4_session_daily" }),
  measure("engaged_sessions", "engaged_sessions", { from: "warehouse.ga4_session_daily" }),
  `
    select date, measure, platform, value, coalesce(currency, '') from warehouse.measure_daily`,
].join("\n    union all");

/** The relations that the measures are read from, besides tables. $3 time zone. */
export const measureRelations = `
  span as (${costedSpans}),
  delivered as materialized (
    select date, platform, currency, sum(spend) as spend, sum(clicks) as clicks, sum(impressions) as impressions,
      sum(conversions) as conversions, sum(conversion_value) as conversion_value
    from marts.cost_per_conversion_daily group by 1, 2, 3
  ),
  judged as (
    select c.date, c.platform, c.quantity, e.rule
    from warehouse.first_party_conversion c left join marts.excluded_conversions e using (conversion_id)
  ),
  lead_day as (
    select l.date, l.traffic, l.platform, s.platform is not null as is_costed, l.qualified_date, l.customer_date,
      (l.lost_at at time zone $3)::date as lost_date
    from warehouse.lead l
    left join span s on s.platform = l.platform and l.date between s.from_date and s.to_date
    where l.withdrawn_at is null
  )`;
