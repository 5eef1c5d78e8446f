import { addMonths, type Day, dayAt, eachDay, isDay } from "../../src/domain/day.ts";
import { chance } from "../pattern.ts";
import { shareOut } from "../split.ts";
import { Refusal, refusal } from "./answers.ts";
import type { Figures, Leaf } from "./figures.ts";
import { hundredths } from "./truth.ts";
import type { SandboxAccount } from "./world.ts";

/** A report request that passed every check. */
export interface AskedReport {
  readonly type: string;
  readonly columns: readonly string[];
  readonly accounts: readonly SandboxAccount[];
  readonly from: Day;
  readonly to: Day;
  readonly zone: string;
  readonly daily: boolean;
  readonly withNames: boolean;
  readonly withHeader: boolean;
  readonly withFooter: boolean;
  /** Format version 1.0: thousands have commas. */
  readonly commas: boolean;
}

type Cell = Readonly<Record<Metric, number>>;

const wholeMetrics = ["Impressions", "Clicks"] as const;
const moneyMetrics = ["Spend"] as const;
const conversionMetrics = [
  "Conversions",
  "ConversionsQualified",
  "Revenue",
  "AllConversions",
  "AllConversionsQualified",
  "AllRevenue",
  "ViewThroughConversionsQualified",
] as const;
const metrics = [...wholeMetrics, ...moneyMetrics, ...conversionMetrics] as const;
type Metric = (typeof metrics)[number];
const isMetric = (column: string): column is Metric => (metrics as readonly string[]).includes(column);

const account = ["TimePeriod", "AccountId", "AccountName", "AccountNumber", "CurrencyCode", "Network"];
const campaign = [...account, "AdDistribution", "CampaignId", "CampaignName"];
const goal = ["Goal", "GoalType", "GoalId"];

/** Columns of each report type, and those that it insists on. */
const reportTypes: Readonly<
  Record<string, { readonly columns: readonly string[]; readonly required: readonly string[] }>
> = {
  AccountPerformanceReportRequest: { columns: [...account, "AdDistribution", ...metrics], required: [] },
  CampaignPerformanceReportRequest: {
    columns: [...campaign, "DeviceType", "Goal", "GoalType", ...metrics],
    required: [],
  },
  GeographicPerformanceReportRequest: {
    columns: [...campaign, "Country", "LocationType", "DeviceType", "Goal", "GoalType", ...metrics],
    required: ["Country"],
  },
  AdPerformanceReportRequest: {
    columns: [...campaign, "AdGroupId", "AdGroupName", "AdId", "AdTitle", ...goal, ...metrics],
    required: [],
  },
  ConversionPerformanceReportRequest: {
    columns: [
      ...campaign.filter((column) => column !== "CurrencyCode" && column !== "Network"),
      "AdGroupId",
      "AdGroupName",
      ...goal,
      ...metrics,
    ],
    required: [],
  },
  GoalsAndFunnelsReportRequest: {
    columns: [
      ...campaign.filter((column) => column !== "CurrencyCode" && column !== "Network"),
      "AdGroupId",
      "AdGroupName",
      ...goal,
      "AllConversions",
      "AllConversionsQualified",
      "AllRevenue",
      "ViewThroughConversionsQualified",
    ],
    required: ["TimePeriod", "Goal"],
  },
};

const record = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;

const dateIn = (value: unknown): Day => {
  const { Day: day, Month: month, Year: year } = record(value) ?? {};
  const date = [
    String(year).padStart(4, "0"),
    String(month).padStart(2, "0"),
    String(day).padStart(2, "0"),
  ].join("-");
  if (![day, month, year].every(Number.isInteger) || !isDay(date)) throw refusal(2009);
  return date;
};

const flag = (value: unknown): boolean => value === true;

