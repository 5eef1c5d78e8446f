import type { Pull } from "../connector.ts";

/** A report as this connector asks for it. Rows have the cells of `columns`, then those of `optional`, in order. */
export interface Report {
  /** For logs and messages. */
  readonly name: string;
  readonly type:
    | "AdPerformanceReportRequest"
    | "CampaignPerformanceReportRequest"
    | "GeographicPerformanceReportRequest";
  readonly columns: readonly string[];
  /** Asked for as well, the last given up first where the platform refuses a column: no name is worth the figures. */
  readonly optional: readonly string[];
}

const delivery = ["Impressions", "Clicks", "Spend"] as const;

const conversions = [
  "ConversionsQualified",
  // For its fall-back alone: deprecated since 2022.
  "Conversions",
  "Revenue",
  "AllConversionsQualified",
  "AllRevenue",
  "ViewThroughConversionsQualified",
] as const;

/** Spend by ad, without goals: how spend spreads over the rows of goals is not documented. */
export const adReport = {
  name: "ads",
  type: "AdPerformanceReportRequest",
  columns: ["TimePeriod", "CampaignId", "AdGroupId", "AdId", ...delivery],
  optional: ["AdGroupName", "AdTitle"],
} as const satisfies Report;

export const goalReport = {
  name: "goals",
  type: "AdPerformanceReportRequest",
  columns: ["TimePeriod", "CampaignId", "AdGroupId", "AdId", "GoalId", "Goal", ...conversions],
  optional: ["GoalType"],
} as const satisfies Report;

/** Campaigns with what none of their ads has (Performance Max), by network. */
export const networkReport = {
  name: "campaigns by network",
  type: "CampaignPerformanceReportRequest",
  columns: ["TimePeriod", "CampaignId", "Network", "CurrencyCode", ...delivery],
  optional: ["CampaignName"],
} as const satisfies Report;

/** Campaign reports know goals by name only. */
export const networkGoalReport = {
  name: "campaign goals by network",
  type: "CampaignPerformanceReportRequest",
  columns: ["TimePeriod", "CampaignId", "Network", "Goal", ...conversions],
  optional: ["GoalType"],
} as const satisfies Report;

/** How campaign-days are split: by which column, and the reports of delivery and of goals that have it. */
export interface Split {
  readonly column: "Network" | "DeviceType" | "Country";
  readonly deliveries: Report;
  readonly goals: Report;
}

export const networkSplit: Split = {
  column: "Network",
  deliveries: networkReport,
  goals: networkGoalReport,
};

const splitBy = (name: string, type: Report["type"], column: Split["column"]): Split => ({
  column,
  deliveries: {
    name: `campaigns by ${name}`,
    type,
    columns: ["TimePeriod", "CampaignId", column, "CurrencyCode", ...delivery],
    optional: [],
  },
  goals: {
    name: `campaign goals by ${name}`,
    type,
    columns: ["TimePeriod", "CampaignId", column, "Goal", ...conversions],
    optional: ["GoalType"],
  },
});

/** Countries by where people were, or what place they searched for: the report tells by which only if it is asked. */
export const breakdownSplits = {
  device: splitBy("device", "CampaignPerformanceReportRequest", "DeviceType"),
  country: splitBy("country", "GeographicPerformanceReportRequest", "Country"),
} as const;

/** The account's own total: no attribute but the day. */
export const totalReport = {
  name: "account totals",
  type: "CampaignPerformanceReportRequest",
  columns: ["TimePeriod", ...delivery],
  optional: [],
} as const satisfies Report;

const dateOf = (day: string) => {
  const [year, month, date] = day.split("-").map(Number);
  return { Day: date, Month: month, Year: year };
};

/** The body of a Submit: one account, its own zone, one row a day. */
export const submitBody = (
  { type }: Report,
  columns: readonly string[],
  { account, from, to }: Pull,
  reportZone: string,
) => ({
  ReportRequest: {
    Type: type,
    ReportName: `costper-${account.id}-${from}-${to}`,
    Format: "Csv",
    // Without thousands commas.
    FormatVersion: "2.0",
    ExcludeColumnHeaders: false,
    // The header alone tells how many rows there are, so that a short file is found out.
    ExcludeReportHeader: false,
    ExcludeReportFooter: true,
    ReturnOnlyCompleteData: false,
    Aggregation: "Daily",
    Columns: columns,
    Scope: { AccountIds: [account.id] },
    Time: {
      CustomDateRangeStart: dateOf(from),
      CustomDateRangeEnd: dateOf(to),
      ReportTimeZone: reportZone,
    },
  },
});
