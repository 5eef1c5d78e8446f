import type pg from "pg";
import { qualified } from "../columns.ts";
import { copyOut } from "../copy-out.ts";
import { linesOf, type Place } from "./copy.ts";
import { type ComparedTable, comparedTables, type FactTable, type Part } from "./fact-tables.ts";
import { type HeldRows, holdRows } from "./held-rows.ts";

/**
 * A day that moved has few rows that did. Where a day has many, its held rows are compared with the published ones here,
 * and only those that differ are staged. Two lines that are equal are equal figures; where two figures are equal and
 * written otherwise, a row is staged for nothing and the database finds that it stays.
 */

/** A day with fewer bytes of rows is staged whole: to ask what is published of it costs as much. */
const smallestDay = 32 * 1024;

/** Rows of a day that are compared; their lines take some forty megabytes. */
const mostRows = 200_000;

interface Compared {
  readonly client: pg.PoolClient;
  readonly accountKey: number;
  readonly held: readonly HeldRows[];
  /** Where the held lines were made for. */
  readonly place: Place;
  readonly signal: AbortSignal;
}

/** Stands for the figures of a published row that has come again. */
const seen = "";

/** Whole lines, whatever the bytes are cut into. */
async function* wholeLines(blocks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const block of blocks) {
    const end = block.lastIndexOf(0x0a) + 1;
    if (end > 0) yield Buffer.concat([rest, block.subarray(0, end)]).toString();
    rest = end > 0 ? Buffer.from(block.subarray(end)) : Buffer.concat([rest, block]);
  }
}

/** The published rows of a day: figures by key, both as COPY writes them, the key with the tab that ends it. */
const publishedRows = async (
  { client, accountKey }: Compared,
  { name, key, figures }: FactTable,
  date: string,
): Promise<Map<string, string> | undefined> => {
  const published = new Map<string, string>();
  const keys = key.slice(1);
  for await (const text of wholeLines(
    copyOut(
      client,
      `copy (select ${[...keys, ...figures].join(", ")} from warehouse.${name}
             where account_key = ${String(accountKey)} and date = '${date}' limit ${String(mostRows + 1)}) to stdout`,
    ),
  ))
    for (let start = 0; start < text.length;) {
      let keyEnd = start;
      for (let column = 0; column < keys.length; column += 1) keyEnd = text.indexOf("\t", keyEnd) + 1;
      const end = text.indexOf("\n", keyEnd);
      published.set(text.slice(start, keyEnd), text.slice(keyEnd, end));
      start = end + 1;
    }
  return published.size > mostRows ? undefined : published;
};

const zeros = /(\.\d*[1-9])0+(?=\t|$)|\.0+(?=\t|$)/g;

/** Whether figures are the same, though one side may write zeros at their ends. */
const isSame = (one: string, other: string): boolean =>
  one === other || one.replace(zeros, "$1") === other.replace(zeros, "$1");

interface Difference {
  /** Held lines that are not published like that. */
  readonly lines: readonly string[];
  /** Keys of published rows that do not stay as they are. */
  readonly replaced: ReadonlySet<string>;
}

/**
 * @param lead - how many characters stand before a line's key, its date included
 * @returns undefined where most rows differ: then the database compares the day as a whole
 */
const differenceOf = async (
  table: ComparedTable,
  blocks: AsyncIterable<Buffer>,
  published: Map<string, string>,
  lead: number,
): Promise<Difference | undefined> => {
  const keys = table.key.length - 1;
  const open = table.key.indexOf(table.completedWhereEmpty) - 1;
  const lines: string[] = [];
  const replaced = new Set<string>();
  for await (const text of wholeLines(blocks))
    for (let start = 0; start < text.length;) {
      const end = text.indexOf("\n", start);
      let keyEnd = start + lead;
      let isOpen = false;
      for (let column = 0; column < keys; column += 1) {
        const next = text.indexOf("\t", keyEnd) + 1;
        if (column === open) isOpen = next === keyEnd + 1;
        keyEnd = next;
      }
      const key = text.slice(start + lead, keyEnd);
      const stored = published.get(key);
      if (stored !== undefined) published.set(key, seen);
      // Of a key that comes twice the later rows differ from `seen`, and are staged: the last one counts, as ever.
      if (isOpen || stored === undefined || !isSame(stored, text.slice(keyEnd, end))) {
        lines.push(text.slice(start, end + 1));
        if (stored !== undefined) replaced.add(key);
        if (lines.length * 2 > published.size) return undefined;
      }
      start = end + 1;
    }
  for (const [key, stored] of published) if (stored !== seen) replaced.add(key);
  return { lines, replaced };
};

/**
 * In SQL: the published rows that do not stay, each sought by its key, since the planner takes a million published rows for
 * few. Parameters: slice, account.
 */
export const replacedRows = ({ name, key, figures, replaced }: ComparedTable): string =>
  `(select published.* from staging.${replaced.name} r
    cross join lateral (
      select account_key, ${[...key, ...figures].join(", ")} from warehouse.${name} f
      where f.account_key = $2 and (${qualified("f", key)}) = (${qualified("r", key)}) offset 0) published
    where r.slice_id = $1 and r.account_key = $2)`;

/** What is left to stage of the days that were compared. */
export interface ComparedDays {
  /** The rows of these days that differ, and the keys of what they replace. */
  readonly rows: HeldRows;
  /** The days of each table whose other rows stay as they are published. */
  readonly days: ReadonlyMap<FactTable, readonly string[]>;
}

/** All rows of a table's day, whichever stream brought them. */
async function* rowsOfDay(held: readonly HeldRows[], table: FactTable, date: string): AsyncGenerator<Buffer> {
  for (const rows of held) yield* rows.read(table, date);
}

/** Compares the large days among those that are to be published anew. */
export const compareDays = async (
  window: Compared,
  days: ReadonlyMap<Part, readonly string[]>,
): Promise<ComparedDays> => {
  const { held, place, signal } = window;
  const rows = holdRows();
  const compared = new Map<FactTable, string[]>();
  for (const table of comparedTables)
    for (const date of days.get(table.part) ?? []) {
      signal.throwIfAborted();
      if (held.reduce((bytes, one) => bytes + one.bytes(table, date), 0) < smallestDay) continue;
      const published = await publishedRows(window, table, date);
      if (!published?.size) continue;
      const lead = linesOf(place, [`${date}\t`]).length - 1;
      const difference = await differenceOf(table, rowsOfDay(held, table, date), published, lead);
      if (!difference) continue;
      await rows.add(table, date, difference.lines.join(""));
      await rows.add(
        table.replaced,
        date,
        linesOf(
          place,
          Array.from(difference.replaced, (key) => `${date}\t${key.slice(0, -1)}`),
        ),
      );
      const known = compared.get(table);
      if (known) known.push(date);
      else compared.set(table, [date]);
    }
  return { rows, days: compared };
};
