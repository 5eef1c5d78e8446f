import * as z from "zod";
import type { Day, DayRange } from "../../domain/day.ts";
import { decimal, type Decimal, fromUnits, orZero, toUnits, wholeNumber } from "../../domain/decimal.ts";
import type { Conversions, Delivery, NetworkDay, Traffic } from "../../domain/facts.ts";
import { Failure } from "../../domain/failure.ts";
import { messageLeads, oneClickLeads, qualifiedLeads, withoutRule } from "./counting.ts";
import { idIn } from "./restli.ts";

const dateSchema = z.object({
  year: z.coerce.number().int(),
  month: z.coerce.number().int(),
  day: z.coerce.number().int(),
});

const answerSchema = z.object({
  elements: z.array(
    z.looseObject({
      dateRange: z.object({ start: dateSchema, end: dateSchema }),
      pivotValues: z.array(z.union([z.string(), z.number()]).nullable().transform(String)),
    }),
  ),
});

/** One row of adAnalytics: a day, what it is about, and the metrics as they came. */
export interface AnalyticsRow {
  readonly date: Day;
  readonly pivotValues: readonly string[];
  readonly metrics: Readonly<Record<string, unknown>>;
}

const twoDigits = (value: number): string => String(value).padStart(2, "0");

const dayOf = ({ year, month, day }: z.output<typeof dateSchema>): Day =>
  `${String(year).padStart(4, "0")}-${twoDigits(month)}-${twoDigits(day)}`;

const wrong = (message: string): Failure =>
  new Failure({
    kind: "data",
    platform: "linkedin",
    message: `adAnalytics: ${message}`,
    remedy: "nothing of this window was published; report it to costper",
  });

/**
 * The rows of an answer, as many as came.
 * @throws Failure `data` where the answer has another shape or a day that was not asked for.
 */
export const readReport = (answer: unknown, range: DayRange): readonly AnalyticsRow[] => {
  const checked = answerSchema.safeParse(answer);
  if (!checked.success) {
    const issue = checked.error.issues[0];
    throw wrong(`the answer has an unknown shape at ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`);
  }
  return checked.data.elements.map(({ dateRange, pivotValues, ...metrics }) => {
    const date = dayOf(dateRange.start);
    const end = dayOf(dateRange.end);
    if (end !== date) throw wrong(`a row is about ${date} to ${end}, single days were asked for`);
    if (date < range.from || date > range.to)
      throw wrong(`a row of ${date} came, asked were ${range.from} to ${range.to}`);
    return { date, pivotValues, metrics };
  });
};

/** A row that LinkedIn sends twice counts once. */
export const eachOnce = (rows: readonly AnalyticsRow[]): readonly AnalyticsRow[] => [
  ...new Map(rows.map((row) => [[row.date, ...row.pivotValues].join("\n"), row])).values(),
];

/** The id of a kind among the pivot values: found by its URN, or as a bare number at its place; else empty. */
export const pivotId = (row: AnalyticsRow, kind: string, place = 0): string => {
  for (const value of row.pivotValues) {
    const id = value.startsWith("urn:") ? idIn(kind, value) : undefined;
    if (id !== undefined) return id;
  }
  return idIn(kind, row.pivotValues[place]) ?? "";
};

/**
 * A figure in millionths, half rounded away from zero. LinkedIn sends money as decimal text of any length, at times
 * with an exponent (`-2E-18`); six places are what the warehouse keeps.
 */
const millionths = (value: unknown, field: string): bigint => toUnits(decimal(value, field), 6);

const decimalOf = (value: bigint): Decimal => fromUnits(value, 6);

/** Figures that are not 0 only where the first one is not: the same in another currency, parts of the sum. */
const witnesses: Readonly<Record<string, readonly string[]>> = {
  costInLocalCurrency: ["costInUsd"],
  externalWebsiteConversions: ["externalWebsitePostClickConversions", "externalWebsitePostViewConversions"],
  viralExternalWebsiteConversions: [
    "viralExternalWebsitePostClickConversions",
    "viralExternalWebsitePostViewConversions",
  ],
};

