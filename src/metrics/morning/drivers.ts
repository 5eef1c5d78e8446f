import { type Decimal, fromUnits, toUnits } from "../../domain/decimal.ts";
import type { DriverName } from "./answer.ts";
import type { PairSums } from "./sums.ts";

/**
 * Why cost per conversion moved, in its own money. Cost per conversion is the price of a click divided by the share of
 * clicks that convert; both are averages over campaigns, weighted by clicks. So it has four causes: prices, rates, the
 * weights of platforms, and those of campaigns within them. Each is given its Shapley value: the difference that it
 * makes, averaged over all orders in which the causes may change. Those add up to the whole change, and depend on no
 * order. See docs/morning.md.
 */

type SideOf = 0 | 1;
const sides = [0, 1] as const;

/** Fractions run as whole numbers of 10^-18. */
const places = 18;
const scale = 10n ** BigInt(places);
const exact = (text: Decimal): bigint => toUnits(text, places);

interface Group {
  readonly clicks: readonly [bigint, bigint];
  /** By the side of the clicks, then of prices or rates. */
  readonly spend: readonly (readonly [bigint, bigint])[];
  readonly conversions: readonly (readonly [bigint, bigint])[];
}

interface World {
  readonly groups: readonly Group[];
  readonly clicks: readonly [bigint, bigint];
  readonly otherSpend: readonly [bigint, bigint];
  readonly otherConversions: readonly [bigint, bigint];
}

const add = (a: bigint, b: bigint): bigint => a + b;

const worldOf = (rows: readonly PairSums[]): World => {
  const groups = rows.map((row): Group => ({
    clicks: [BigInt(row.clicks_0), BigInt(row.clicks_1)],
    spend: [
      [exact(row.spend_00), exact(row.spend_01)],
      [exact(row.spend_10), exact(row.spend_11)],
    ],
    conversions: [
      [exact(row.conversions_00), exact(row.conversions_01)],
      [exact(row.conversions_10), exact(row.conversions_11)],
    ],
  }));
  const total = (of: (row: PairSums) => Decimal): bigint => rows.map(of).map(exact).reduce(add, 0n);
  return {
    groups,
    clicks: [
      groups.map(({ clicks }) => clicks[0]).reduce(add, 0n),
      groups.map(({ clicks }) => clicks[1]).reduce(add, 0n),
    ],
    otherSpend: [total((row) => row.other_spend_0), total((row) => row.other_spend_1)],
    otherConversions: [total((row) => row.other_conversions_0), total((row) => row.other_conversions_1)],
  };
};

/** Which side each cause is taken from. */
type Choice = Readonly<Record<Cause, SideOf>>;
const causes = ["click_price", "conversion_rate", "platform_mix", "campaign_mix", "no_clicks"] as const;
type Cause = (typeof causes)[number];

/** An average over platforms and campaigns with weights of one side and prices or rates of one side. */
const average = (
  { groups, clicks }: World,
  sums: (group: Group) => Group["spend"],
  choice: Choice,
  value: SideOf,
): bigint =>
  groups
    .map((group) => {
      const weight = group.clicks[choice.platform_mix];
      // A platform without clicks on that side has no mix there: it keeps the other one.
      const mix =
        group.clicks[choice.campaign_mix] > 0n ? choice.campaign_mix : choice.campaign_mix === 0 ? 1 : 0;
      const sum = sums(group)[mix]?.[value] ?? 0n;
      const own = group.clicks[mix];
      return own === 0n ? 0n : (weight * sum) / own;
    })
    .reduce(add, 0n) / clicks[choice.platform_mix];

/** Cost per conversion with each cause from one side; undefined where nothing would have converted. */
const costOf = (world: World, choice: Choice): bigint | undefined => {
  const other = choice.no_clicks;
  const price =
    average(world, ({ spend }) => spend, choice, choice.click_price) +
    world.otherSpend[other] / world.clicks[other];
  const rate =
    average(world, ({ conversions }) => conversions, choice, choice.conversion_rate) +
    world.otherConversions[other] / world.clicks[other];
  return rate > 0n ? (price * scale) / rate : undefined;
};

const factorial = (n: number): bigint => (n <= 1 ? 1n : BigInt(n) * factorial(n - 1));

/** Every choice, as the bits of a number: bit i is the side of cause i. */
const choiceOf = (bits: number): Choice =>
  Object.fromEntries(causes.map((cause, index) => [cause, sides[(bits >> index) & 1]])) as unknown as Choice;

