import { type Day, type DayRange, eachDay } from "../../domain/day.ts";
import { decimal, fromMicros, isDigits, orZero, wholeNumber } from "../../domain/decimal.ts";
import type {
  AccountDay,
  AdClick,
  AdDay,
  ConversionDay,
  Conversions,
  Delivery,
  Entity,
  NetworkDay,
} from "../../domain/facts.ts";
import { Failure } from "../../domain/failure.ts";

/**
 * A row as Google sends it: lowerCamel names, 64-bit integers as text, doubles as numbers, anything null left out.
 * Figures are checked as they are read, and whatever else is in a row is ignored.
 */
export interface Row {
  readonly customer?: { readonly id?: unknown };
  readonly campaign?: {
    readonly id?: unknown;
    readonly name?: unknown;
    readonly status?: unknown;
    readonly advertisingChannelType?: unknown;
  };
  readonly adGroup?: { readonly id?: unknown; readonly name?: unknown; readonly status?: unknown };
  readonly adGroupAd?: {
    readonly status?: unknown;
    readonly ad?: { readonly id?: unknown; readonly name?: unknown };
  };
  readonly adGroupCriterion?: {
    readonly criterionId?: unknown;
    readonly keyword?: { readonly text?: unknown; readonly matchType?: unknown };
  };
  readonly userLocationView?: { readonly countryCriterionId?: unknown };
  readonly searchTermView?: { readonly searchTerm?: unknown };
  readonly clickView?: { readonly gclid?: unknown; readonly adGroupAd?: unknown };
  readonly segments?: {
    readonly date?: unknown;
    readonly adNetworkType?: unknown;
    readonly device?: unknown;
    readonly conversionAction?: unknown;
  };
  readonly metrics?: {
    readonly costMicros?: unknown;
    readonly impressions?: unknown;
    readonly clicks?: unknown;
    readonly conversions?: unknown;
    readonly conversionsValue?: unknown;
    readonly allConversions?: unknown;
    readonly allConversionsValue?: unknown;
  };
}

const unreadable = (field: string, value: unknown): Failure =>
  new Failure({
    kind: "data",
    platform: "google",
    message: `${field} is not what it should be: ${JSON.stringify(value)?.slice(0, 60) ?? "absent"}`,
    remedy: "nothing of this window was published; report the field to costper",
  });

/** An id: digits as text, since many exceed what a JSON number holds exactly. */
export const idOf = (value: unknown, field: string): string => {
  if (typeof value === "string" && isDigits(value)) return value;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return String(value);
  throw unreadable(field, value);
};

/** Text that may be absent; NUL, which Postgres cannot hold, is taken out. */
export const textOf = (value: unknown, absent = ""): string =>
  typeof value === "string" && value !== "" ? value.replaceAll("\0", "") : absent;

/** Reads the days of a window; the text of each is shared by all rows. A day outside the window is an error. */
export const dayReader = (window: DayRange): ((value: unknown) => Day) => {
  const days = new Map(eachDay(window).map((day) => [day, day]));
  return (value) => {
    const day = days.get(value as string);
    if (day === undefined) throw unreadable("segments.date", value);
    return day;
  };
};

const isZero = (figure: string): boolean => figure === "0" || Number(figure) === 0;

/**
 * A metric that one row lacks is 0 ("JSON mappings"); one that the whole answer lacks is refused by its columns.
 * Undefined where nothing was delivered: such a row carries other figures, or none at all.
 */
const deliveryOf = ({ metrics }: Row): Delivery | undefined => {
  const impressions = wholeNumber(orZero(metrics?.impressions), "metrics.impressions");
  const clicks = wholeNumber(orZero(metrics?.clicks), "metrics.clicks");
  const spend = fromMicros(orZero(metrics?.costMicros), "metrics.cost_micros");
  return impressions === "0" && clicks === "0" && spend === "0.000000"
    ? undefined
    : { spend, impressions, clicks };
};

