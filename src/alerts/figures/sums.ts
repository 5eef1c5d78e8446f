import type { Exact } from "../../domain/decimal.ts";

/** What a series is judged by: added up first, divided last. */
export interface Sums {
  readonly spend: Exact;
  readonly clicks: Exact;
  readonly conversions: Exact;
  readonly value: Exact;
  readonly projected: Exact;
}

export const sumsBy = (of: (name: keyof Sums) => Exact): Sums => ({
  spend: of("spend"),
  clicks: of("clicks"),
  conversions: of("conversions"),
  value: of("value"),
  projected: of("projected"),
});

export const noSums: Sums = sumsBy(() => 0n);

export const addSums = (a: Sums, b: Sums): Sums => (a === noSums ? b : sumsBy((name) => a[name] + b[name]));