const isAbsent = ({ metrics }: AnalyticsRow, name: string): boolean =>
  metrics[name] === undefined || metrics[name] === null;

const isPositive = ({ metrics }: AnalyticsRow, name: string): boolean =>
  millionths(orZero(metrics[name]), name) > 0n;

/** A metric that was asked for and is absent is 0 ("Reporting"), unless its own row says otherwise. */
const metricOf = (row: AnalyticsRow, name: string): unknown => {
  const witness = isAbsent(row, name) ? witnesses[name]?.find((other) => isPositive(row, other)) : undefined;
  if (witness === undefined) return orZero(row.metrics[name]);
  throw wrong(`${name} of ${row.date} was asked for and is not in the answer, ${witness} is`);
};

const bare = (row: AnalyticsRow): Delivery => ({
  spend: decimalOf(millionths(metricOf(row, "costInLocalCurrency"), "costInLocalCurrency")),
  impressions: wholeNumber(metricOf(row, "impressions"), "impressions"),
  clicks: wholeNumber(metricOf(row, "clicks"), "clicks"),
});

/** Clicks without any cost or impression in a whole answer: LinkedIn left the metric out. */
const requireDelivery = (rows: readonly AnalyticsRow[]): void => {
  const clicked = rows.find((row) => isPositive(row, "clicks"));
  for (const name of ["costInLocalCurrency", "impressions"])
    if (clicked && rows.every((row) => isAbsent(row, name)))
      throw wrong(`${name} was asked for and is in no row, clicks are (${clicked.date})`);
};

const hasDelivery = ({ spend, impressions, clicks }: Delivery): boolean =>
  [spend, impressions, clicks].some((figure) => /[1-9]/.test(figure));

const addUp = (a: Delivery, b: Delivery): Delivery => ({
  spend: decimalOf(millionths(a.spend, "spend") + millionths(b.spend, "spend")),
  impressions: String(BigInt(a.impressions) + BigInt(b.impressions)),
  clicks: String(BigInt(a.clicks) + BigInt(b.clicks)),
});

/** Delivery by whatever key; rows without any are left out, since LinkedIn sends them or not as it pleases. */
export const deliveryBy = <Key extends { readonly date: Day }>(
  rows: readonly AnalyticsRow[],
  keyOf: (row: AnalyticsRow) => Key,
): readonly (Key & Delivery)[] => {
  requireDelivery(rows);
  const sums = new Map<string, Key & Delivery>();
  for (const row of rows) {
    const key = keyOf(row);
    const name = Object.values(key).join("\n");
    const before = sums.get(name);
    sums.set(name, { ...key, ...(before ? addUp(before, bare(row)) : bare(row)) });
  }
  return [...sums.values()].filter(hasDelivery);
};

/** One action's conversions of a campaign on a day. */
export type CampaignConversions = { readonly date: Day; readonly campaignId: string } & Conversions;

/** Conversions and their value, in millionths. */
interface Tally {
  conversions: bigint;
  value: bigint;
}

interface CampaignDayTally {
  readonly date: Day;
  readonly campaignId: string;
  /** By `traffic` and action id. */
  readonly actions: Map<string, Tally & { readonly traffic: Traffic; readonly actionId: string }>;
  /** Website conversions that the campaign report counts, with a rule or without. */
  readonly website: Record<Traffic, Tally>;
  /** The part of them that rules account for. */
  readonly byRule: Record<Traffic, Tally>;
}

const nothing = (): Tally => ({ conversions: 0n, value: 0n });

const websiteMetric = {
  paid: "externalWebsiteConversions",
  organic: "viralExternalWebsiteConversions",
} as const;

const website = (row: AnalyticsRow, traffic: Traffic): Tally => ({
  conversions: millionths(metricOf(row, websiteMetric[traffic]), websiteMetric[traffic]),
  // Viral conversions have no value of their own.
  value:
    traffic === "paid"
      ? millionths(metricOf(row, "conversionValueInLocalCurrency"), "conversionValueInLocalCurrency")
      : 0n,
});

