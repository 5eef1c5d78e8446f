import { type BreakdownName, breakdownKeys, breakdowns } from "../../domain/breakdown.ts";
import type {
  AccountDay,
  AdDay,
  BreakdownDay,
  CampaignDay,
  ConversionDay,
  Conversions,
  NetworkDay,
} from "../../domain/facts.ts";

/**
 * What of a day is compared and published as one: tables whose rows are completed from each other's. Conversions of a
 * month move every night, its spend hardly ever.
 */
export type Part = "delivery" | "outcome" | BreakdownName;

/**
 * How facts lie in tables: names, keys, figures, and the order of a row's fields in COPY. The one place that maps
 * camelCase facts to snake_case columns.
 */
export interface FactTable {
  readonly name: string;
  readonly part: Part;
  /** Key columns after account_key. */
  readonly key: readonly string[];
  readonly figures: readonly string[];
}

const delivery = ["spend", "impressions", "clicks"] as const;
const conversions = [
  "conversions",
  "conversion_value",
  "primary_conversions",
  "primary_conversion_value",
  "all_conversions",
  "all_conversion_value",
] as const;
const action = ["conversion_action_id", "attribution", "traffic"] as const;
const ad = ["date", "campaign_id", "ad_group_id", "ad_id"] as const;

/** A table of so many rows that those of a day are compared before they are staged. */
export interface ComparedTable extends FactTable {
  /** Those of the figures that are whole numbers. */
  readonly counts: readonly string[];
  /** Rows in which this column of the key is empty are completed to totals: they are always staged. */
  readonly completedWhereEmpty: string;
  /** Staged only: keys of published rows that do not stay as they are. */
  readonly replaced: FactTable;
}

const compared = (table: FactTable, completedWhereEmpty: string): ComparedTable => ({
  ...table,
  counts: ["impressions", "clicks"],
  completedWhereEmpty,
  replaced: { name: `${table.name}_replaced`, part: table.part, key: table.key, figures: [] },
});

export const adDaily = compared({ name: "ad_daily", part: "delivery", key: ad, figures: delivery }, "ad_id");

export const conversionDaily = compared(
  { name: "conversion_daily", part: "outcome", key: [...ad, ...action], figures: conversions },
  "ad_id",
);

export const comparedTables: readonly ComparedTable[] = [adDaily, conversionDaily];

export const networkDaily: FactTable = {
  name: "network_daily",
  part: "delivery",
  key: ["date", "campaign_id", "network"],
  figures: delivery,
};

export const networkConversionDaily: FactTable = {
  name: "network_conversion_daily",
  part: "outcome",
  key: ["date", "campaign_id", "network", ...action],
  figures: conversions,
};

/** Staged only: the platform's own totals of a campaign's day. */
export const campaignDaily: FactTable = {
  name: "campaign_daily",
  part: "delivery",
  key: ["date", "campaign_id"],
  figures: delivery,
};

export const campaignConversionDaily: FactTable = {
  name: "campaign_conversion_daily",
  part: "outcome",
  key: ["date", "campaign_id", ...action],
  figures: conversions,
};

/** Staged only: the platform's own account totals. */
export const accountDaily: FactTable = {
  name: "account_daily",
  part: "delivery",
  key: ["date"],
  figures: delivery,
};

/** The tables that are published of every slice. */
export const factTables = [adDaily, conversionDaily, networkDaily, networkConversionDaily] as const;

/** Their parts. */
export const factParts: readonly Part[] = [...new Set(factTables.map(({ part }) => part))];

const breakdownTablesOf = (part: BreakdownName): readonly [delivery: FactTable, conversions: FactTable] => {
  const key = ["date", "campaign_id", ...breakdownKeys[part]];
  return [
    { name: `${part}_daily`, part, key, figures: delivery },
    { name: `${part}_conversion_daily`, part, key: [...key, ...action], figures: conversions },
  ];
};

/** Of each breakdown its delivery and its conversions. They are published where a slice brought them. */
export const breakdownTables = Object.fromEntries(
  breakdowns.map((breakdown) => [breakdown, breakdownTablesOf(breakdown)]),
) as Readonly<Record<BreakdownName, ReturnType<typeof breakdownTablesOf>>>;

/** Every table that slices publish into. */
export const publishedTables: readonly FactTable[] = [
  ...factTables,
  ...Object.values(breakdownTables).flat(),
];

/** The published tables with conversions by action and attribution, which a counting rule chooses from. */
export const conversionTables: readonly FactTable[] = publishedTables.filter(({ key }) =>
  key.includes("conversion_action_id"),
);

/** The published tables of some parts. */
export const tablesOf = (...parts: readonly Part[]): readonly FactTable[] =>
  publishedTables.filter(({ part }) => parts.includes(part));

const deliveryFields = (row: { spend: string; impressions: string; clicks: string }): string =>
  `${row.spend}\t${row.impressions}\t${row.clicks}`;

