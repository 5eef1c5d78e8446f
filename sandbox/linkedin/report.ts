import { type Day, dayAt, eachDay, isDay } from "../../src/domain/day.ts";
import { fromUnits } from "../../src/domain/decimal.ts";
import { chance } from "../pattern.ts";
import type { CampaignFigures } from "./figures.ts";
import { listIn, ParameterError, type Query, recordIn, textIn, urnId, type Value } from "./syntax.ts";
import type { SandboxAccount, SandboxCampaign } from "./world.ts";

const moneyMetrics = ["costInLocalCurrency", "costInUsd", "conversionValueInLocalCurrency"] as const;

const countMetrics = [
  "impressions",
  "clicks",
  "landingPageClicks",
  "externalWebsiteConversions",
  "externalWebsitePostClickConversions",
  "externalWebsitePostViewConversions",
  "oneClickLeads",
  "leadGenerationMailContactInfoShares",
  "qualifiedLeads",
  "viralImpressions",
  "viralClicks",
  "viralExternalWebsiteConversions",
  "viralExternalWebsitePostClickConversions",
  "viralExternalWebsitePostViewConversions",
  "viralOneClickLeads",
] as const;

type Metric = (typeof moneyMetrics)[number] | (typeof countMetrics)[number];

/** Money in millionths, counts as they are. */
type Cell = Partial<Record<Metric, bigint>>;

const pivots = ["ACCOUNT", "CAMPAIGN_GROUP", "CAMPAIGN", "CREATIVE", "CONVERSION"] as const;
type Pivot = (typeof pivots)[number];

const fieldNames: ReadonlySet<string> = new Set([
  ...moneyMetrics,
  ...countMetrics,
  "dateRange",
  "pivotValues",
]);
const mostFields = 20;

const asPivot = (name: string, text: string, statistics: boolean): Pivot => {
  if (text.startsWith("MEMBER_") && statistics)
    throw new ParameterError(name, `${text} is not allowed here`, "FIELD_INVALID");
  const pivot = pivots.find((known) => known === text);
  if (!pivot) throw new ParameterError(name, `unknown pivot ${text}`);
  return pivot;
};

const dayIn = (name: string, value: Value | undefined): Day => {
  const parts = recordIn(name, value);
  const [year, month, day] = ["year", "month", "day"].map((part) => {
    const text = textIn(`${name}/${part}`, parts.get(part));
    if (!/^(0|[1-9]\d*)$/.test(text)) throw new ParameterError(name, `${part} is no number`);
    return text;
  });
  const text = `${year}-${month?.padStart(2, "0")}-${day?.padStart(2, "0")}`;
  if (!isDay(text)) throw new ParameterError(name, `no such day: ${text}`);
  return text;
};

export interface ReportRequest {
  readonly pivots: readonly Pivot[];
  readonly from: Day;
  readonly to: Day;
  readonly accountIds: readonly string[];
  readonly campaignIds: readonly string[] | undefined;
  readonly fields: readonly string[];
}

const allowed = new Set([
  "q",
  "pivot",
  "pivots",
  "timeGranularity",
  "dateRange",
  "accounts",
  "campaigns",
  "start",
  "count",
]);

