import type { Exact } from "../../domain/decimal.ts";
import type { CoveredAccount } from "./coverage.ts";
import type { Sums } from "./sums.ts";

/** The runs of one series, or of those accounts of it that began on the same day. */
export interface SeriesRow {
  /** One account of its reach. */
  readonly account: CoveredAccount;
  /** How old the first day with figures of its accounts is; of windows, and where it is out of reach, infinite. */
  readonly begunAge: number;
  readonly campaignId: string;
  readonly campaignName: string | null;
  /** Network, or conversion action. */
  readonly partId: string;
  readonly partName: string | null;
  /** Of each run how old its youngest day is, in no order; a run without a row of figures is absent. */
  readonly ages: readonly number[];
  /** What is added up, run by run; absent: what no rule asks for. */
  readonly sums: { readonly [Name in keyof Sums]?: readonly Exact[] | undefined };
  /** Rows of each run with money but without an exchange rate. */
  readonly unrated: readonly Exact[];
}
