import type { PoolClient } from "pg";
import type { ClassifyOptions } from "../../metrics/channels/classify.ts";
import type { SourceLists } from "../../metrics/channels/lists.ts";
import type { DayRange } from "../../domain/day.ts";
import type { History } from "../ledger/history.ts";
import type { ReadCell } from "../value-format.ts";

/** What a row's meaning depends on besides its text. */
export interface ImportContext {
  readonly lists: SourceLists;
  readonly classify: ClassifyOptions;
  /** Currency of a value that states none; absent: such a value is refused. */
  readonly defaultCurrency?: string;
  /** IANA zone in whose days leads and conversions are booked; absent: UTC. */
  readonly timeZone?: string;
}

/** A row whose values were read: column to text; an empty or absent column is missing. */
export type Values = Readonly<Record<string, string | undefined>>;

/** What is wrong between the columns of a row. */
export type Refuse = (column: string, reason: string) => void;

export interface Merged {
  readonly inserted: number;
  readonly changed: number;
  readonly unchanged: number;
  /** Rows that count no longer: deleted, merged into another, or missing from a file that replaces a range. */
  readonly withdrawn?: number;
}

/** What merging staged rows depends on besides them. */
export interface MergeRun {
  /** Name of the file. */
  readonly source: string;
  readonly timeZone: string;
  /** Stored rows of these days that the file does not hold are withdrawn. */
  readonly replace?: DayRange | undefined;
  /** The file's dates of a lead's life win over earlier ones that were stored. */
  readonly correct?: boolean;
  /** Name of the source that the rows come from by themselves; undefined: a file that somebody imports. */
  readonly sourceName?: string | undefined;
  /** Whether leads that were deleted at their origin go on counting. */
  readonly keepDeleted?: boolean;
  /** Whether the visit and the loss that are stored stand, whatever a CRM says later. */
  readonly keepFirst?: boolean;
  /** What the origin tells no past of: it is left alone where dates are corrected. */
  readonly keepHistory?: readonly History[];
}

/** One kind of file: its columns, what a row becomes, and how staged rows get into the warehouse. */
export interface ImportKind {
  readonly name: string;
  readonly required: readonly string[];
  readonly columns: Readonly<Record<string, ReadCell>>;
  /** Columns that no file has: what a CRM's own source keeps beside. */
  readonly origin?: Readonly<Record<string, ReadCell>>;
  /** Those of them that hold names or numbers of its own, in which as in ids no numbers of people are looked for. */
  readonly originIds?: readonly string[];
  /** Columns that are ids: numbers of people are not looked for in them. */
  readonly ids: readonly string[];
  /** Staged columns with ids of the company's own systems, as against those of ad platforms. */
  readonly ownIds: readonly string[];
  /** Columns that hold money, which may bear the sign of its currency. */
  readonly money: readonly string[];
  /** Columns that take a row back; in such a row, only the key is needed. */
  readonly withdrawal?: readonly string[];
  /** A row to show how a file looks, column by column. */
  readonly example: Values;
  /** Columns of the staging table with their types, besides `line`. */
  readonly staging: Readonly<Record<string, string>>;
  /** Checks a row as a whole and gives its staged columns. */
  row(values: Values, refuse: Refuse, context: ImportContext): Values;
  /** Columns that tell rows of one file apart; the last of equal ones wins. Empty: rows are never the same. */
  readonly key: readonly string[];
  /** Rows of one key are its history: each adds to it, and none is a mistake. */
  readonly isHistory?: true;
  /** Merges the temporary table `import_row` into the warehouse. */
  /** @throws BrokenFile where the rows contradict each other */
  merge(client: PoolClient, run: MergeRun): Promise<Merged>;
}

/** Columns that a row needs: of one that is taken back, its key alone. */
export const requiredOf = (kind: ImportKind, isTakenBack: boolean): readonly string[] =>
  isTakenBack ? kind.key : kind.required;

export const columnsOf = (kind: ImportKind): readonly string[] => Object.keys(kind.columns);

/** The same kind with the columns that only a CRM's own source may give. */
export const withOrigin = (kind: ImportKind): ImportKind => ({
  ...kind,
  columns: { ...kind.columns, ...kind.origin },
  ids: [...kind.ids, ...(kind.originIds ?? [])],
});
