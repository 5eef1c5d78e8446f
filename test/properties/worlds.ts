import fc from "fast-check";
import { eachDay } from "../../src/domain/day.ts";
import type { ScriptedAd, ScriptedConversion, ScriptedDay, ScriptedDays } from "../support/scripted.ts";

/** Six days over the end of a month, so that they lie in two partitions. */
export const window = { from: "2026-02-26", to: "2026-03-03" } as const;
export const days = eachDay(window);

const conversion: fc.Arbitrary<ScriptedConversion> = fc.record({
  action: fc.constantFrom("purchase", "lead", "unwanted"),
  traffic: fc.constantFrom("paid" as const, "paid" as const, "organic" as const),
  hundredths: fc.integer({ min: 0, max: 300 }),
  valueCents: fc.integer({ min: 0, max: 9_999 }),
});

const ad: fc.Arbitrary<ScriptedAd> = fc.record({
  campaign: fc.constantFrom("c1", "c2", "c3"),
  ad: fc.constantFrom("a1", "a2"),
  // Now and then a credit.
  cents: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 0, max: 5_000 }) },
    fc.integer({ min: -500, max: -1 }),
  ),
  impressions: fc.nat(1_000),
  clicks: fc.nat(50),
  conversions: fc.array(conversion, { maxLength: 3 }),
});

/** A cent is within the tolerance of the comparison, more is not: both must come out the same in any slice. */
const extra = fc.constantFrom(0, 0, 1, 250);

const day: fc.Arbitrary<ScriptedDay> = fc.record({
  ads: fc.uniqueArray(ad, { maxLength: 4, selector: (one) => `${one.campaign} ${one.ad}` }),
  campaignExtra: fc.record({ c1: extra }),
  accountExtra: extra,
});

const empty: ScriptedDay = { ads: [] };

/** What the platform says of the window at some moment; a day may be empty. */
export const world: fc.Arbitrary<ScriptedDays> = fc
  .tuple(...days.map(() => fc.oneof({ weight: 5, arbitrary: day }, fc.constant(empty))))
  .map((all) => Object.fromEntries(days.map((date, index) => [date, all[index] ?? empty])));

/** The whole window cut into slices, in any order, some of them twice, some reaching over others. */
export const slices: fc.Arbitrary<readonly { readonly from: string; readonly to: string }[]> = fc
  .tuple(
    fc.array(fc.tuple(fc.nat(5), fc.nat(5)), { maxLength: 3 }),
    fc.subarray([1, 2, 3, 4, 5]),
    fc.array(fc.nat(20), { minLength: 10, maxLength: 10 }),
  )
  .map(([more, cuts, order]) => {
    const bounds = [0, ...cuts, 6];
    const cover = bounds.slice(0, -1).map((from, index) => [from, (bounds[index + 1] ?? 6) - 1] as const);
    return [...cover, ...more.map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)]
      .map(([from, to], index) => ({
        range: { from: days[from] ?? "", to: days[to] ?? "" },
        place: order[index] ?? 0,
      }))
      .toSorted((a, b) => a.place - b.place)
      .map(({ range }) => range);
  });

/** One sync of a history: what the platform says meanwhile, and two lists of slices that run side by side. */
export const sync = fc.record({ world, first: slices, second: slices, sideBySide: fc.boolean() });
