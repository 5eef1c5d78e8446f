import type { Day } from "../domain/day.ts";

const daysAtOnce = 92;

/** The days in parts, one after the other: bounds memory and locks where a whole history is made again. */
export function* inParts(days: readonly Day[]): Generator<readonly Day[]> {
  for (let start = 0; start < days.length; start += daysAtOnce) yield days.slice(start, start + daysAtOnce);
}
