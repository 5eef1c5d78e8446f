import fc from "fast-check";
import { expect, test } from "vitest";
import { toUnits } from "../../src/domain/decimal.ts";
import { effectsOf, ratioOf, totalsOf } from "../../src/metrics/morning/drivers.ts";
import type { PairSums } from "../../src/metrics/morning/sums.ts";

interface Campaign {
  readonly clicks: readonly [number, number];
  readonly spend: readonly [number, number];
  readonly conversions: readonly [number, number];
}

const text = (value: number): string => value.toFixed(12);
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** What the statement adds up, done by hand in floats: close enough to tell causes apart. */
const platform = (name: string, campaigns: readonly Campaign[]): PairSums => {
  const crossed = (measure: "spend" | "conversions", weight: 0 | 1, value: 0 | 1): string =>
    text(
      sum(
        campaigns.map((campaign) => {
          const clicks = campaign.clicks[value];
          return clicks === 0
            ? campaign[measure][weight]
            : (campaign.clicks[weight] * campaign[measure][value]) / clicks;
        }),
      ),
    );
  return {
    platform: name,
    currency: "EUR",
    unknown: false,
    clicks_0: String(sum(campaigns.map(({ clicks }) => clicks[0]))),
    clicks_1: String(sum(campaigns.map(({ clicks }) => clicks[1]))),
    spend_00: crossed("spend", 0, 0),
    spend_01: crossed("spend", 0, 1),
    spend_10: crossed("spend", 1, 0),
    spend_11: crossed("spend", 1, 1),
    conversions_00: crossed("conversions", 0, 0),
    conversions_01: crossed("conversions", 0, 1),
    conversions_10: crossed("conversions", 1, 0),
    conversions_11: crossed("conversions", 1, 1),
    other_spend_0: "0",
    other_spend_1: "0",
    other_conversions_0: "0",
    other_conversions_1: "0",
  };
};

const causesOf = (rows: readonly PairSums[]) =>
  effectsOf(rows, 2)
    .filter(({ shown }) => toUnits(shown, 2) !== 0n)
    .map(({ driver, shown }) => [driver, shown]);

test("each cause alone is found, and given the whole change", () => {
  const steady: Campaign = { clicks: [100, 100], spend: [100, 100], conversions: [10, 10] };
  expect(causesOf([platform("google", [{ ...steady, spend: [100, 150] }])])).toEqual([
    ["click_price", "5.00"],
  ]);
  expect(causesOf([platform("google", [{ ...steady, conversions: [10, 5] }])])).toEqual([
    ["conversion_rate", "10.00"],
  ]);
  const cheap: Campaign = { clicks: [100, 50], spend: [100, 50], conversions: [10, 5] };
  const dear: Campaign = { clicks: [100, 150], spend: [200, 300], conversions: [10, 15] };
  expect(causesOf([platform("google", [cheap, dear])])).toEqual([["campaign_mix", "2.50"]]);
  expect(causesOf([platform("google", [cheap]), platform("meta", [dear])])).toEqual([
    ["platform_mix", "2.50"],
  ]);
});

test("a campaign that grows as it is moves nothing", () => {
  const grown: Campaign = { clicks: [100, 300], spend: [100, 300], conversions: [10, 30] };
  expect(causesOf([platform("google", [grown])])).toEqual([]);
});

test("a campaign that is new or has ended changes the mix alone", () => {
  const stays: Campaign = { clicks: [100, 100], spend: [100, 100], conversions: [10, 10] };
  const fresh: Campaign = { clicks: [0, 50], spend: [0, 200], conversions: [0, 5] };
  expect(causesOf([platform("google", [stays, fresh])]).map(([driver]) => driver)).toEqual(["campaign_mix"]);
});

const campaign = fc
  .tuple(fc.nat(500), fc.nat(500), fc.nat(90_000), fc.nat(90_000), fc.nat(900), fc.nat(900))
  .map(([c0, c1, s0, s1, n0, n1]): Campaign => ({
    clicks: [c0, c1],
    spend: [c0 === 0 ? 0 : s0 / 100, c1 === 0 ? 0 : s1 / 100],
    conversions: [c0 === 0 ? 0 : n0 / 10, c1 === 0 ? 0 : n1 / 10],
  }));

test("whatever happened, the causes add up to the change to the last digit, shown and unshown", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(campaign, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 }),
      (world) => {
        const rows = world.map((campaigns, index) => platform(`p${String(index)}`, campaigns));
        const [before, now] = totalsOf(rows);
        const [from, to] = [ratioOf(before), ratioOf(now)];
        const effects = effectsOf(rows, 2);
        if (from === null || to === null) return effects.length === 0;
        const added = (values: readonly string[], digits: number): bigint =>
          values.reduce((total, value) => total + toUnits(value, digits), 0n);
        if (effects.length === 0) return from === to;
        return (
          added(
            effects.map(({ amount }) => amount),
            6,
          ) ===
            toUnits(to, 6) - toUnits(from, 6) &&
          added(
            effects.map(({ shown }) => shown),
            2,
          ) ===
            toUnits(to, 2) - toUnits(from, 2)
        );
      },
    ),
    { numRuns: 500 },
  );
});
