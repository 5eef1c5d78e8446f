import type { Exact } from "../../domain/decimal.ts";

const bars = "▁▂▃▄▅▆▇█";

/** A line of bars, oldest first, from 0 to the largest value; a day without a figure is a dot. */
export const sparkline = (values: readonly (Exact | null)[]): string => {
  const highest = values.reduce<Exact>((most, value) => (value !== null && value > most ? value : most), 0n);
  return values
    .map((value) => {
      if (value === null) return "·";
      const step = highest === 0n || value <= 0n ? 0 : Number((value * BigInt(bars.length - 1)) / highest);
      return bars[step] ?? "·";
    })
    .join("");
};