/** Reads the body of a Submit as strictly as the service. @throws Refusal */
export const readReportRequest = (
  body: string,
  context: {
    readonly accounts: readonly SandboxAccount[];
    readonly now: Date;
    readonly reaches: (account: SandboxAccount) => boolean;
  },
): AskedReport => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw refusal(100);
  }
  const request = record(record(parsed)?.["ReportRequest"]);
  if (!request) throw refusal(100);
  const type = request["Type"];
  if (type === undefined || type === null) throw refusal(2001);
  const shape = reportTypes[String(type)];
  if (!shape) throw refusal(2002);
  if (request["Format"] !== "Csv") throw refusal(100);

  const columns = request["Columns"];
  if (!Array.isArray(columns) || columns.length === 0) throw refusal(2014);
  const names = columns.map(String);
  // A name outside the enumeration cannot be bound.
  if (names.some((name) => !shape.columns.includes(name))) throw refusal(100);
  if (new Set(names).size !== names.length) throw refusal(2016);
  if (shape.required.some((name) => !names.includes(name))) throw refusal(2015);
  if (!names.some(isMetric)) throw refusal(2017);

  const ids = record(request["Scope"])?.["AccountIds"];
  if (!Array.isArray(ids) || ids.length === 0 || !ids.every((id) => typeof id === "string"))
    throw new Refusal(400, 2003, "AccountNotAuthorized", "AccountIds must be a list of text.");
  const accounts = ids.map((id) => context.accounts.find((candidate) => candidate.id === id));
  const reached = accounts.filter((each) => each !== undefined && context.reaches(each));
  if (reached.length !== ids.length) throw refusal(2003);

  const time = record(request["Time"]) ?? {};
  if (time["PredefinedTime"] !== undefined)
    throw new Refusal(400, 2008, "InvalidTime", "Custom and predefined time.");
  const [from, to] = [dateIn(time["CustomDateRangeStart"]), dateIn(time["CustomDateRangeEnd"])];
  if (to < from) throw refusal(2011);
  const zone = time["ReportTimeZone"] ?? "PacificTimeUSCanadaTijuana";
  const known = context.accounts.find(({ reportZone }) => reportZone === zone);
  if (!known) throw refusal(100);
  const today = dayAt(context.now, known.iana);
  if (to > today || from < addMonths(today, -36)) throw refusal(2010);
  if (flag(request["ReturnOnlyCompleteData"])) throw refusal(2004);
  const aggregation = request["Aggregation"] ?? "Daily";
  if (aggregation !== "Daily" && aggregation !== "Summary")
    throw new Refusal(400, 2007, "InvalidAggregation", "");

  return {
    type: String(type),
    columns: names,
    accounts: reached as SandboxAccount[],
    from,
    to,
    zone: String(zone),
    daily: aggregation === "Daily" && names.includes("TimePeriod"),
    withNames: !flag(request["ExcludeColumnHeaders"]),
    withHeader: !flag(request["ExcludeReportHeader"]),
    withFooter: !flag(request["ExcludeReportFooter"]),
    commas: request["FormatVersion"] !== "2.0",
  };
};

/** A leaf's delivery, and each of its goals apart: delivery has no goal. */
function* partsOf(
  leaf: Leaf,
  withGoals: boolean,
): Generator<readonly [goal: Leaf["credits"][number]["goal"] | undefined, cell: Cell]> {
  const delivery = { Impressions: leaf.impressions, Clicks: leaf.clicks, Spend: leaf.spendCents };
  const none = {
    Conversions: 0,
    ConversionsQualified: 0,
    Revenue: 0,
    AllConversions: 0,
    AllConversionsQualified: 0,
    AllRevenue: 0,
    ViewThroughConversionsQualified: 0,
  };
  const of = (credits: Leaf["credits"]) => {
    const sum = (figure: (credit: Leaf["credits"][number]) => number) =>
      credits.reduce((total, credit) => total + figure(credit), 0);
    const [qualified, all] = [sum((credit) => credit.qualified), sum((credit) => credit.all)];
    return {
      // The deprecated columns are close to the truth, and not the truth.
      Conversions: Math.floor(qualified / 100) * 100,
      ConversionsQualified: qualified,
      Revenue: sum((credit) => credit.qualifiedValue),
      AllConversions: Math.floor(all / 100) * 100,
      AllConversionsQualified: all,
      AllRevenue: sum((credit) => credit.allValue),
      ViewThroughConversionsQualified: sum((credit) => credit.viewThrough),
    };
  };
  if (!withGoals) {
    yield [undefined, { ...delivery, ...of(leaf.credits) }];
    return;
  }
  yield [undefined, { ...delivery, ...none }];
  for (const credit of leaf.credits)
    yield [credit.goal, { Impressions: 0, Clicks: 0, Spend: 0, ...of([credit]) }];
}

/** What parts of a leaf are told apart by, with their shares; of some people the country is not known. */
const divisions: Readonly<Record<string, readonly (readonly [label: string, share: number])[]>> = {
  DeviceType: [
    ["Computer", 0.6],
    ["Smartphone", 0.3],
    ["Tablet", 0.08],
    ["Unknown", 0.02],
  ],
  Country: [
    ["Germany", 0.7],
    ["Denmark", 0.2],
    ["Bosnia and Herzegovina", 0.05],
  ],
};

/** A leaf in the parts of one division. */
const divided = (leaf: Leaf, column: string): Leaf[] => {
  const division = divisions[column] ?? [];
  const shares = division.map(([, share]) => share);
  const out = (figure: number) => shareOut(figure, shares);
  const [spend, impressions, clicks] = [out(leaf.spendCents), out(leaf.impressions), out(leaf.clicks)];
  const credits = leaf.credits.map((credit) => ({
    goal: credit.goal,
    qualified: out(credit.qualified),
    qualifiedValue: out(credit.qualifiedValue),
    all: out(credit.all),
    allValue: out(credit.allValue),
    viewThrough: out(credit.viewThrough),
  }));
  return division.map(([label], index) => ({
    ...leaf,
    labels: { ...leaf.labels, [column]: label },
    spendCents: spend[index] ?? 0,
    impressions: impressions[index] ?? 0,
    clicks: clicks[index] ?? 0,
    credits: credits.map((credit) => ({
      goal: credit.goal,
      qualified: credit.qualified[index] ?? 0,
      qualifiedValue: credit.qualifiedValue[index] ?? 0,
      all: credit.all[index] ?? 0,
      allValue: credit.allValue[index] ?? 0,
      viewThrough: credit.viewThrough[index] ?? 0,
    })),
  }));
};

