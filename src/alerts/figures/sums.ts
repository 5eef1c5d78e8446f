import type { Exact } from "../../domain/decimal.ts";

/** What a series is judged by: added up first, divided last. */
export interface Sums {
  readonly spend: Exact;
  readonly clicks: Exact;
  readonly conversions: Exact;
  readonly value: Exact;
  readonly projected: Exact;
}

export const noSums: Sums = { spend: 0n, clicks: 0n, conversions: 0n, value: 0n, projected: 0n };

export const addSums = (a: Sums, b: Sums): Sums =>
  a === noSums
    ? b
    : {
        spend: a.spend + b.spend,
        clicks: a.clicks + b.clicks,
        conversions: a.conversions + b.conversions,
        value: a.value + b.value,
        projected: a.projected + b.projected,
      };
