import type pg from "pg";
import { factParts, type FactTable, type Part } from "./fact-tables.ts";

/** Days by part: those that are published anew. */
export type PartDays = ReadonlyMap<Part, readonly string[]>;

export interface StagedWindow {
  readonly client: pg.PoolClient;
  readonly sliceId: string;
  readonly accountKey: number;
  readonly from: string;
  readonly to: string;
  readonly direct: boolean;
  readonly networkSplit: "exact" | "estimate";
  /** The days within it of which anything was staged. */
  readonly days: PartDays;
  /** Those of which only rows that differ were staged. */
  readonly compared: ReadonlyMap<FactTable, readonly string[]>;
}

/** Every day of which any part is published anew. */
export const daysOf = (days: PartDays): readonly string[] => [...new Set([...days.values()].flat())].sort();

/** Every day of which spend or conversions are published anew. Nothing of a day's state depends on breakdowns. */
export const judgedDaysOf = (days: PartDays): readonly string[] =>
  daysOf(new Map([...days].filter(([part]) => factParts.includes(part))));

/** The parameters of most statements on a window: slice, account, first and last day. */
export const parameters = (staged: StagedWindow) => [
  staged.sliceId,
  staged.accountKey,
  staged.from,
  staged.to,
];
