import { decimal, wholeNumber } from "../../domain/decimal.ts";
import type { Ga4Client, Ga4Report, Ga4Metadata } from "./client.ts";

/** What GA4 knows about a session's origin: its last non-direct source. */
export interface Ga4Origin {
  readonly reportedChannel: string;
  readonly source: string;
  readonly medium: string;
  readonly campaign: string;
  readonly campaignId: string;
}

export interface Ga4Sessions extends Ga4Origin {
  readonly sessions: string;
  readonly engagedSessions: string;
  readonly keyEvents: string;
  /** Null where GA4 hides revenue from this user. */
  readonly revenue: string | null;
}

export interface Ga4KeyEvents extends Ga4Origin {
  readonly eventName: string;
  readonly keyEvents: string;
}

/** One property's day, and how far it can be trusted. */
export interface Ga4Day {
  readonly sessions: readonly Ga4Sessions[];
  readonly keyEvents: readonly Ga4KeyEvents[];
  readonly currency: string | null;
  readonly timeZone: string | null;
  /** Some combinations were folded into (other), even with the fewest dimensions. */
  readonly isLossy: boolean;
  readonly isThresholded: boolean;
  /** Share of events that was read; null: all. */
  readonly sampledShare: number | null;
  readonly revenueHidden: boolean;
  readonly emptyReason: string | null;
  readonly tokensLeftToday: number | null;
}

const channel = "sessionDefaultChannelGroup";
// The fewer dimensions, the less is folded into (other).
const dimensionSets = [
  ["date", channel, "sessionSource", "sessionMedium", "sessionCampaignName", "sessionCampaignId"],
  ["date", channel, "sessionSource", "sessionMedium"],
  ["date", channel],
] as const;

const metrics = ["sessions", "engagedSessions", "keyEvents", "purchaseRevenue"];
const metricsAtOnce = 10;

type Row = Readonly<Record<string, string>>;

const originOf = (row: Row): Ga4Origin => ({
  reportedChannel: row[channel] ?? "",
  source: row["sessionSource"] ?? "",
  medium: row["sessionMedium"] ?? "",
  campaign: row["sessionCampaignName"] ?? "",
  campaignId: row["sessionCampaignId"] ?? "",
});

const sampledShare = ({ samplingMetadatas }: Ga4Metadata): number | null => {
  const [sampling] = samplingMetadatas;
  const space = Number(sampling?.samplingSpaceSize ?? 0);
  return sampling === undefined || space === 0 ? null : Number(sampling.samplesReadCount ?? 0) / space;
};

const isRevenueHidden = ({ schemaRestrictionResponse }: Ga4Metadata): boolean =>
  schemaRestrictionResponse?.activeMetricRestrictions.some(
    ({ metricName }) => metricName === undefined || metricName === "purchaseRevenue",
  ) ?? false;

/** Asks for one day; where combinations were folded together, again with fewer dimensions. One day a request: small answers. */
export const pullGa4Day = async (options: {
  readonly client: Ga4Client;
  readonly property: string;
  readonly day: string;
  readonly keyEvents: readonly string[];
  readonly signal: AbortSignal;
}): Promise<Ga4Day> => {
  const { client, property, day, signal } = options;
  const ask = (dimensions: readonly string[], names: readonly string[]): Promise<Ga4Report> =>
    client.runReport({ property, day, dimensions, metrics: names }, signal);

  let dimensions: readonly string[] = dimensionSets[0];
  let report = await ask(dimensions, metrics);
  for (const fewer of dimensionSets.slice(1)) {
    if (!report.metadata.dataLossFromOtherRow) break;
    dimensions = fewer;
    report = await ask(dimensions, metrics);
  }

  const keyEvents: Ga4KeyEvents[] = [];
  for (let start = 0; start < options.keyEvents.length; start += metricsAtOnce) {
    const names = options.keyEvents.slice(start, start + metricsAtOnce);
    const { rows } = await ask(
      dimensions,
      names.map((name) => `keyEvents:${name}`),
    );
    for (const row of rows)
      for (const eventName of names) {
        const count = decimal(row[`keyEvents:${eventName}`], `keyEvents:${eventName} of ${day}`);
        if (/[1-9]/.test(count)) keyEvents.push({ ...originOf(row), eventName, keyEvents: count });
      }
  }

  const revenueHidden = isRevenueHidden(report.metadata);
  return {
    sessions: report.rows.map((row) => ({
      ...originOf(row),
      sessions: wholeNumber(row["sessions"], `sessions of ${day}`),
      engagedSessions: wholeNumber(row["engagedSessions"], `engagedSessions of ${day}`),
      keyEvents: decimal(row["keyEvents"], `keyEvents of ${day}`),
      revenue: revenueHidden ? null : decimal(row["purchaseRevenue"], `purchaseRevenue of ${day}`),
    })),
    keyEvents,
    currency: report.metadata.currencyCode ?? null,
    timeZone: report.metadata.timeZone ?? null,
    isLossy: report.metadata.dataLossFromOtherRow,
    isThresholded: report.metadata.subjectToThresholding,
    sampledShare: sampledShare(report.metadata),
    revenueHidden,
    emptyReason: report.metadata.emptyReason ?? null,
    tokensLeftToday: report.tokensLeftToday,
  };
};
