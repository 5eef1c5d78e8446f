import type { BreakdownName } from "../../domain/breakdown.ts";
import { type DayRange, isDay } from "../../domain/day.ts";

/**
 * The queries, as GAQL. Dates are the account's own days. A metric query segments by day and network alone (other
 * segments drop the rows to which they do not apply) and never filters by status (removed entities have spent too).
 */

/**
 * Google names every resource of a row unasked, which is more than half of a row's bytes; the ids say the same
 * (Google Ads Query Language grammar, PARAMETERS).
 */
const withoutNames = "PARAMETERS omit_unselected_resource_names=true";

/** The same query for a server that does not take the parameter. */
export const plainQuery = (gaql: string): string => gaql.replace(` ${withoutNames}`, "");

const between = ({ from, to }: DayRange): string => {
  if (!isDay(from) || !isDay(to)) throw new RangeError(`not a range of days: ${from} to ${to}`);
  return `WHERE segments.date BETWEEN '${from}' AND '${to}' ${withoutNames}`;
};

const delivery = "metrics.cost_micros, metrics.impressions, metrics.clicks";
const conversions =
  "metrics.conversions, metrics.conversions_value, metrics.all_conversions, metrics.all_conversions_value";

/** The accounts under a manager, itself included. */
export const clientsQuery =
  "SELECT customer_client.client_customer, customer_client.id, customer_client.level, customer_client.manager, " +
  "customer_client.status, customer_client.hidden, customer_client.test_account, customer_client.currency_code, " +
  "customer_client.time_zone, customer_client.descriptive_name FROM customer_client";

/** The account itself; without dates, since an idle account has no row for a day. */
export const customerQuery =
  "SELECT customer.id, customer.descriptive_name, customer.currency_code, customer.time_zone, customer.manager, " +
  "customer.test_account, customer.status, customer.auto_tagging_enabled, " +
  "customer.conversion_tracking_setting.conversion_tracking_status, " +
  "customer.conversion_tracking_setting.google_ads_conversion_customer FROM customer";

/** The control total that everything else has to add up to. */
export const totalsQuery = (days: DayRange): string =>
  `SELECT customer.id, segments.date, ${delivery} FROM customer ${between(days)}`;

/** Spend of record: every campaign type is in it, Performance Max too. */
export const networksQuery = (days: DayRange): string =>
  `SELECT campaign.id, segments.date, segments.ad_network_type, ${delivery} FROM campaign ${between(days)}`;

/** One row per ad and day; the network is left to the campaign grain, so that there is less to send. */
export const adsQuery = (days: DayRange): string =>
  `SELECT campaign.id, ad_group.id, ad_group_ad.ad.id, segments.date, ${delivery} FROM ad_group_ad ${between(days)}`;

// Cost and clicks cannot be asked for together with the conversion action, hence queries of their own.

export const networkConversionsQuery = (days: DayRange): string =>
  "SELECT campaign.id, segments.date, segments.conversion_action, segments.conversion_action_name, " +
  `segments.conversion_action_category, segments.ad_network_type, ${conversions} FROM campaign ${between(days)}`;

export const adConversionsQuery = (days: DayRange): string =>
  `SELECT campaign.id, ad_group.id, ad_group_ad.ad.id, segments.date, segments.conversion_action, ${conversions} ` +
  `FROM ad_group_ad ${between(days)}`;

/**
 * What a breakdown is read from. Where a person was is country, whatever was targeted ("user_location_view"): the other
 * view of places mixes it with the places that people were interested in. Search terms of Performance Max are left out
 * by their view.
 */
const breakdownSources: Readonly<Record<BreakdownName, readonly [resource: string, fields: string]>> = {
  device: ["campaign", "segments.device"],
  country: ["user_location_view", "user_location_view.country_criterion_id"],
  keyword: [
    "keyword_view",
    "ad_group.id, ad_group_criterion.criterion_id, ad_group_criterion.keyword.text, " +
      "ad_group_criterion.keyword.match_type",
  ],
  search_term: ["search_term_view", "ad_group.id, search_term_view.search_term"],
};

export const breakdownQuery = (breakdown: BreakdownName, days: DayRange): string => {
  const [resource, fields] = breakdownSources[breakdown];
  return `SELECT campaign.id, ${fields}, segments.date, ${delivery} FROM ${resource} ${between(days)}`;
};

export const breakdownConversionsQuery = (breakdown: BreakdownName, days: DayRange): string => {
  const [resource, fields] = breakdownSources[breakdown];
  return (
    `SELECT campaign.id, ${fields}, segments.date, segments.conversion_action, ${conversions} ` +
    `FROM ${resource} ${between(days)}`
  );
};

/** Google answers for exactly one day a query, and not for campaigns that install apps. */
export const clicksQuery = ({ from, to }: DayRange): string => {
  if (!isDay(from) || from !== to) throw new RangeError(`not one day: ${from} to ${to}`);
  return (
    "SELECT click_view.gclid, campaign.id, ad_group.id, click_view.ad_group_ad, segments.ad_network_type, " +
    `segments.date FROM click_view WHERE segments.date = '${from}'`
  );
};

export const conversionActionsQuery =
  "SELECT conversion_action.resource_name, conversion_action.id, conversion_action.name, conversion_action.status, " +
  "conversion_action.type, conversion_action.category, conversion_action.origin, conversion_action.primary_for_goal, " +
  "conversion_action.include_in_conversions_metric, conversion_action.click_through_lookback_window_days, " +
  "conversion_action.view_through_lookback_window_days, conversion_action.owner_customer FROM conversion_action";

export const campaignsQuery =
  "SELECT campaign.id, campaign.name, campaign.status, campaign.advertising_channel_type FROM campaign";

export const adGroupsQuery = "SELECT campaign.id, ad_group.id, ad_group.name, ad_group.status FROM ad_group";

export const adEntitiesQuery =
  "SELECT campaign.id, ad_group.id, ad_group_ad.ad.id, ad_group_ad.ad.name, ad_group_ad.status FROM ad_group_ad";
