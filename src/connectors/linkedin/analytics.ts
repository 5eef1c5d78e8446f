import { addDays, countDays, type Day, dayAt, type DayRange, earlierDay } from "../../domain/day.ts";
import { Failure } from "../../domain/failure.ts";
import type { Pull } from "../connector.ts";
import type { Ask } from "./client.ts";
import { statusOf } from "./failures.ts";
import { eachOnce, readReport, type AnalyticsRow } from "./normalize.ts";
import { accountUrn, campaignUrn, type Parameters, queryOf } from "./restli.ts";

/** What a report is by, and its metrics: 18 at most beside the two keys. */
export interface AnalyticsReport {
  readonly finder: Parameters;
  readonly metrics: readonly string[];
}

/** The cost in dollars is LinkedIn's own conversion: it shows where the cost in the account's currency is missing. */
const deliveryMetrics = ["costInLocalCurrency", "costInUsd", "impressions", "clicks"];

const viralMetrics = [
  "viralExternalWebsiteConversions",
  "viralExternalWebsitePostClickConversions",
  "viralExternalWebsitePostViewConversions",
];

const websiteMetrics = [
  "externalWebsiteConversions",
  "externalWebsitePostClickConversions",
  "externalWebsitePostViewConversions",
  "conversionValueInLocalCurrency",
];

export const byCampaign: AnalyticsReport = {
  finder: { q: "analytics", pivot: "CAMPAIGN" },
  metrics: [
    ...deliveryMetrics,
    "landingPageClicks",
    ...websiteMetrics,
    "oneClickLeads",
    "leadGenerationMailContactInfoShares",
    "qualifiedLeads",
    "viralImpressions",
    "viralClicks",
    ...viralMetrics,
    "viralOneClickLeads",
  ],
};

/** Without delivery: what cost means for one rule is not documented. */
export const byRule: AnalyticsReport = {
  finder: { q: "statistics", pivots: ["CAMPAIGN", "CONVERSION"] },
  metrics: [...websiteMetrics, ...viralMetrics],
};

export const byCreative: AnalyticsReport = {
  finder: { q: "statistics", pivots: ["CAMPAIGN", "CREATIVE"] },
  metrics: deliveryMetrics,
};

export const byAccount: AnalyticsReport = {
  finder: { q: "analytics", pivot: "ACCOUNT" },
  metrics: deliveryMetrics,
};

/** An answer of this many rows may have been cut, which LinkedIn does without a word. */
const fullAnswer = 15_000;
const campaignsAtOnce = 50;

const partsOf = (day: Day): Parameters => {
  const [year, month, date] = day.split("-").map(Number);
  return { year: year ?? 0, month: month ?? 0, day: date ?? 0 };
};

const campaignsIn = (rows: readonly AnalyticsRow[]): string[] =>
  rows.flatMap(({ pivotValues }) =>
    pivotValues
      .filter((value) => value.startsWith(campaignUrn("")))
      .map((value) => value.slice(campaignUrn("").length)),
  );

const chunks = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );

/**
 * Every row of a report for the days of the pull that have come, however large: an answer that may have been cut
 * is thrown away and asked for again in halves, a single day by campaigns.
 * @param campaigns the account's campaigns, asked for only where a single day is too large.
 */
export const pullReport = async (
  ask: Ask,
  pull: Pull,
  report: AnalyticsReport,
  now: Date,
  campaigns: () => Promise<readonly string[]>,
): Promise<readonly AnalyticsRow[]> => {
  const rowsOf = async (range: DayRange, only?: readonly string[]): Promise<readonly AnalyticsRow[]> => {
    const query = queryOf(
      {
        ...report.finder,
        timeGranularity: "DAILY",
        dateRange: { start: partsOf(range.from), end: partsOf(range.to) },
        // A campaign belongs to one account, so that naming it is enough.
        ...(only ? { campaigns: only.map(campaignUrn) } : { accounts: [accountUrn(pull.account.id)] }),
      },
      ["dateRange", "pivotValues", ...report.metrics],
    );
    const answer = await ask({
      resource: "adAnalytics",
      query,
      finder: true,
      accountId: pull.account.id,
      signal: pull.signal,
    });
    return readReport(answer, range);
  };

  const tooLarge = (range: DayRange): Failure =>
    new Failure({
      kind: "account",
      platform: "linkedin",
      accountId: pull.account.id,
      message: `adAnalytics: one campaign has ${fullAnswer} rows or more on ${range.from}, which LinkedIn cuts`,
      remedy: "split the campaign, or set connectors.linkedin.creatives to false",
    });

  const byBlock = async (range: DayRange, block: readonly string[]): Promise<readonly AnalyticsRow[]> => {
    const halves = (): Promise<readonly AnalyticsRow[]> =>
      byBlocks(range, chunks(block, Math.ceil(block.length / 2)));
    let rows: readonly AnalyticsRow[];
    try {
      rows = await rowsOf(range, block);
    } catch (error) {
      if (statusOf(error) === 414 && block.length > 1) return halves();
      throw error;
    }
    if (rows.length < fullAnswer) return rows;
    if (block.length === 1) throw tooLarge(range);
    return halves();
  };

  const byBlocks = async (range: DayRange, blocks: readonly string[][]): Promise<readonly AnalyticsRow[]> => {
    const rows: AnalyticsRow[] = [];
    for (const block of blocks) for (const row of await byBlock(range, block)) rows.push(row);
    return rows;
  };

  const inRange = async (range: DayRange): Promise<readonly AnalyticsRow[]> => {
    const rows = await rowsOf(range);
    if (rows.length < fullAnswer) return rows;
    const days = countDays(range);
    if (days > 1) {
      const middle = addDays(range.from, Math.floor(days / 2));
      const first = await inRange({ from: range.from, to: addDays(middle, -1) });
      return [...first, ...(await inRange({ from: middle, to: range.to }))];
    }
    // The listing may lack campaigns that the cut answer names.
    const known = [...new Set([...(await campaigns()), ...campaignsIn(rows)])];
    return byBlocks(range, chunks(known, campaignsAtOnce));
  };

  // LinkedIn's days are UTC; an end after today is not asked for.
  const to = earlierDay(pull.to, dayAt(now, "utc"));
  return to < pull.from ? [] : eachOnce(await inRange({ from: pull.from, to }));
};
