import { addDecimals } from "../domain/decimal.ts";
import type { BreakdownDay, Conversions, Delivery, NetworkDay } from "../domain/facts.ts";

/** A campaign-day on a network or by a breakdown. */
type PartDay = NetworkDay | BreakdownDay;

const keyOf = (row: PartDay): string =>
  JSON.stringify([
    row.kind,
    row.date,
    row.campaignId,
    "network" in row ? row.network : [row.adGroupId ?? "", row.part],
    row.kind === "conversions" ? [row.actionId, row.attribution, row.traffic] : "",
  ]);

const sumOfDelivery = (a: Delivery, b: Delivery): Delivery => ({
  spend: addDecimals(a.spend, b.spend),
  impressions: addDecimals(a.impressions, b.impressions),
  clicks: addDecimals(a.clicks, b.clicks),
});

/** Of a figure that neither row has, the sum has none; what one row alone lacks is its headline. */
const sumOfOptional = (
  a: Conversions,
  b: Conversions,
  figure: "primaryConversions" | "primaryConversionValue" | "allConversions" | "allConversionValue",
): Partial<Conversions> => {
  if (a[figure] === undefined && b[figure] === undefined) return {};
  const headline = figure.endsWith("Value") ? "conversionValue" : "conversions";
  return { [figure]: addDecimals(a[figure] ?? a[headline], b[figure] ?? b[headline]) };
};

const sumOfConversions = (a: Conversions, b: Conversions): Partial<Conversions> => ({
  conversions: addDecimals(a.conversions, b.conversions),
  conversionValue: addDecimals(a.conversionValue, b.conversionValue),
  ...sumOfOptional(a, b, "primaryConversions"),
  ...sumOfOptional(a, b, "primaryConversionValue"),
  ...sumOfOptional(a, b, "allConversions"),
  ...sumOfOptional(a, b, "allConversionValue"),
});

const sumOf = <Row extends PartDay>(a: Row, b: Row): Row => {
  if (a.kind === "conversions" && b.kind === "conversions") return { ...a, ...sumOfConversions(a, b) };
  if (a.kind === "delivery" && b.kind === "delivery") return { ...a, ...sumOfDelivery(a, b) };
  return a;
};

/** Sums of the rows that share a key: several of a platform's values may be one of ours. */
export const createPartSums = <Row extends PartDay>() => {
  const sums = new Map<string, Row>();
  return {
    add(row: Row): void {
      const key = keyOf(row);
      const before = sums.get(key);
      sums.set(key, before ? sumOf(before, row) : row);
    },
    rows: (): Row[] => [...sums.values()],
  };
};

const batchOf = 2_000;

/**
 * A breakdown's rows with each key once. Those of a key that may come again are held back to the end of what is read.
 */
export async function* addedUp(
  batches: AsyncIterable<readonly BreakdownDay[]>,
  mayComeAgain: (row: BreakdownDay) => boolean = () => true,
): AsyncGenerator<readonly BreakdownDay[]> {
  const sums = createPartSums<BreakdownDay>();
  for await (const batch of batches) {
    const single: BreakdownDay[] = [];
    for (const row of batch)
      if (mayComeAgain(row)) sums.add(row);
      else single.push(row);
    if (single.length > 0) yield single;
  }
  const rows = sums.rows();
  for (let start = 0; start < rows.length; start += batchOf) yield rows.slice(start, start + batchOf);
}
