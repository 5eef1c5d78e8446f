import type { Conversions, Delivery } from "../../domain/facts.ts";
import { amount, type Cells, count, isNothing, isZero } from "./cells.ts";
import { clickThrough, viewThrough } from "./goals.ts";

/** The figures of a row, wherever its report has them. */

export const deliveryAt = (place: (column: "Impressions" | "Clicks" | "Spend") => number) => {
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

type ConversionColumn =
  | "ConversionsQualified"
  | "Conversions"
  | "Revenue"
  | "AllConversionsQualified"
  | "AllRevenue"
  | "ViewThroughConversionsQualified";

type Figures = Required<Omit<Conversions, "actionId">>;

export const conversionsAt = (place: (column: ConversionColumn) => number) => {
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

/** Whether a row counts its goal among those included in bidding. */
export const isCounted = (figures: readonly Figures[]): boolean =>
  figures.some(({ primaryConversions }) => !isZero(primaryConversions));