/** @throws ParameterError for whatever LinkedIn would refuse. */
export const readReportRequest = ({ parameters, fields }: Query, now: Date): ReportRequest => {
  for (const name of parameters.keys())
    if (!allowed.has(name)) throw new ParameterError(name, "unknown parameter");
  const finder = textIn("q", parameters.get("q"));
  if (finder !== "analytics" && finder !== "statistics") throw new ParameterError("q", "unknown finder");
  const statistics = finder === "statistics";
  const asked = statistics
    ? listIn("pivots", parameters.get("pivots"))
    : [textIn("pivot", parameters.get("pivot"))];
  if (asked.length === 0 || asked.length > 3) throw new ParameterError("pivots", "one to three pivots");
  if (textIn("timeGranularity", parameters.get("timeGranularity")) !== "DAILY")
    throw new ParameterError("timeGranularity", "only DAILY is served here");
  const range = recordIn("dateRange", parameters.get("dateRange"));
  const today = dayAt(now, "utc");
  const from = dayIn("dateRange/start", range.get("start"));
  const to = range.has("end") ? dayIn("dateRange/end", range.get("end")) : today;
  if (to > today) throw new ParameterError("dateRange", `the end ${to} is after today`);
  if (from > to) throw new ParameterError("dateRange", "the start is after the end");
  const accounts = parameters.get("accounts");
  const campaigns = parameters.get("campaigns");
  if (!accounts && !campaigns) throw new ParameterError("accounts", "at least one facet is required");
  const names = fields ?? ["impressions", "clicks"];
  if (names.length > mostFields) throw new ParameterError("fields", `more than ${mostFields} fields`);
  for (const name of names)
    if (!fieldNames.has(name)) throw new ParameterError("fields", `unknown field ${name}`, "FIELD_INVALID");
  return {
    pivots: asked.map((text) => asPivot(statistics ? "pivots" : "pivot", text, statistics)),
    from,
    to,
    accountIds: accounts
      ? listIn("accounts", accounts).map((urn) => urnId("accounts", "sponsoredAccount", urn))
      : [],
    campaignIds: campaigns
      ? listIn("campaigns", campaigns).map((urn) => urnId("campaigns", "sponsoredCampaign", urn))
      : undefined,
    fields: names,
  };
};

type Keys = Record<Pivot, string>;

const websiteCell = (rules: CampaignFigures["rules"]): Cell => {
  const sum = (pick: (rule: (typeof rules)[number]) => number): bigint =>
    BigInt(rules.reduce((total, rule) => total + pick(rule), 0));
  return {
    externalWebsiteConversions: sum((rule) => rule.conversions),
    externalWebsitePostClickConversions: sum((rule) => rule.postClick),
    externalWebsitePostViewConversions: sum((rule) => rule.conversions - rule.postClick),
    conversionValueInLocalCurrency: rules.reduce((total, rule) => total + rule.value, 0n),
    viralExternalWebsiteConversions: sum((rule) => rule.viral),
    viralExternalWebsitePostClickConversions: sum((rule) => rule.viral),
    viralExternalWebsitePostViewConversions: 0n,
  };
};

const campaignCell = (figures: CampaignFigures, currency: string): Cell => ({
  costInLocalCurrency: figures.spend,
  costInUsd: currency === "USD" ? figures.spend : (figures.spend * 108n) / 100n,
  impressions: BigInt(figures.impressions),
  clicks: BigInt(figures.clicks),
  landingPageClicks: BigInt(figures.landingPageClicks),
  ...websiteCell(figures.rules),
  oneClickLeads: BigInt(figures.oneClickLeads),
  leadGenerationMailContactInfoShares: BigInt(figures.messageLeads),
  qualifiedLeads: BigInt(figures.qualifiedLeads),
  viralImpressions: BigInt(figures.viralImpressions),
  viralClicks: BigInt(figures.viralClicks),
  viralOneClickLeads: BigInt(figures.viralOneClickLeads),
});

/** Two creatives share a campaign's delivery; the rest belongs to one that was deleted, and to no row. */
const creativeShares = [60n, 37n];

