import type { Day, DayRange } from "../../domain/day.ts";
import { type Device, unknownPart } from "../../domain/breakdown.ts";
import { countryOfName } from "../../domain/country.ts";
import { decimal, type Decimal, wholeNumber } from "../../domain/decimal.ts";
import type {
  AccountDay,
  AdDay,
  BreakdownDay,
  Conversions,
  ConversionDay,
  Delivery,
  NetworkDay,
} from "../../domain/facts.ts";
import { Failure } from "../../domain/failure.ts";
import { createPartSums } from "../part-sums.ts";
import { clickThrough, viewThrough } from "./goals.ts";
import { adReport, goalReport, type Report, type Split, totalReport } from "./reports.ts";

/** Meaning, without talking to anybody. Cells are text as the report's file has them. */

type Cells = readonly string[];

const wrong = (message: string): Failure =>
  new Failure({
    kind: "data",
    platform: "microsoft",
    message: `report: ${message}`,
    remedy: "nothing of this window was published; report it to costper",
  });

/** Empty and `--` both say that there is no value. */
const isNothing = (cell: string | undefined): boolean => cell === undefined || cell === "" || cell === "--";

const plain = (cell: string): string => (cell.includes(",") ? cell.replaceAll(",", "") : cell);

const amount = (cell: string | undefined, column: string): Decimal =>
  isNothing(cell) ? "0" : decimal(plain(cell ?? ""), column);

const count = (cell: string | undefined, column: string): string =>
  isNothing(cell) ? "0" : wholeNumber(plain(cell ?? ""), column);

const isZero = (figure: Decimal): boolean => !/[1-9]/.test(figure);

const idOf = (cell: string | undefined, column: string): string => {
  if (isNothing(cell)) return "";
  if (cell !== undefined && /^\d+$/.test(cell)) return cell;
  throw wrong(`${column} is no id: ${JSON.stringify(cell?.slice(0, 60))}`);
};

/** Places of a report's columns; an optional one may be missing from the row. */
const placesOf = <const R extends Report>({ columns, optional }: R) => {
  const all = [...columns, ...optional];
  return (column: R["columns"][number] | R["optional"][number]): number => all.indexOf(column);
};

/** The same of a report that is known when it is read. */
const anyPlacesOf =
  ({ columns, optional }: Report) =>
  (column: string): number =>
    [...columns, ...optional].indexOf(column);

/** Reads the day of a row; one that was not asked for spoils the report. */
export const dayReader = ({ from, to }: DayRange) => {
  const good = new Set<string>();
  return (cell: string | undefined): Day => {
    if (cell !== undefined && good.has(cell)) return cell;
    if (cell === undefined || !/^\d{4}-\d{2}-\d{2}$/.test(cell) || cell < from || cell > to)
      throw wrong(`a row of ${JSON.stringify(cell?.slice(0, 40))} came, asked were ${from} to ${to}`);
    good.add(cell);
    return cell;
  };
};

export type ReadDay = ReturnType<typeof dayReader>;

const deliveryAt = (place: (column: "Impressions" | "Clicks" | "Spend") => number) => {
  const [impressionsAt, clicksAt, spendAt] = [place("Impressions"), place("Clicks"), place("Spend")];
  /** Undefined where the row has none: conversions alone are told elsewhere. */
  return (cells: Cells): Delivery | undefined => {
    const spend = amount(cells[spendAt], "Spend");
    const impressions = count(cells[impressionsAt], "Impressions");
    const clicks = count(cells[clicksAt], "Clicks");
    return isZero(spend) && isZero(impressions) && isZero(clicks)
      ? undefined
      : { spend, impressions, clicks };
  };
};

const adAt = placesOf(adReport);
const adPlaces = {
  campaign: adAt("CampaignId"),
  adGroup: adAt("AdGroupId"),
  ad: adAt("AdId"),
  adGroupName: adAt("AdGroupName"),
  adTitle: adAt("AdTitle"),
};
const adDelivery = deliveryAt(adAt);

/** Called with the names that a row tells. */
export type NoteAd = (
  ids: Omit<AdDay, keyof Delivery | "date">,
  adGroupName: string,
  adTitle: string,
) => void;

