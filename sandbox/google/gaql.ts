import { isDay } from "../../src/domain/day.ts";
import { SandboxError } from "./errors.ts";

/** A query that passed the checks. */
export interface ParsedQuery {
  readonly fields: readonly string[];
  readonly resource: string;
  readonly dates?: { readonly from: string; readonly to: string };
  /** Leave out the names of resources that were not selected. */
  readonly omitNames: boolean;
}

const attributes: Readonly<Record<string, readonly string[]>> = {
  customer:
    "resource_name id descriptive_name currency_code time_zone manager test_account status auto_tagging_enabled tracking_url_template final_url_suffix conversion_tracking_setting.conversion_tracking_status conversion_tracking_setting.google_ads_conversion_customer".split(
      " ",
    ),
  customer_client:
    "resource_name client_customer id level manager status hidden test_account currency_code time_zone descriptive_name".split(
      " ",
    ),
  campaign: "resource_name id name status advertising_channel_type advertising_channel_sub_type".split(" "),
  ad_group: "resource_name id name status type".split(" "),
  ad_group_ad:
    "resource_name status ad.id ad.name ad.type ad.final_urls ad.final_url_suffix ad.tracking_url_template".split(
      " ",
    ),
  ad_group_criterion: "resource_name criterion_id status keyword.text keyword.match_type".split(" "),
  keyword_view: "resource_name".split(" "),
  search_term_view: "resource_name search_term status ad_group".split(" "),
  user_location_view: "resource_name country_criterion_id targeting_location".split(" "),
  click_view: "resource_name gclid ad_group_ad".split(" "),
  conversion_action:
    "resource_name id name status type category origin primary_for_goal include_in_conversions_metric counting_type click_through_lookback_window_days view_through_lookback_window_days owner_customer".split(
      " ",
    ),
};
const metrics =
  "cost_micros impressions clicks interactions conversions conversions_value all_conversions all_conversions_value view_through_conversions".split(
    " ",
  );
const segments =
  "date ad_network_type device conversion_action conversion_action_name conversion_action_category".split(
    " ",
  );

/** Whose fields may be selected beside a resource's own, and whether it has figures. */
const resources: Readonly<Record<string, { readonly beside: readonly string[]; readonly figures: boolean }>> =
  {
    customer: { beside: [], figures: true },
    customer_client: { beside: ["customer"], figures: false },
    campaign: { beside: ["customer"], figures: true },
    ad_group: { beside: ["customer", "campaign"], figures: true },
    ad_group_ad: { beside: ["customer", "campaign", "ad_group"], figures: true },
    keyword_view: { beside: ["customer", "campaign", "ad_group", "ad_group_criterion"], figures: true },
    search_term_view: { beside: ["customer", "campaign", "ad_group"], figures: true },
    user_location_view: { beside: ["customer", "campaign", "ad_group"], figures: true },
    click_view: { beside: ["customer", "campaign", "ad_group"], figures: true },
    conversion_action: { beside: ["customer"], figures: false },
  };

const refuse = (code: string, message: string): never => {
  throw new SandboxError(400, "INVALID_ARGUMENT", "queryError", code, message);
};

const checkField = (field: string, resource: string): void => {
  const [prefix = "", ...rest] = field.split(".");
  const name = rest.join(".");
  const known = prefix === "metrics" ? metrics : prefix === "segments" ? segments : attributes[prefix];
  if (!known?.includes(name)) refuse("UNRECOGNIZED_FIELD", `Unrecognized field in the query: '${field}'.`);
  const { beside = [], figures = false } = resources[resource] ?? {};
  const fits =
    prefix === "metrics" || prefix === "segments" ? figures : [resource, ...beside].includes(prefix);
  if (!fits) refuse("PROHIBITED_RESOURCE_TYPE_IN_SELECT_CLAUSE", `'${field}' does not go with ${resource}.`);
};

// Figures of delivery belong to no single conversion action.
const notByAction = ["cost_micros", "impressions", "clicks", "interactions"].map((name) => `metrics.${name}`);

/** Whether the names of resources that were not selected are to be left out. */
const readParameters = (text: string | undefined): boolean => {
  let omitNames = false;
  for (const parameter of text?.split(",") ?? []) {
    const [, name, value] =
      /^\s*(include_drafts|omit_unselected_resource_names)\s*=\s*(true|false)\s*$/i.exec(parameter) ??
      refuse("UNEXPECTED_INPUT", `Parameter not understood: ${parameter.trim()}`);
    if (name?.toLowerCase() === "omit_unselected_resource_names") omitNames = value?.toLowerCase() === "true";
  }
  return omitNames;
};

/** Parses the part of GAQL that reports need, as strictly as the platform. @throws SandboxError */
export const parseQuery = (text: string): ParsedQuery => {
  const match =
    /^\s*SELECT\s+(?<fields>[\w.]+(?:\s*,\s*[\w.]+)*)\s+FROM\s+(?<resource>\w+)(?:\s+WHERE\s+(?<where>.+?))?(?:\s+PARAMETERS\s+(?<parameters>.+?))?\s*$/is.exec(
      text,
    )?.groups;
  if (!match) return refuse("UNEXPECTED_INPUT", "The query is not understood.");
  const fields = (match["fields"] ?? "").split(",").map((field) => field.trim());
  const resource = match["resource"] ?? "";
  if (!resources[resource]) refuse("BAD_RESOURCE_TYPE_IN_FROM_CLAUSE", `'${resource}' is no resource.`);
  for (const field of fields) checkField(field, resource);
  if (fields.some((field) => field.startsWith("segments.conversion_action"))) {
    const clash = fields.find((field) => notByAction.includes(field));
    if (clash)
      refuse(
        "PROHIBITED_SEGMENT_WITH_METRIC_IN_SELECT_OR_WHERE_CLAUSE",
        `Cannot select ${clash} with segments.conversion_action.`,
      );
  }
  const omitNames = readParameters(match["parameters"]);
  const { where } = match;
  if (where === undefined) {
    if (fields.includes("segments.date"))
      refuse("EXPECTED_FILTERS_ON_DATE_RANGE", "A finite date range is needed.");
    return { fields, resource, omitNames };
  }
  const single = /^segments\.date\s*=\s*(['"])(.+?)\1$/i.exec(where);
  const dates = single ?? /^segments\.date\s+BETWEEN\s+(['"])(.+?)\1\s+AND\s+(['"])(.+?)\3$/i.exec(where);
  const [from = "", to = ""] = [dates?.[2], single?.[2] ?? dates?.[4]];
  if (!dates) refuse("BAD_OPERATOR", `Condition not understood: ${where}`);
  if (!isDay(from) || !isDay(to)) refuse("BAD_VALUE", `Invalid date in: ${where}`);
  if (from > to)
    throw new SandboxError(
      400,
      "INVALID_ARGUMENT",
      "dateRangeError",
      "INVALID_DATE",
      "The range ends early.",
    );
  if (resource === "click_view" && from !== to)
    throw new SandboxError(
      400,
      "INVALID_ARGUMENT",
      "clickViewError",
      "EXPECTED_FILTER_ON_A_SINGLE_DAY",
      "Clicks are asked for day by day.",
    );
  if (resources[resource]?.figures !== true)
    refuse("PROHIBITED_SEGMENT_IN_SELECT_OR_WHERE_CLAUSE", "This resource has no dates.");
  return { fields, resource, dates: { from, to }, omitNames };
};