const leads: readonly (readonly [metric: string, actionId: string, traffic: Traffic])[] = [
  ["oneClickLeads", oneClickLeads, "paid"],
  ["viralOneClickLeads", oneClickLeads, "organic"],
  ["leadGenerationMailContactInfoShares", messageLeads, "paid"],
  ["qualifiedLeads", qualifiedLeads, "paid"],
];

const traffics = ["paid", "organic"] as const;

const add = (to: Tally, more: Tally): void => {
  to.conversions += more.conversions;
  to.value += more.value;
};

/** Differences up to this many millionths come from rounding values to six places. */
const roundingNoise = 20n;

/**
 * Conversions by rule, with what the campaign's total has beyond its rules (or lacks) as an action of its own: so
 * that all website actions of a campaign-day add up to LinkedIn's total.
 */
export const conversionDays = (
  byCampaign: readonly AnalyticsRow[],
  byRule: readonly AnalyticsRow[],
): { readonly rows: readonly CampaignConversions[]; readonly corrected: number } => {
  const days = new Map<string, CampaignDayTally>();
  const dayOf = (row: AnalyticsRow): CampaignDayTally => {
    const campaignId = pivotId(row, "sponsoredCampaign");
    const key = `${row.date}\n${campaignId}`;
    let day = days.get(key);
    if (!day) {
      day = {
        date: row.date,
        campaignId,
        actions: new Map(),
        website: { paid: nothing(), organic: nothing() },
        byRule: { paid: nothing(), organic: nothing() },
      };
      days.set(key, day);
    }
    return day;
  };
  const book = (day: CampaignDayTally, actionId: string, traffic: Traffic, more: Tally): void => {
    const key = `${traffic}\n${actionId}`;
    const known = day.actions.get(key);
    if (known) add(known, more);
    else day.actions.set(key, { ...more, actionId, traffic });
  };

  for (const row of byCampaign) {
    const day = dayOf(row);
    for (const traffic of traffics) add(day.website[traffic], website(row, traffic));
    for (const [metric, actionId, traffic] of leads)
      book(day, actionId, traffic, { conversions: millionths(metricOf(row, metric), metric), value: 0n });
  }
  for (const row of byRule) {
    const day = dayOf(row);
    const ruleId = pivotId(row, "llaPartnerConversion", 1);
    // Conversions of a rule without a name come back as the difference.
    if (ruleId === "") continue;
    for (const traffic of traffics) {
      const counted = website(row, traffic);
      add(day.byRule[traffic], counted);
      book(day, ruleId, traffic, counted);
    }
  }

  let corrected = 0;
  for (const day of days.values())
    for (const traffic of traffics) {
      const conversions = day.website[traffic].conversions - day.byRule[traffic].conversions;
      const value = day.website[traffic].value - day.byRule[traffic].value;
      if (conversions === 0n && value <= roundingNoise && value >= -roundingNoise) continue;
      if (conversions < 0n) corrected += 1;
      book(day, withoutRule, traffic, { conversions, value });
    }

  const rows = [...days.values()].flatMap((day) =>
    [...day.actions.values()]
      .filter(({ conversions, value }) => conversions !== 0n || value !== 0n)
      .map(({ actionId, traffic, conversions, value }) => ({
        date: day.date,
        campaignId: day.campaignId,
        actionId,
        attribution: "",
        traffic,
        conversions: decimalOf(conversions),
        conversionValue: decimalOf(value),
      })),
  );
  return { rows, corrected };
};

/** LinkedIn has one network; what the campaign-day came to is what it came to there. */
export const onLinkedin = (
  delivery: readonly ({ readonly date: Day; readonly campaignId: string } & Delivery)[],
  conversions: readonly CampaignConversions[],
): readonly NetworkDay[] => [
  ...delivery.map((row) => ({ ...row, kind: "delivery" as const, network: "linkedin" })),
  ...conversions.map((row) => ({ ...row, kind: "conversions" as const, network: "linkedin" })),
];
