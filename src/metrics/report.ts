import { type Kysely, type RawBuilder, sql } from "kysely";
import { type BreakdownName, breakdowns, isBreakdown } from "../domain/breakdown.ts";
import type { DayRange } from "../domain/day.ts";
import type { Platform } from "../domain/platform.ts";
import type { DB } from "../warehouse/schema.ts";
import { wholeSum } from "./whole-sum.ts";

/** What a report may be broken down by. */
export const reportKeys = [
  "platform",
  "account",
  "campaign",
  "ad_group",
  "ad",
  "network",
  ...breakdowns,
  "action",
  "date",
  "week",
  "month",
] as const;
export type ReportKey = (typeof reportKeys)[number];

/** One line of the report: keys, sums as decimal text, and ratios of those sums (NULL where the divisor is 0). */
export interface ReportRow {
  readonly [key: string]: string | null;
}

export interface ReportOptions extends DayRange {
  readonly by: readonly ReportKey[];
  readonly platforms: readonly Platform[];
  /** Whether amounts are taken in the reporting currency; otherwise each currency has rows of its own. */
  readonly inReportingCurrency: boolean;
}

const campaignColumns = [
  ["platform", "m.platform"],
  ["account_id", "m.account_id"],
  ["campaign_id", "m.campaign_id"],
  ["campaign_name", "m.campaign_name"],
] as const;

const adGroupColumns = [
  ...campaignColumns,
  ["ad_group_id", "m.ad_group_id"],
  ["ad_group_name", "m.ad_group_name"],
] as const;

const keywordColumns = [
  ["platform", "m.platform"],
  ["ad_group_id", "m.ad_group_id"],
  ["ad_group_name", "m.ad_group_name"],
  ["keyword_id", "m.keyword_id"],
  ["keyword", "m.keyword"],
  ["match_type", "m.match_type"],
] as const;

const keyColumns: Readonly<Record<ReportKey, readonly (readonly [alias: string, expression: string])[]>> = {
  platform: [["platform", "m.platform"]],
  account: [
    ["platform", "m.platform"],
    ["account_id", "m.account_id"],
    ["account_name", "m.account_name"],
  ],
  campaign: campaignColumns,
  ad_group: adGroupColumns,
  ad: [...adGroupColumns, ["ad_id", "m.ad_id"], ["ad_name", "m.ad_name"]],
  network: [
    ["platform", "m.platform"],
    ["network", "m.network"],
  ],
  device: [
    ["platform", "m.platform"],
    ["device", "m.device"],
  ],
  // A country is the same on every platform.
  country: [["country", "m.country"]],
  keyword: keywordColumns,
  search_term: [
    ["platform", "m.platform"],
    ["search_term", "m.search_term"],
  ],
  action: [
    ["platform", "m.platform"],
    ["conversion_action_id", "m.conversion_action_id"],
    ["conversion_action_name", "m.conversion_action_name"],
  ],
  date: [["date", "m.date"]],
  week: [["week", "date_trunc('week', m.date)::date"]],
  month: [["month", "date_trunc('month', m.date)::date"]],
};

/** The columns that name a row of the report, without repeats, in the order of the keys. */
export const reportColumns = (by: readonly ReportKey[]): readonly string[] => [
  ...new Set(by.flatMap((key) => keyColumns[key].map(([alias]) => alias))),
];

const expressionsOf = (by: readonly ReportKey[]): readonly (readonly [string, string])[] => [
  ...new Map(by.flatMap((key) => keyColumns[key])),
];

const amount = (name: string, inReportingCurrency: boolean): string =>
  inReportingCurrency ? wholeSum(`m.${name}_reporting`) : `sum(m.${name})`;

const where = (options: ReportOptions): RawBuilder<unknown> =>
  sql`m.date between ${options.from} and ${options.to} and m.platform = any (${options.platforms})`;

const currencyOf = (inReportingCurrency: boolean): string =>
  inReportingCurrency ? "m.reporting_currency" : "m.currency";