export const adDays = (rows: readonly Cells[], day: ReadDay, note: NoteAd): AdDay[] => {
  const days: AdDay[] = [];
  for (const cells of rows) {
    const campaignId = idOf(cells[adPlaces.campaign], "CampaignId");
    const adGroupId = idOf(cells[adPlaces.adGroup], "AdGroupId");
    const adId = idOf(cells[adPlaces.ad], "AdId");
    note({ campaignId, adGroupId, adId }, cells[adPlaces.adGroupName] ?? "", cells[adPlaces.adTitle] ?? "");
    const delivery = adDelivery(cells);
    if (!delivery) continue;
    const { spend, impressions, clicks } = delivery;
    // Spelt out: there may be millions of these, and spreading is slow.
    days.push({ date: day(cells[0]), campaignId, adGroupId, adId, spend, impressions, clicks });
  }
  return days;
};

const totalDelivery = deliveryAt(placesOf(totalReport));

export const accountDays = (rows: readonly Cells[], day: ReadDay): AccountDay[] =>
  rows.flatMap((cells) => {
    const delivery = totalDelivery(cells);
    return delivery ? [{ date: day(cells[0]), ...delivery }] : [];
  });

/** Labels of the column `Network`; the first two are one network, of which an account shows the one or the other. */
const buckets: ReadonlyMap<string, string> = new Map([
  ["Bing and Yahoo! search", "bing_yahoo_search"],
  ["Microsoft sites and select traffic", "bing_yahoo_search"],
  ["AOL search", "aol_search"],
  ["Syndicated search partners", "search_partners"],
  ["Audience", "audience"],
  ["Content", "content"],
]);

/** Yahoo cannot be told from Bing in any report. Labels that nobody has heard of are `other`. */
export const bucketOf = (label: string, onUnknown: (label: string) => void): string => {
  const bucket = buckets.get(label);
  if (bucket === undefined) onUnknown(label);
  return bucket ?? "other";
};

/** Kinds of devices; what an account does not tell is `Unknown`. */
const devices: Readonly<Record<string, Device>> = {
  Computer: "desktop",
  Smartphone: "mobile",
  "Non-smartphone": "mobile",
  Tablet: "tablet",
  "Connected TV": "tv",
  TV: "tv",
  Other: "other",
};

/** What a label of each breakdown is. */
export const partsOf: Readonly<Record<"device" | "country", (label: string) => string>> = {
  device: (label) => devices[label] ?? unknownPart,
  country: (label) => countryOfName(label) ?? unknownPart,
};

export interface SplitReading {
  readonly split: Split;
  readonly day: ReadDay;
  /** What a label of the split's column is. */
  readonly part: (label: string) => string;
}

/** Delivery by campaign and part: several labels may be one part. */
export const createSplitDeliveries = (
  { split, day, part }: SplitReading,
  currency: string,
  note: (campaignId: string, name: string) => void,
) => {
  const at = anyPlacesOf(split.deliveries);
  const [campaignAt, partAt, currencyAt, nameAt] = [
    at("CampaignId"),
    at(split.column),
    at("CurrencyCode"),
    at("CampaignName"),
  ];
  const deliveryOf = deliveryAt(at);
  const sums = createPartSums<BreakdownDay>();
  return {
    read(rows: readonly Cells[]): void {
      for (const cells of rows) {
        const campaignId = idOf(cells[campaignAt], "CampaignId");
        note(campaignId, cells[nameAt] ?? "");
        const own = cells[currencyAt] ?? "";
        if (!isNothing(own) && own !== currency)
          throw wrong(
            `CurrencyCode is ${JSON.stringify(own.slice(0, 10))}, the account's currency is ${currency}`,
          );
        const delivery = deliveryOf(cells);
        if (!delivery) continue;
        sums.add({
          kind: "delivery",
          date: day(cells[0]),
          campaignId,
          part: part(cells[partAt] ?? ""),
          ...delivery,
        });
      }
    },
    rows: sums.rows,
  };
};

/** The parts of a split by network, as rows of networks. */
export const asNetworkDays = (rows: readonly BreakdownDay[]): NetworkDay[] =>
  rows.map(({ part, ...row }) => ({ ...row, network: part }));

type ConversionColumn =
  | "ConversionsQualified"
  | "Conversions"
  | "Revenue"
  | "AllConversionsQualified"
  | "AllRevenue"
  | "ViewThroughConversionsQualified";

type Figures = Required<Omit<Conversions, "actionId">>;

