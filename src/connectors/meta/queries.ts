import type { DayRange } from "../../domain/day.ts";
import type { ApiParams } from "./api.ts";

export type Level = "campaign" | "adset" | "ad";

const campaignStatuses = ["ACTIVE", "PAUSED", "ARCHIVED", "DELETED", "IN_PROCESS", "WITH_ISSUES"] as const;
const adSetStatuses = [...campaignStatuses, "CAMPAIGN_PAUSED"] as const;

/** A value of another level fails the whole call, so each level has its own list. */
export const statusesOf: Readonly<Record<Level, readonly string[]>> = {
  campaign: campaignStatuses,
  adset: adSetStatuses,
  ad: [
    ...adSetStatuses,
    "ADSET_PAUSED",
    "DISAPPROVED",
    "PENDING_BILLING_INFO",
    "PENDING_REVIEW",
    "PREAPPROVED",
  ],
};

/** What may be asked of an edge: it answers a list that names DELETED with an error. */
export const edgeStatusesOf = (level: Level): readonly string[] =>
  statusesOf[level].filter((status) => status !== "DELETED");

/** Every window that still returns figures; click windows nest, click, view and engaged view are disjoint. */
export const attributionWindows = ["1d_click", "7d_click", "28d_click", "1d_view", "1d_ev"] as const;

interface Filter {
  readonly field: string;
  readonly operator: "IN";
  readonly value: readonly string[];
}

/** A report below the account. Without this status filter archived and deleted ads are left out of it. */
const everyStatus = (level: Level): Filter => ({
  field: `${level}.effective_status`,
  operator: "IN",
  value: statusesOf[level],
});

export const onlyIds = (level: Level, ids: readonly string[]): Filter => ({
  field: `${level}.id`,
  operator: "IN",
  value: ids,
});

export interface InsightsReport {
  readonly name: "ads" | "campaigns" | "networks" | "devices" | "countries";
  readonly level: Level;
  readonly fields: readonly string[];
  readonly breakdowns?: readonly ("publisher_platform" | "impression_device" | "country")[];
}

const delivery = [
  "account_id",
  "account_currency",
  "date_start",
  "date_stop",
  "spend",
  "impressions",
  "clicks",
  "inline_link_clicks",
];
const actions = ["actions", "action_values", "conversions", "conversion_values"];
const campaign = ["campaign_id", "campaign_name"];

export const adReport: InsightsReport = {
  name: "ads",
  level: "ad",
  fields: [...delivery, ...campaign, "adset_id", "adset_name", "ad_id", "ad_name", ...actions],
};

export const campaignReport: InsightsReport = {
  name: "campaigns",
  level: "campaign",
  fields: [...delivery, ...campaign, ...actions],
};

export const networkReport: InsightsReport = {
  ...campaignReport,
  name: "networks",
  breakdowns: ["publisher_platform"],
};

/** The device goes with the platform alone ("Combining Breakdowns"). */
export const deviceReport: InsightsReport = {
  ...campaignReport,
  name: "devices",
  breakdowns: ["publisher_platform", "impression_device"],
};

export const countryReport: InsightsReport = {
  ...campaignReport,
  name: "countries",
  breakdowns: ["country"],
};

const timeRange = ({ from, to }: DayRange) => ({ since: from, until: to });

/** `action_breakdowns` is never sent: any but `action_type` falsifies purchases ("Insights API Breakdowns"). */
export const reportParams = (
  report: InsightsReport,
  range: DayRange,
  filters: readonly Filter[],
): ApiParams => ({
  level: report.level,
  time_range: timeRange(range),
  time_increment: 1,
  fields: report.fields.join(","),
  action_attribution_windows: attributionWindows,
  breakdowns: report.breakdowns,
  filtering: [everyStatus(report.level), ...filters],
});

/** The ids that have figures in a range. */
export const idParams = (level: Level, range: DayRange, filters: readonly Filter[]): ApiParams => ({
  level,
  time_range: timeRange(range),
  fields: `${level}_id`,
  filtering: [everyStatus(level), ...filters],
});

/** The account's own total. Not filtered: it contains what became of deleted ads. */
export const totalParams = (range: DayRange): ApiParams => ({
  level: "account",
  time_range: timeRange(range),
  time_increment: 1,
  fields: delivery.join(","),
});