/** The id in `customers/{owner}/conversionActions/{id}`. Google gives it out once, whoever the owner is. */
const actionIdOf = (value: unknown): string => {
  const id = typeof value === "string" ? /\/conversionActions\/(\d+)$/.exec(value)?.[1] : undefined;
  if (id === undefined) throw unreadable("segments.conversion_action", value);
  return id;
};

/**
 * What an action brought. The headline is what Google counts in its own column of conversions; of an action that
 * is not counted there, all of its conversions. Undefined where every figure is 0.
 */
const conversionsOf = (
  { metrics, segments }: Row,
  primaryIds: ReadonlySet<string>,
): Required<Conversions> | undefined => {
  const primaryConversions = decimal(orZero(metrics?.conversions), "metrics.conversions");
  const primaryConversionValue = decimal(orZero(metrics?.conversionsValue), "metrics.conversions_value");
  const allConversions = decimal(orZero(metrics?.allConversions), "metrics.all_conversions");
  const allConversionValue = decimal(orZero(metrics?.allConversionsValue), "metrics.all_conversions_value");
  const uncounted = isZero(primaryConversions) && isZero(primaryConversionValue);
  if (uncounted && isZero(allConversions) && isZero(allConversionValue)) return undefined;
  const actionId = actionIdOf(segments?.conversionAction);
  const headline = !uncounted || primaryIds.has(actionId);
  return {
    actionId,
    attribution: "",
    // Whatever its origin: that says where a form or button lives, and an ads report holds what ads brought.
    traffic: "paid",
    conversions: headline ? primaryConversions : allConversions,
    conversionValue: headline ? primaryConversionValue : allConversionValue,
    primaryConversions,
    primaryConversionValue,
    allConversions,
    allConversionValue,
  };
};

const networkKey = (row: Row, date: Day) => ({
  date,
  campaignId: idOf(row.campaign?.id, "campaign.id"),
  network: textOf(row.segments?.adNetworkType, "UNSPECIFIED"),
});

export type ReadDay = ReturnType<typeof dayReader>;

/** Maps rows, leaving out those without figures. */
const mapRows = <T>(rows: readonly unknown[], read: (row: Row) => T | undefined): T[] => {
  const facts: T[] = [];
  for (const row of rows) {
    const fact = read(row as Row);
    if (fact !== undefined) facts.push(fact);
  }
  return facts;
};

export const adDays = (rows: readonly unknown[], day: ReadDay): AdDay[] =>
  mapRows(rows, (row) => {
    const delivery = deliveryOf(row);
    // Spelt out, here and below: there may be millions of these, and spreading is slow.
    return (
      delivery && {
        date: day(row.segments?.date),
        campaignId: idOf(row.campaign?.id, "campaign.id"),
        adGroupId: idOf(row.adGroup?.id, "ad_group.id"),
        adId: idOf(row.adGroupAd?.ad?.id, "ad_group_ad.ad.id"),
        spend: delivery.spend,
        impressions: delivery.impressions,
        clicks: delivery.clicks,
      }
    );
  });

export const accountDays = (rows: readonly unknown[], day: ReadDay): AccountDay[] =>
  mapRows(rows, (row) => {
    const delivery = deliveryOf(row);
    return delivery && { date: day(row.segments?.date), ...delivery };
  });

/** The delivery of rows, each under its key. */
export const deliveriesBy = <Key extends object>(
  rows: readonly unknown[],
  keyOf: (row: Row) => Key,
): ({ readonly kind: "delivery" } & Key & Delivery)[] =>
  mapRows(rows, (row) => {
    const delivery = deliveryOf(row);
    return delivery && { kind: "delivery", ...keyOf(row), ...delivery };
  });

/** The conversions of rows, each under its key. */
export const conversionsBy = <Key extends object>(
  rows: readonly unknown[],
  primaryIds: ReadonlySet<string>,
  keyOf: (row: Row) => Key,
): ({ readonly kind: "conversions" } & Key & Conversions)[] =>
  mapRows(rows, (row) => {
    const figures = conversionsOf(row, primaryIds);
    return figures && { kind: "conversions", ...keyOf(row), ...figures };
  });

