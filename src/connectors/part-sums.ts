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

/** What a row does not say of a figure is what its headline says. */
const sumOfConversions = (a: Conversions, b: Conversions): Partial<Conversions> => ({
  conversions: addDecimals(a.conversions, b.conversions),
  conversionValue: addDecimals(a.conversionValue, b.conversionValue),
  primaryConversions: addDecimals(
    a.primaryConversions ?? a.conversions,
    b.primaryConversions ?? b.conversions,
  ),
  primaryConversionValue: addDecimals(
    a.primaryConversionValue ?? a.conversionValue,
    b.primaryConversionValue ?? b.conversionValue,
  ),
  allConversions: addDecimals(a.allConversions ?? a.conversions, b.allConversions ?? b.conversions),
  allConversionValue: addDecimals(
    a.allConversionValue ?? a.conversionValue,
    b.allConversionValue ?? b.conversionValue,
  ),
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
