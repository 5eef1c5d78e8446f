import { createHash } from "node:crypto";
import { type DayRange, eachDay } from "../../domain/day.ts";
import type { FactTable, Part } from "./fact-tables.ts";
import { addHash } from "./row-hash.ts";

/** To be raised with every change in how staged rows become published ones: then every day is compared once more. */
const version = "4";

/** Rows whatever their order: how many, and the sum of their hashes. */
interface RowSum {
  count: number;
  /** Each row's hash of 128 bits, added up as four numbers of 32 bits. */
  readonly lanes: Uint32Array;
}

/** Of one stream of rows: their sums by table and day, while it goes on. */
export interface StreamPrint {
  add(table: FactTable, date: string, lines: readonly string[]): void;
  /** Each sum as text. */
  sums(): Iterable<{ readonly table: FactTable; readonly date: string; readonly sum: string }>;
}

export const createStreamPrint = (): StreamPrint => {
  const tables = new Map<FactTable, Map<string, RowSum>>();
  return {
    add(table, date, lines) {
      let days = tables.get(table);
      if (!days) tables.set(table, (days = new Map()));
      let sum = days.get(date);
      if (!sum) days.set(date, (sum = { count: 0, lanes: new Uint32Array(4) }));
      for (const line of lines) addHash(sum.lanes, line);
      sum.count += lines.length;
    },
    *sums() {
      for (const [table, days] of tables)
        for (const [date, { count, lanes }] of days)
          yield { table, date, sum: `${table.name} ${String(count)} ${lanes.join(" ")}` };
    },
  };
};

/** A fingerprint by part and day. */
export type Fingerprints = ReadonlyMap<Part, ReadonlyMap<string, string>>;

/**
 * One fingerprint for each part and day of the window, of all that its streams brought. The same rows give the same one,
 * in whatever order they come: no platform promises one. Other rows give another one, as surely as 128 bits tell them apart.
 */
export const fingerprints = (
  window: DayRange,
  rules: string,
  parts: readonly Part[],
  streams: readonly StreamPrint[],
): Fingerprints => {
  const found = new Map<string, string[]>();
  for (const stream of streams)
    for (const { table, date, sum } of stream.sums()) {
      const key = `${table.part} ${date}`;
      const known = found.get(key);
      if (known) known.push(sum);
      else found.set(key, [sum]);
    }
  const printOf = (part: Part, date: string): string =>
    createHash("sha256")
      .update([version, rules, ...(found.get(`${part} ${date}`) ?? []).sort()].join("\n"))
      .digest("hex");
  return new Map(
    parts.map((part) => [part, new Map(eachDay(window).map((date) => [date, printOf(part, date)]))]),
  );
};