const cellsOf = (
  asked: readonly Pivot[],
  account: SandboxAccount,
  campaign: SandboxCampaign,
  figures: CampaignFigures,
): readonly (readonly [Keys, Cell])[] => {
  const keys: Keys = {
    ACCOUNT: `urn:li:sponsoredAccount:${account.id}`,
    CAMPAIGN_GROUP: `urn:li:sponsoredCampaignGroup:${campaign.groupId}`,
    CAMPAIGN: `urn:li:sponsoredCampaign:${campaign.id}`,
    CREATIVE: "",
    CONVERSION: "",
  };
  const whole = campaignCell(figures, account.currency);
  if (asked.includes("CONVERSION"))
    return figures.rules
      .filter(({ ruleId }) => ruleId !== "")
      .map((rule) => [
        { ...keys, CONVERSION: `urn:lla:llaPartnerConversion:${rule.ruleId}` },
        websiteCell([rule]),
      ]);
  if (asked.includes("CREATIVE"))
    return campaign.creativeIds.map((id, index) => {
      const part = (value: bigint | undefined): bigint =>
        ((value ?? 0n) * (creativeShares[index] ?? 0n)) / 100n;
      return [
        { ...keys, CREATIVE: `urn:li:sponsoredCreative:${id}` },
        {
          costInLocalCurrency: part(whole.costInLocalCurrency),
          costInUsd: part(whole.costInUsd),
          impressions: part(whole.impressions),
          clicks: part(whole.clicks),
        },
      ];
    });
  return [[keys, whole]];
};

/** At least one decimal: `12.0`. */
const plain = (millionths: bigint): string => fromUnits(millionths, 6).replace(/(\.\d+?)0+$/, "$1");

/** Money as LinkedIn writes it: decimal text of changing length, exponents, float noise, at times a JSON number. */
const wireMoney = (millionths: bigint, style: number): string | number => {
  if (millionths === 0n) return "-2E-18";
  if (style < 0.15) return fromUnits(millionths * 10n ** 8n - 4n, 14);
  if (style < 0.3) return `${millionths}E-6`;
  if (style < 0.4) return Number(plain(millionths));
  if (style < 0.5) return `${plain(millionths)}0000000000000`;
  return plain(millionths);
};

const wireDay = (day: Day) => {
  const [year, month, date] = day.split("-").map(Number);
  return { year, month, day: date };
};

const isMoney = (name: string): boolean => (moneyMetrics as readonly string[]).includes(name);

/** Rows by day and pivots; those whose asked metrics are all zero are left out. */
export const reportRows = (
  asked: ReportRequest,
  accounts: readonly SandboxAccount[],
  figures: (account: SandboxAccount, campaign: SandboxCampaign, day: Day) => CampaignFigures | undefined,
): readonly Record<string, unknown>[] => {
  const metrics = asked.fields.filter(
    (name): name is Metric => name !== "dateRange" && name !== "pivotValues",
  );
  const chosen = asked.campaignIds && new Set(asked.campaignIds);
  const rows: Record<string, unknown>[] = [];
  for (const day of eachDay(asked)) {
    const sums = new Map<string, { values: string[]; cell: Cell }>();
    for (const account of accounts) {
      if (asked.accountIds.length > 0 && !asked.accountIds.includes(account.id)) continue;
      for (const campaign of account.campaigns) {
        if (chosen && !chosen.has(campaign.id)) continue;
        const found = figures(account, campaign, day);
        for (const [keys, cell] of found ? cellsOf(asked.pivots, account, campaign, found) : []) {
          const values = asked.pivots.map((pivot) => keys[pivot]);
          const key = values.join(" ");
          const sum = sums.get(key) ?? { values, cell: {} };
          for (const name of metrics) sum.cell[name] = (sum.cell[name] ?? 0n) + (cell[name] ?? 0n);
          sums.set(key, sum);
        }
      }
    }
    for (const [key, { values, cell }] of sums) {
      if (metrics.every((name) => (cell[name] ?? 0n) === 0n)) continue;
      const row: Record<string, unknown> = {};
      if (asked.fields.includes("dateRange")) row["dateRange"] = { start: wireDay(day), end: wireDay(day) };
      if (asked.fields.includes("pivotValues")) row["pivotValues"] = values;
      for (const name of metrics) {
        const value = cell[name] ?? 0n;
        const draw = chance("wire", key, day, name);
        // A zero is written out or left out.
        if (value === 0n && draw < 0.3) continue;
        row[name] = isMoney(name) ? wireMoney(value, draw) : Number(value);
      }
      rows.push(row);
    }
  }
  return rows;
};