export const networkDeliveries = (rows: readonly unknown[], day: ReadDay): NetworkDay[] =>
  deliveriesBy(rows, (row) => networkKey(row, day(row.segments?.date)));

export const networkConversions = (
  rows: readonly unknown[],
  day: ReadDay,
  primaryIds: ReadonlySet<string>,
): NetworkDay[] => conversionsBy(rows, primaryIds, (row) => networkKey(row, day(row.segments?.date)));

export const conversionDays = (
  rows: readonly unknown[],
  day: ReadDay,
  primaryIds: ReadonlySet<string>,
): ConversionDay[] =>
  mapRows(rows, (row) => {
    const figures = conversionsOf(row, primaryIds);
    return (
      figures && {
        date: day(row.segments?.date),
        campaignId: idOf(row.campaign?.id, "campaign.id"),
        adGroupId: idOf(row.adGroup?.id, "ad_group.id"),
        adId: idOf(row.adGroupAd?.ad?.id, "ad_group_ad.ad.id"),
        actionId: figures.actionId,
        attribution: figures.attribution,
        traffic: figures.traffic,
        conversions: figures.conversions,
        conversionValue: figures.conversionValue,
        primaryConversions: figures.primaryConversions,
        primaryConversionValue: figures.primaryConversionValue,
        allConversions: figures.allConversions,
        allConversionValue: figures.allConversionValue,
      }
    );
  });

/** The ad in `customers/{id}/adGroupAds/{ad group}~{ad}`; '' for a campaign without ads. */
const adIdOf = (value: unknown): string =>
  typeof value === "string" ? (/\/adGroupAds\/\d+~(\d+)$/.exec(value)?.[1] ?? "") : "";

/** A click without an id, as privacy rules may leave it, explains no landing URL. */
export const adClicks = (rows: readonly unknown[]): AdClick[] =>
  mapRows(rows, ({ clickView, campaign, adGroup, segments }) => {
    const clickId = textOf(clickView?.gclid);
    return clickId === ""
      ? undefined
      : {
          clickId,
          campaignId: idOf(campaign?.id, "campaign.id"),
          adGroupId: adGroup?.id === undefined ? "" : idOf(adGroup.id, "ad_group.id"),
          adId: adIdOf(clickView?.adGroupAd),
          network: textOf(segments?.adNetworkType, "UNSPECIFIED"),
        };
  });

export const campaignEntities = (rows: readonly unknown[]): Entity[] =>
  mapRows(rows, ({ campaign }) => ({
    kind: "campaign",
    id: idOf(campaign?.id, "campaign.id"),
    name: textOf(campaign?.name),
    status: textOf(campaign?.status, "UNKNOWN"),
    type: textOf(campaign?.advertisingChannelType),
  }));

export const adGroupEntities = (rows: readonly unknown[]): Entity[] =>
  mapRows(rows, ({ campaign, adGroup }) => ({
    kind: "ad_group",
    id: idOf(adGroup?.id, "ad_group.id"),
    campaignId: idOf(campaign?.id, "campaign.id"),
    name: textOf(adGroup?.name),
    status: textOf(adGroup?.status, "UNKNOWN"),
  }));

export const adEntities = (rows: readonly unknown[]): Entity[] =>
  mapRows(rows, ({ campaign, adGroup, adGroupAd }) => ({
    kind: "ad",
    id: idOf(adGroupAd?.ad?.id, "ad_group_ad.ad.id"),
    adGroupId: idOf(adGroup?.id, "ad_group.id"),
    campaignId: idOf(campaign?.id, "campaign.id"),
    name: textOf(adGroupAd?.ad?.name),
    status: textOf(adGroupAd?.status, "UNKNOWN"),
  }));