/** The Shapley values of the causes; undefined where a cost on the way does not exist. */
const shapley = (world: World): ReadonlyMap<DriverName, bigint> | undefined => {
  if (world.clicks[0] === 0n || world.clicks[1] === 0n) return undefined;
  const count = causes.length;
  const costs: bigint[] = [];
  for (let bits = 0; bits < 2 ** count; bits += 1) {
    const cost = costOf(world, choiceOf(bits));
    if (cost === undefined) return undefined;
    costs.push(cost);
  }
  const effects = new Map<DriverName, bigint>();
  for (const [index, cause] of causes.entries()) {
    let sum = 0n;
    for (let bits = 0; bits < 2 ** count; bits += 1) {
      if (((bits >> index) & 1) === 1) continue;
      const changed = choiceOf(bits);
      const before = causes.filter((name) => changed[name] === 1).length;
      const orders = factorial(before) * factorial(count - before - 1);
      sum += orders * ((costs[bits | (1 << index)] ?? 0n) - (costs[bits] ?? 0n));
    }
    effects.set(cause, sum / factorial(count));
  }
  return effects;
};

/** Without clicks to explain it there are two causes: what was spent and what it brought. */
const bySpend = (now: Totals, then: Totals): ReadonlyMap<DriverName, bigint> => {
  const [s0, n0, s1, n1] = [then.spend, then.conversions, now.spend, now.conversions];
  const spend = ((s1 - s0) * (n0 + n1) * scale) / (2n * n0 * n1);
  const conversions = ((s0 + s1) * (n0 - n1) * scale) / (2n * n0 * n1);
  return new Map<DriverName, bigint>([
    ["spend", spend],
    ["conversions", conversions],
  ]);
};

export interface Totals {
  /** In 10^-18. */
  readonly spend: bigint;
  readonly conversions: bigint;
}

export const totalsOf = (rows: readonly PairSums[]): readonly [then: Totals, now: Totals] => {
  const total = (of: (row: PairSums) => readonly [Decimal, Decimal]): bigint =>
    rows.flatMap(of).map(exact).reduce(add, 0n);
  return [
    {
      spend: total((row) => [row.spend_00, row.other_spend_0]),
      conversions: total((row) => [row.conversions_00, row.other_conversions_0]),
    },
    {
      spend: total((row) => [row.spend_11, row.other_spend_1]),
      conversions: total((row) => [row.conversions_11, row.other_conversions_1]),
    },
  ];
};

export const text = (value: bigint, decimals = 6): Decimal =>
  fromUnits(toUnits(fromUnits(value, places), decimals), decimals);

/** spend / conversions to six decimals; null without conversions. */
export const ratioOf = ({ spend, conversions }: Totals): Decimal | null =>
  conversions > 0n ? text((spend * scale) / conversions) : null;

/** Rounds parts so that they add up to a whole that was rounded by itself: what is left goes to the largest part. */
export const roundedToAddUp = (
  parts: readonly bigint[],
  whole: bigint,
  decimals: number,
): readonly bigint[] => {
  const rounded = parts.map((part) => toUnits(fromUnits(part, places), decimals));
  const left = whole - rounded.reduce(add, 0n);
  const size = (value: bigint): bigint => (value < 0n ? -value : value);
  const largest = parts.reduce(
    (best, part, index) => (size(part) > size(parts[best] ?? 0n) ? index : best),
    0,
  );
  return rounded.map((part, index) => (index === largest ? part + left : part));
};

export interface Effect {
  readonly driver: DriverName;
  readonly amount: Decimal;
  readonly shown: Decimal;
}

/**
 * What drove the change between the two costs, the largest first; empty where one of them does not exist.
 * @param decimals of the unit in which the change is shown
 */
export const effectsOf = (rows: readonly PairSums[], decimals: number): readonly Effect[] => {
  const [then, now] = totalsOf(rows);
  const [from, to] = [ratioOf(then), ratioOf(now)];
  if (from === null || to === null) return [];
  const effects = [...(shapley(worldOf(rows)) ?? bySpend(now, then))].filter(([, value]) => value !== 0n);
  const values = effects.map(([, value]) => value);
  const changeAt = (digits: number): bigint => toUnits(to, digits) - toUnits(from, digits);
  const amounts = roundedToAddUp(values, changeAt(6), 6);
  const shown = roundedToAddUp(values, changeAt(decimals), decimals);
  const size = (value: bigint): bigint => (value < 0n ? -value : value);
  return effects
    .map(([driver], index) => ({ driver, amount: amounts[index] ?? 0n, shown: shown[index] ?? 0n }))
    .toSorted((a, b) => Number(size(b.amount) - size(a.amount)))
    .map(({ driver, amount, shown: said }) => ({
      driver,
      amount: fromUnits(amount, 6),
      shown: fromUnits(said, decimals),
    }));
};
