import { DateTime } from "luxon";
import { countDays, type Day } from "../src/domain/day.ts";

/** Believable, repeatable figures: the same seed and day give the same figure on every machine. */

/** A number in [0, 1) that depends on nothing but the text (FNV-1a, then a finalizer that spreads the bits). */
export const chance = (...parts: readonly (string | number)[]): number => {
  let hash = 0x811c9dc5;
  for (const char of parts.join("\u0001")) {
    hash ^= char.codePointAt(0) ?? 0;
    hash = Math.imul(hash, 0x01000193);
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x7feb352d);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x846ca68b);
  hash ^= hash >>> 16;
  return (hash >>> 0) / 2 ** 32;
};

/** The items in an order that means nothing, and is the same for the same text. */
export const shuffled = <T>(items: readonly T[], text: string): T[] => {
  const order = [...items];
  let state = Math.floor(chance(text) * 2 ** 32);
  for (let left = order.length; left > 1; left -= 1) {
    // A step of mulberry32.
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    const at = Math.floor((((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32) * left);
    [order[left - 1], order[at]] = [order[at] as T, order[left - 1] as T];
  }
  return order;
};

/** How busy a day is compared to an average one: weekends are quiet, November and December are not. */
export const dayFactor = (day: Day): number => {
  const date = DateTime.fromISO(day, { zone: "utc" });
  const weekday = [1.05, 1.1, 1.08, 1.04, 0.96, 0.72, 0.78][date.weekday - 1] ?? 1;
  const season = 1 + 0.18 * Math.cos(((date.ordinal - 345) / 365) * 2 * Math.PI);
  return weekday * season;
};

/** Days between `day` and `asOf`; negative where the day has not come yet. */
export const ageInDays = (day: Day, asOf: Day): number => countDays({ from: day, to: asOf }) - 1;

/**
 * The share of a day's final conversions that is reported at an age, by the lag that half of the rest takes:
 * starts at `first` on the day itself and reaches 1 at `finalAge`.
 */
export const maturedShare = (
  age: number,
  curve: { readonly first: number; readonly halfLifeDays: number; readonly finalAge: number },
): number => {
  if (age < 0) return 0;
  if (age >= curve.finalAge) return 1;
  return 1 - (1 - curve.first) * 0.5 ** (age / curve.halfLifeDays);
};

/**
 * How many of `total` events have been reported, when each arrives with its own lag: the k-th event of a day has
 * arrived once the matured share exceeds its own draw. Never decreases with age, and is `total` at the end.
 */
export const arrived = (total: number, share: number, seed: readonly (string | number)[]): number => {
  if (share >= 1) return total;
  let count = 0;
  for (let event = 0; event < total; event += 1) if (chance(...seed, event) < share) count += 1;
  return count;
};
