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

/** Whole lines, whatever the bytes are cut into. */
async function* wholeLines(blocks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const block of blocks) {
    const end = block.lastIndexOf(0x0a) + 1;
    if (end > 0) yield Buffer.concat([rest, block.subarray(0, end)]).toString();
    rest = end > 0 ? Buffer.from(block.subarray(end)) : Buffer.concat([rest, block]);
  }
}

/** Shows each line, as the text that holds it and where it begins and ends there. */
const eachLine = async (
  blocks: AsyncIterable<Buffer>,
  see: (text: string, start: number, end: number) => void,
): Promise<void> => {
  for await (const text of wholeLines(blocks))
    for (let start = 0; start < text.length;) {
      const end = text.indexOf("\n", start);
      see(text, start, end);
      start = end + 1;
    }
};

/** The published rows of a day, as COPY writes what comes after the date. Undefined where there are too many. */
const publishedLines = async (
  { client, accountKey }: Compared,
  { name, key, figures }: FactTable,
  date: string,
): Promise<Set<string> | undefined> => {
  const published = new Set<string>();
  await eachLine(
    copyOut(
      client,
      `copy (select ${[...key.slice(1), ...figures].join(", ")} from warehouse.${name}
             where account_key = ${String(accountKey)} and date = '${date}' limit ${String(mostRows + 1)}) to stdout`,
    ),
    (text, start, end) => published.add(text.slice(start, end)),
  );
  return published.size > mostRows ? undefined : published;
};

const plain = /^-?\d+(?:\.\d{0,6})?$/;

/** A figure as the database prints it, so that equal figures are equal text. What is written oddly stays as it is. */
const asStored = (figure: string): string => {
  if (!plain.test(figure)) return figure;
  const point = figure.indexOf(".");
  return point < 0 ? `${figure}.000000` : figure.padEnd(point + 7, "0");
};

/** Where so many columns of a line end; counted after the date. */
const columnEnd = (line: string, columns: number): number => {
  let end = 0;
  for (let column = 0; column < columns; column += 1) end = line.indexOf("\t", end) + 1;
  return end;
};

const keyOf = ({ key }: FactTable, line: string): string =>
  line.slice(0, columnEnd(line, key.length - 1) - 1);

interface Difference {
  /** Held lines that are not published like that. */
  readonly lines: readonly string[];
  /** Keys of published rows that do not stay as they are; of some no row is published. */
  readonly replaced: ReadonlySet<string>;
}

/** A line with its figures as the database prints them. */
const storedLine = ({ key, figures, counts }: ComparedTable, line: string): string => {
  const end = columnEnd(line, key.length - 1);
  const stored = line
    .slice(end)
    .split("\t")
    .map((figure, index) => (counts.includes(figures[index] ?? "") ? figure : asStored(figure)));
  return line.slice(0, end) + stored.join("\t");
};

/** Whether one of the keys comes with more than one of the lines. */
const comesTwice = async (
  keys: ReadonlySet<string>,
  table: FactTable,
  blocks: AsyncIterable<Buffer>,
  lead: number,
): Promise<boolean> => {
  let count = 0;
  await eachLine(blocks, (text, start, end) => {
    if (keys.has(keyOf(table, text.slice(start + lead, end)))) count += 1;
  });
  return count > keys.size;
};

/**
 * @param blocks - the held lines of the day, each time anew
 * @param published - the rows that stay are taken out
 * @param lead - how many characters stand before a line's key, its date included
 * @returns undefined where most rows differ or a key came twice: then the database compares the day as a whole
 */
const differenceOf = async (
  table: ComparedTable,
  blocks: () => AsyncIterable<Buffer>,
  published: Set<string>,
  lead: number,
): Promise<Difference | undefined> => {
  const open = table.key.indexOf(table.completedWhereEmpty) - 1;
  const most = published.size / 2;
  const lines: string[] = [];
  const differing = new Set<string>();
  await eachLine(blocks(), (text, start, end) => {
    const line = text.slice(start + lead, end);
    const stays = published.delete(line) || published.delete(storedLine(table, line));
    if (lines.length > most || (stays && line[columnEnd(line, open)] !== "\t")) return;
    lines.push(text.slice(start, end + 1));
    differing.add(keyOf(table, line));
  });
  if (lines.length > most) return undefined;
  const left = new Set(Array.from(published, (line) => keyOf(table, line)));
  // What is published of the others came too, or nothing is: they are new, or came twice.
  const others = new Set([...differing].filter((key) => !left.has(key)));
  if (others.size > 0 && (await comesTwice(others, table, blocks(), lead))) return undefined;
  return { lines, replaced: new Set([...differing, ...left]) };
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
      const published = await publishedLines(window, table, date);
      if (!published?.size) continue;
      const lead = linesOf(place, [`${date}\t`]).length - 1;
      const difference = await differenceOf(table, () => rowsOfDay(held, table, date), published, lead);
      if (!difference) continue;
      await rows.add(table, date, difference.lines.join(""));
      await rows.add(
        table.replaced,
        date,
        linesOf(
          place,
          Array.from(difference.replaced, (key) => `${date}\t${key}`),
        ),
      );
      const known = compared.get(table);
      if (known) known.push(date);
      else compared.set(table, [date]);
    }
  return { rows, days: compared };
};