const conversionFields = (row: Conversions): string =>
  `${escape(row.actionId)}\t${row.attribution}\t${row.traffic}\t${row.conversions}\t${row.conversionValue}` +
  `\t${row.primaryConversions ?? row.conversions}\t${row.primaryConversionValue ?? row.conversionValue}` +
  `\t${row.allConversions ?? row.conversions}\t${row.allConversionValue ?? row.conversionValue}`;

/** No figure of a row, and no sum of a day, may reach this: `numeric(18, 6)` ends there. */
export const figureLimit = 1_000_000_000_000;

const figureColumns = {
  spend: "spend",
  impressions: "impressions",
  clicks: "clicks",
  conversions: "conversions",
  conversionValue: "conversion_value",
  primaryConversions: "primary_conversions",
  primaryConversionValue: "primary_conversion_value",
  allConversions: "all_conversions",
  allConversionValue: "all_conversion_value",
} as const;

type Figured = { readonly [Name in keyof typeof figureColumns]?: string } & {
  readonly campaignId?: string;
  readonly adId?: string;
  readonly actionId?: string;
};

const figureNames = Object.keys(figureColumns) as (keyof typeof figureColumns)[];

/** Whether a figure is too large. A short text without an exponent is not, and need not be read. */
const isBeyond = (figure: string | undefined): boolean =>
  figure !== undefined &&
  (figure.length > 12 || figure.includes("e") || figure.includes("E")) &&
  Math.abs(Number(figure)) >= figureLimit;

/** Spelt out, for each row passes here: to look names up in a row of any kind takes ten times as long. */
const hasMisfit = (row: Figured): boolean =>
  isBeyond(row.spend) ||
  isBeyond(row.impressions) ||
  isBeyond(row.clicks) ||
  isBeyond(row.conversions) ||
  isBeyond(row.conversionValue) ||
  isBeyond(row.primaryConversions) ||
  isBeyond(row.primaryConversionValue) ||
  isBeyond(row.allConversions) ||
  isBeyond(row.allConversionValue);

/** What of a row the warehouse cannot hold (a shop's order number as a value), in words; undefined where all fits. */
export const misfitOf = (row: Figured): string | undefined => {
  if (!hasMisfit(row)) return undefined;
  const name = figureNames.find((figure) => isBeyond(row[figure])) ?? "spend";
  const place = row.adId ? `ad ${row.adId}` : row.campaignId ? `campaign ${row.campaignId}` : "the account";
  const what = row.actionId === undefined ? "" : ` (${row.actionId})`;
  return `${figureColumns[name]} of ${place}${what} is ${row[name] ?? ""}, which does not fit the warehouse`;
};

const special = /[\\\t\n\r\0]/;

/** COPY's text format: the four characters that mean something to it, and NUL, which Postgres cannot store. */
const escape = (text: string): string =>
  special.test(text)
    ? text
        .replaceAll("\0", "")
        .replaceAll("\\", "\\\\")
        .replaceAll("\t", "\\t")
        .replaceAll("\n", "\\n")
        .replaceAll("\r", "\\r")
    : text;

export const adLine = (row: AdDay): string =>
  `${row.date}\t${escape(row.campaignId)}\t${escape(row.adGroupId)}\t${escape(row.adId)}\t${deliveryFields(row)}`;

export const conversionLine = (row: ConversionDay): string =>
  `${row.date}\t${escape(row.campaignId)}\t${escape(row.adGroupId)}\t${escape(row.adId)}\t${conversionFields(row)}`;

export const networkLine = (row: Extract<NetworkDay, { kind: "delivery" }>): string =>
  `${row.date}\t${escape(row.campaignId)}\t${escape(row.network)}\t${deliveryFields(row)}`;

export const networkConversionLine = (row: Extract<NetworkDay, { kind: "conversions" }>): string =>
  `${row.date}\t${escape(row.campaignId)}\t${escape(row.network)}\t${conversionFields(row)}`;

export const campaignLine = (row: Extract<CampaignDay, { kind: "delivery" }>): string =>
  `${row.date}\t${escape(row.campaignId)}\t${deliveryFields(row)}`;

export const campaignConversionLine = (row: Extract<CampaignDay, { kind: "conversions" }>): string =>
  `${row.date}\t${escape(row.campaignId)}\t${conversionFields(row)}`;

export const accountLine = (row: AccountDay): string => `${row.date}\t${deliveryFields(row)}`;

/** A row of a breakdown, and the table that it belongs to. */
export const breakdownLine = (
  breakdown: BreakdownName,
  row: BreakdownDay,
): { readonly table: FactTable; readonly text: string } => {
  const [deliveries, outcomes] = breakdownTables[breakdown];
  const adGroup = breakdownKeys[breakdown].length > 1 ? `${escape(row.adGroupId ?? "")}\t` : "";
  const key = `${row.date}\t${escape(row.campaignId)}\t${adGroup}${escape(row.part)}`;
  return row.kind === "delivery"
    ? { table: deliveries, text: `${key}\t${deliveryFields(row)}` }
    : { table: outcomes, text: `${key}\t${conversionFields(row)}` };
};