const attributes: Readonly<
  Record<
    string,
    (
      leaf: Leaf,
      of: { account: SandboxAccount; day: Day; goal: Leaf["credits"][number]["goal"] | undefined },
    ) => string
  >
> = {
  TimePeriod: (_, { day }) => day,
  AccountId: (_, { account: { id } }) => id,
  AccountName: (_, { account: { name } }) => name,
  AccountNumber: (_, { account: { number } }) => number,
  CurrencyCode: (_, { account: { currency } }) => currency,
  Network: ({ network }) => network,
  DeviceType: ({ labels }) => labels?.["DeviceType"] ?? "",
  Country: ({ labels }) => labels?.["Country"] ?? "",
  AdDistribution: ({ campaign: { adDistribution } }) => adDistribution,
  CampaignId: ({ campaign: { id } }) => id,
  CampaignName: ({ campaign: { name } }) => name,
  AdGroupId: ({ adGroup }) => adGroup?.id ?? "",
  AdGroupName: ({ adGroup }) => adGroup?.name ?? "",
  AdId: ({ ad }) => ad?.id ?? "",
  AdTitle: ({ ad }) => ad?.title ?? "",
  Goal: (_, { goal: of }) => of?.name ?? "",
  GoalType: (_, { goal: of }) => of?.type ?? "",
  GoalId: (_, { goal: of }) => of?.id ?? "",
};

const withCommas = (text: string): string => text.replace(/\B(?=(\d{3})+(?!\d))/g, ",");

const cellText = (asked: AskedReport, name: Metric, value: number, draw: () => number): string => {
  if (name === "Impressions" || name === "Clicks") return String(value);
  const audience = conversionMetrics.some((metric) => metric === name);
  // No value is written in three ways.
  if (value === 0 && audience) {
    const way = draw();
    if (way < 0.1) return "";
    if (way < 0.2) return "--";
  }
  const text = hundredths(value);
  const grouped = asked.commas && (name === "Revenue" || name === "AllRevenue");
  return grouped ? `${withCommas(text.slice(0, -3))}${text.slice(-3)}` : text;
};

/** The rows of a report, one list of cells each, day by day. */
export function* reportRows(asked: AskedReport, figures: Figures, now: Date): Generator<readonly string[]> {
  const keys = asked.columns.filter((column) => !isMetric(column));
  const wanted = asked.columns.filter(isMetric);
  const withGoals = keys.some((key) => key.startsWith("Goal"));
  const byAd = asked.type.startsWith("AdPerformance");

  const lines = function* (
    sums: Iterable<{ readonly values: ReadonlyMap<string, string>; readonly cell: Cell }>,
    ordinary: boolean,
  ) {
    for (const { values, cell } of sums) {
      const key = [...values.values()].join("\u0001");
      const draw = (name: string) => () => chance("cell", key, name);
      // Most combinations without any of the asked figures have no row; a few do.
      if (wanted.every((name) => cell[name] === 0) && (!ordinary || chance("row", key) > 0.1)) continue;
      yield asked.columns.map((column) =>
        isMetric(column) ? cellText(asked, column, cell[column], draw(column)) : (values.get(column) ?? ""),
      );
    }
  };

  type Sum = { values: Map<string, string>; cell: Record<Metric, number> };
  let sums = new Map<string, Sum>();
  for (const account of asked.accounts)
    for (const day of eachDay(asked)) {
      const whole = figures.of(account, day, dayAt(now, account.iana));
      const leaves = keys
        .filter((key) => key in divisions)
        .reduce<readonly Leaf[]>((all, key) => all.flatMap((leaf) => divided(leaf, key)), whole);
      for (const leaf of leaves) {
        if (byAd && leaf.ad === undefined) continue;
        for (const [goal, cell] of partsOf(leaf, withGoals)) {
          // Where goals are asked for, rows of delivery alone would double a large report for nothing.
          if (account.bulk && wanted.every((name) => cell[name] === 0)) continue;
          const values = new Map(
            keys.map((key) => [key, attributes[key]?.(leaf, { account, day, goal }) ?? ""]),
          );
          const key = [...values.values()].join("\u0001");
          const sum = sums.get(key);
          if (sum) for (const name of metrics) sum.cell[name] += cell[name];
          else sums.set(key, { values, cell: { ...cell } });
        }
      }
      if (!asked.daily) continue;
      yield* lines(sums.values(), !account.bulk);
      sums = new Map();
    }
  yield* lines(sums.values(), true);
}
