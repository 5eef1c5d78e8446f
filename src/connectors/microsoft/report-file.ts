import { Failure } from "../../domain/failure.ts";
import { createRecordReader } from "./csv.ts";
import { type ReadBytes, unzipped } from "./zip.ts";

/** Rows of a report: the cells of each, in the order in which the columns were asked for. */
export type ReportRows = AsyncGenerator<readonly (readonly string[])[]>;

const refused = (kind: "data" | "transient", code: string, what: string): Failure =>
  new Failure({
    kind,
    platform: "microsoft",
    code,
    message: `the report's file ${what}`,
    remedy:
      kind === "transient"
        ? "nothing of it was published; it is fetched again"
        : "nothing of this window was published; report it to costper",
  });

const rowsLine = /^Rows:\s*([\d,]+)\s*$/;

/**
 * What stands around the rows: lines before the column names, which may tell how many rows there are, and a blank line
 * and one of copyright after them.
 */
const createShape = (columns: readonly string[]) => {
  let places: readonly number[] | undefined;
  let inOrder = false;
  let width = 0;
  let told: number | undefined;
  let rows = 0;

  const heading = (cells: readonly string[]): void => {
    const count = rowsLine.exec(cells.join(","))?.[1];
    if (count !== undefined) told = Number(count.replaceAll(",", ""));
    const names = cells.map((cell) => cell.trim());
    // A line before them may have commas, in dates and names of zones.
    if (!names.some((name) => columns.includes(name))) return;
    const missing = columns.filter((column) => !names.includes(column));
    if (missing.length > 0)
      throw refused("data", "columns", `lacks what was asked for: ${missing.join(", ")}`);
    places = columns.map((column) => names.indexOf(column));
    inOrder = places.every((place, index) => place === index);
    width = names.length;
  };

  return {
    /** The row that the record is; undefined where it is none. */
    row(cells: readonly string[]): readonly string[] | undefined {
      if (!places) {
        heading(cells);
        return undefined;
      }
      if (cells.length === width) {
        // A report of one column has rows of one cell, as a footer has.
        if (width === 1 && (cells[0] === "" || cells[0]?.startsWith("©") === true)) return undefined;
        rows += 1;
        return inOrder ? cells : places.map((place) => cells[place] ?? "");
      }
      if (cells.length === 1) return undefined;
      throw refused(
        "data",
        "ragged",
        `has a row of ${String(cells.length)} cells where there are ${String(width)} columns (row ${String(rows + 1)})`,
      );
    },
    /** @throws Failure where the file was not whole. */
    close(): void {
      if (!places) throw refused("transient", "short", "has no column names");
      if (told !== undefined && told !== rows)
        throw refused(
          "transient",
          "short",
          `is short: it tells of ${String(told)} rows and has ${String(rows)}`,
        );
    },
  };
};

/**
 * The rows of a report's file, unpacked and read while it comes in. Columns are found by name, whatever their order.
 * @throws Failure `data` where a column is missing or a row is ragged, `transient` where the file is damaged or short.
 */
export async function* reportRows(read: ReadBytes, columns: readonly string[]): ReportRows {
  const decoder = new TextDecoder("utf-8");
  const reader = createRecordReader();
  const shape = createShape(columns);
  const rowsOf = (records: readonly string[][]): (readonly string[])[] => {
    const rows: (readonly string[])[] = [];
    for (const record of records) {
      const row = shape.row(record);
      if (row) rows.push(row);
    }
    return rows;
  };
  for await (const bytes of unzipped(read)) {
    const text = decoder.decode(bytes, { stream: true });
    // Stray NUL characters have been seen; Postgres stores none.
    const rows = rowsOf(reader.push(text.includes("\0") ? text.replaceAll("\0", "") : text));
    if (rows.length > 0) yield rows;
  }
  const rows = rowsOf([...reader.push(decoder.decode()), ...reader.end()]);
  if (rows.length > 0) yield rows;
  shape.close();
}
