import type { PoolClient } from "pg";
import type { ClassifyOptions } from "../../metrics/channels/classify.ts";
import type { SourceLists } from "../../metrics/channels/lists.ts";
import type { ReadCell } from "../values.ts";

/** What a row's meaning depends on besides its text. */
export interface ImportContext {
  readonly lists: SourceLists;
  readonly classify: ClassifyOptions;
  /** Currency of a value that states none; absent: such a value is refused. */
  readonly defaultCurrency?: string;
}

/** A row whose values were read: column to text; an empty or absent column is missing. */
export type Values = Readonly<Record<string, string | undefined>>;

/** What is wrong between the columns of a row. */
export type Refuse = (column: string, reason: string) => void;

export interface Merged {
  readonly inserted: number;
  readonly changed: number;
  readonly unchanged: number;
}

/** One kind of file: its columns, what a row becomes, and how staged rows get into the warehouse. */
export interface ImportKind {
  readonly name: string;
  readonly required: readonly string[];
  readonly columns: Readonly<Record<string, ReadCell>>;
  /** Columns that are ids: numbers of people are not looked for in them. */
  readonly ids: readonly string[];
  /** Columns of the staging table with their types, besides `line`. */
  readonly staging: Readonly<Record<string, string>>;
  /** Checks a row as a whole and gives its staged columns. */
  row(values: Values, refuse: Refuse, context: ImportContext): Values;
  /** Columns that tell rows of one file apart; the last of equal ones wins. Empty: rows are never the same. */
  readonly key: readonly string[];
  /** Merges the temporary table `import_row` into the warehouse. */
  merge(client: PoolClient, source: string): Promise<Merged>;
}

export const columnsOf = (kind: ImportKind): readonly string[] => Object.keys(kind.columns);
