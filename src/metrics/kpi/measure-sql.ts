import { isCountedOnce } from "../first-party/exclusions.ts";
import { costsOfDays, excludedOfDays } from "../first-party/marts.ts";

const measure = (
  name: string,
  amount: string,
  {
    platform = "''",
    currency = "''",
    from,
    date = "date",
    where = "true",
  }: { platform?: string; currency?: string; from: string; date?: string; where?: string },
): string => `
    select ${date} as date, '${name}' as measure, ${platform} as platform,
           (${amount})::numeric as amount, ${currency} as currency
    from ${from} where ${where} and ${date} = any ($1::date[])`;

/** The platforms' figures, added up by day and platform before they are taken apart into measures. */
const mart = "delivered";
const byPlatform = "coalesce(platform, '')";

/** First-party conversions with the rule that keeps them out, if any. */
const conversion = "judged";
const lead = "lead_day";

const costClass = (name: string, costClass: string): string =>
  measure(name, "amount", {
    platform: "platform",
    currency: "currency",
    from: "cost_day",
    where: `cost_class = '${costClass}'`,
  });

const paidLead = "traffic = 'paid' and is_costed";

/** Every measure of the days as date, measure, platform, amount, currency; money in its own currency, '' for counts. */
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
    select date, measure, platform, value, coalesce(currency, '') from warehouse.measure_daily
    where date = any ($1::date[])`,
].join("\n    union all");

/** The relations that the measures are read from, besides tables. $1 the days, $2 GA4 key events, $3 time zone. */
export const measureRelations = `
  cost_day as materialized (${costsOfDays}),
  delivered as materialized (
    select d.date, a.platform, d.currency, sum(d.spend) as spend, sum(d.clicks) as clicks,
      sum(d.impressions) as impressions, sum(d.conversions) as conversions, sum(d.conversion_value) as conversion_value
    from figures.cost_per_conversion_by_account_daily d join warehouse.account a on a.account_key = d.account_key
    where d.date = any ($1::date[]) group by 1, 2, 3
  ),
  judged as (
    select c.date, c.platform, c.quantity, e.rule
    from warehouse.first_party_conversion c left join ${excludedOfDays} e using (conversion_id)
    where c.date = any ($1::date[])
  ),
  booked as (
    ${[
      "date = any ($1::date[])",
      "qualified_date = any ($1::date[])",
      "customer_date = any ($1::date[])",
      `lost_at >= (select min(d)::timestamp at time zone $3 from unnest($1::date[]) d)
      and lost_at < (select (max(d) + 1)::timestamp at time zone $3 from unnest($1::date[]) d)`,
    ]
      .map(
        (where) => `select lead_id, date, traffic, platform, qualified_date, customer_date, lost_at
    from warehouse.lead where withdrawn_at is null and ${where}`,
      )
      .join(" union ")}
  ),
  lead_day as (
    select l.date, l.traffic, l.platform, s.platform is not null as is_costed, l.qualified_date, l.customer_date,
      (l.lost_at at time zone $3)::date as lost_date
    from booked l
    left join ops.costed_span s on s.platform = l.platform and l.date between s.from_date and s.to_date
  )`;