const grouped = async (
  db: Kysely<DB>,
  options: ReportOptions,
  mart: string,
  measures: string,
): Promise<readonly ReportRow[]> => {
  const keys = [...expressionsOf(options.by), ["currency", currencyOf(options.inReportingCurrency)] as const];
  const { rows } = await sql<ReportRow>`
    select ${sql.raw(keys.map(([alias, expression]) => `${expression} as ${alias}`).join(", "))},
           ${sql.raw(measures)}
    from marts.${sql.raw(mart)} m
    where ${where(options)}
    group by ${sql.raw(keys.map((_, index) => String(index + 1)).join(", "))}
    order by ${sql.raw(keys.map((_, index) => String(index + 1)).join(", "))}`.execute(db);
  return rows;
};

/**
 * By action, every action stands against the whole spend of its scope; spend is never split among actions, and so
 * there is no spend column to add up by mistake.
 */
const byAction = async (db: Kysely<DB>, options: ReportOptions): Promise<readonly ReportRow[]> => {
  const { inReportingCurrency } = options;
  const scopeKeys = options.by.filter((key) => key !== "action");
  const scope = [
    ...expressionsOf([...scopeKeys, "platform"]),
    ["currency", currencyOf(inReportingCurrency)] as const,
  ];
  const keys = [...new Map([...expressionsOf(options.by), ...scope])];
  const select = (columns: readonly (readonly [string, string])[]) =>
    sql.raw(columns.map(([alias, expression]) => `${expression} as ${alias}`).join(", "));
  const positions = (columns: readonly unknown[]) =>
    sql.raw(columns.map((_, index) => String(index + 1)).join(", "));
  const { rows } = await sql<ReportRow>`
    with spent as (
      select ${select(scope)}, ${sql.raw(amount("spend", inReportingCurrency))} as spend
      from marts.cost_per_conversion_daily m where ${where(options)} group by ${positions(scope)}
    ),
    converted as (
      select ${select(keys)}, sum(m.conversions) as conversions,
             ${sql.raw(amount("conversion_value", inReportingCurrency))} as conversion_value
      from marts.cost_per_conversion_by_action_daily m where ${where(options)} group by ${positions(keys)}
    )
    select ${sql.raw(keys.map(([alias]) => `c.${alias}`).join(", "))}, c.conversions, c.conversion_value,
           s.spend / nullif(c.conversions, 0) as cost_per_conversion
    from converted c
    left join spent s on ${sql.raw(
      scope.map(([alias]) => `s.${alias} is not distinct from c.${alias}`).join(" and "),
    )}
    order by ${positions(keys)}`.execute(db);
  return rows;
};

/** The breakdown that a report is by, if it is by one. */
export const breakdownOf = (by: readonly ReportKey[]): BreakdownName | undefined => by.find(isBreakdown);

/** The mart that holds what is asked for; all of them add up to the same days, a breakdown's on those it was brought for. */
const martOf = (by: readonly ReportKey[]): string => {
  const breakdown = breakdownOf(by);
  if (breakdown !== undefined) return `cost_per_conversion_by_${breakdown}_daily`;
  if (by.includes("network")) return "cost_per_conversion_by_network_daily";
  if (by.includes("ad")) return "cost_per_conversion_by_ad_daily";
  if (by.includes("ad_group")) return "cost_per_conversion_by_ad_group_daily";
  return "cost_per_conversion_daily";
};

/** Cost per conversion over a range, sums first and one division each. */
export const report = async (db: Kysely<DB>, options: ReportOptions): Promise<readonly ReportRow[]> => {
  if (options.by.includes("action")) return byAction(db, options);
  const spend = amount("spend", options.inReportingCurrency);
  const value = amount("conversion_value", options.inReportingCurrency);
  return grouped(
    db,
    options,
    martOf(options.by),
    `${spend} as spend, sum(m.impressions)::bigint as impressions, sum(m.clicks)::bigint as clicks,
     sum(m.conversions) as conversions, ${value} as conversion_value,
     sum(m.organic_conversions) as organic_conversions,
     ${spend} / nullif(sum(m.conversions), 0) as cost_per_conversion,
     ${spend} / nullif(sum(m.clicks), 0) as cost_per_click,
     sum(m.conversions) / nullif(sum(m.clicks), 0) as conversion_rate,
     ${value} / nullif(${spend}, 0) as return_on_ad_spend`,
  );
};
