import { createHash, type Hash } from "node:crypto";
import { type DayRange, eachDay } from "../../domain/day.ts";

/** To be raised with every change in how staged rows become published ones: then every day is compared once more. */
const version = "2";

/** Of one stream of rows: the hashes by table and day, while it goes on. */
export interface StreamPrint {
  add(table: string, date: string, lines: readonly string[]): void;
  /** Each day's tables with their hashes, as text. */
  days(): ReadonlyMap<string, readonly string[]>;
}

export const createStreamPrint = (): StreamPrint => {
  const tables = new Map<string, Map<string, Hash>>();
  return {
    add(table, date, lines) {
      let days = tables.get(table);
      if (!days) tables.set(table, (days = new Map()));
      let hash = days.get(date);
      if (!hash) days.set(date, (hash = createHash("sha256")));
      hash.update(`${lines.join("\n")}\n`);
    },
    days() {
      const byDay = new Map<string, string[]>();
      for (const [table, days] of tables)
        for (const [date, hash] of days) {
          const found = `${table} ${hash.copy().digest("hex")}`;
          const known = byDay.get(date);
          if (known) known.push(found);
          else byDay.set(date, [found]);
        }
      return byDay;
    },
  };
};

/**
 * One fingerprint for each day of the window, of all that its streams brought: the same rows in the same order give
 * the same one. Rows that come in another order look changed, which costs a comparison and no more.
 */
export const fingerprints = (
  window: DayRange,
  rules: string,
  streams: readonly StreamPrint[],
): ReadonlyMap<string, string> => {
  const parts = streams.map((stream) => stream.days());
  return new Map(
    eachDay(window).map((date) => {
      const found = parts.flatMap((days) => days.get(date) ?? []).sort();
      return [
        date,
        createHash("sha256")
          .update([version, rules, ...found].join("\n"))
          .digest("hex"),
      ];
    }),
  );
};