const conversionsAt = (place: (column: ConversionColumn) => number) => {
  const at = {
    qualified: place("ConversionsQualified"),
    plain: place("Conversions"),
    value: place("Revenue"),
    all: place("AllConversionsQualified"),
    allValue: place("AllRevenue"),
    views: place("ViewThroughConversionsQualified"),
  };
  /** Of one goal: after a click, and after a mere view; those that are nothing left out. */
  return (cells: Cells): Figures[] => {
    const qualified = cells[at.qualified];
    // The plain column is deprecated and may be inaccurate: only where the other says nothing.
    const primaryConversions = isNothing(qualified)
      ? amount(cells[at.plain], "Conversions")
      : amount(qualified, "ConversionsQualified");
    const primaryConversionValue = amount(cells[at.value], "Revenue");
    const allConversions = isNothing(cells[at.all])
      ? primaryConversions
      : amount(cells[at.all], "AllConversionsQualified");
    const allConversionValue = isNothing(cells[at.allValue])
      ? primaryConversionValue
      : amount(cells[at.allValue], "AllRevenue");
    const views = amount(cells[at.views], "ViewThroughConversionsQualified");
    const figures: Figures[] = [];
    const counted = !isZero(primaryConversions) || !isZero(primaryConversionValue);
    if (counted || !isZero(allConversions) || !isZero(allConversionValue))
      figures.push({
        attribution: clickThrough,
        traffic: "paid",
        // Of a goal left out of bidding the headline is all there is.
        conversions: counted ? primaryConversions : allConversions,
        conversionValue: counted ? primaryConversionValue : allConversionValue,
        primaryConversions,
        primaryConversionValue,
        allConversions,
        allConversionValue,
      });
    if (!isZero(views))
      figures.push({
        attribution: viewThrough,
        traffic: "paid",
        conversions: views,
        conversionValue: "0",
        primaryConversions: "0",
        primaryConversionValue: "0",
        allConversions: views,
        allConversionValue: "0",
      });
    return figures;
  };
};

const goalAt = placesOf(goalReport);
const goalPlaces = {
  campaign: goalAt("CampaignId"),
  adGroup: goalAt("AdGroupId"),
  ad: goalAt("AdId"),
  id: goalAt("GoalId"),
  name: goalAt("Goal"),
  type: goalAt("GoalType"),
};
const goalFigures = conversionsAt(goalAt);

/** A goal as a row tells of it. */
export interface ToldGoal {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  /** Whether the row counts it among the goals included in bidding. */
  readonly counted: boolean;
}

export type NoteGoal = (goal: ToldGoal) => void;

/** A goal without an id goes by its name. */
const actionIdOf = (id: string | undefined, name: string): string => (isNothing(id) ? name : (id ?? ""));

const isCounted = (figures: readonly Figures[]): boolean =>
  figures.some(({ primaryConversions }) => !isZero(primaryConversions));

export const conversionDays = (rows: readonly Cells[], day: ReadDay, note: NoteGoal): ConversionDay[] => {
  const days: ConversionDay[] = [];
  for (const cells of rows) {
    const figures = goalFigures(cells);
    if (figures.length === 0) continue;
    const name = cells[goalPlaces.name] ?? "";
    const actionId = actionIdOf(cells[goalPlaces.id], name);
    note({ id: actionId, name, type: cells[goalPlaces.type] ?? "", counted: isCounted(figures) });
    for (const figure of figures)
      days.push({
        date: day(cells[0]),
        campaignId: idOf(cells[goalPlaces.campaign], "CampaignId"),
        adGroupId: idOf(cells[goalPlaces.adGroup], "AdGroupId"),
        adId: idOf(cells[goalPlaces.ad], "AdId"),
        actionId,
        ...figure,
      });
  }
  return days;
};

/** Conversions by campaign, part and goal. `idOfName` is undefined where a name stands for several goals. */
export const createSplitConversions = (
  { split, day, part }: SplitReading,
  idOfName: (name: string) => string | undefined,
  note: NoteGoal,
) => {
  const at = anyPlacesOf(split.goals);
  const [campaignAt, partAt, goalNameAt, typeAt] = [
    at("CampaignId"),
    at(split.column),
    at("Goal"),
    at("GoalType"),
  ];
  const figuresOf = conversionsAt(at);
  const sums = createPartSums<BreakdownDay>();
  return {
    read(rows: readonly Cells[]): void {
      for (const cells of rows) {
        const figures = figuresOf(cells);
        if (figures.length === 0) continue;
        const name = cells[goalNameAt] ?? "";
        const actionId = idOfName(name);
        if (actionId === undefined) continue;
        note({ id: actionId, name, type: cells[typeAt] ?? "", counted: isCounted(figures) });
        const key = {
          date: day(cells[0]),
          campaignId: idOf(cells[campaignAt], "CampaignId"),
          part: part(cells[partAt] ?? ""),
        };
        for (const figure of figures) sums.add({ kind: "conversions", ...key, actionId, ...figure });
      }
    },
    rows: sums.rows,
  };
};
