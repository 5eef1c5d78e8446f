import { stringify } from "csv-stringify/sync";
import { fromUnits, toUnits } from "../domain/decimal.ts";
import { type Column, tableText } from "./table.ts";

export type Cell = string | number | null | undefined;

/** Standard output: answers only. */
export interface Output {
  /** One JSON document, or one object of a stream, on a line of its own. */
  readonly json: (value: unknown) => void;
  readonly text: (line: string) => void;
  /** A table that fits the terminal, with lines; plain columns elsewhere. */
  readonly table: (columns: readonly Column[], rows: readonly (readonly Cell[])[]) => void;
  readonly csv: (titles: readonly string[], rows: readonly (readonly Cell[])[]) => void;
}

// A campaign's name may hold anything, also codes that would drive the terminal.
const controls = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;
const printable = (cell: Cell): string => String(cell ?? "–").replaceAll(controls, " ");

// A spreadsheet would run a name that begins like a formula.
const harmless = (cell: Cell): Cell =>
  typeof cell === "string" && /^[=+@\t\r-]/.test(cell) && !/^-?\d+(\.\d+)?$/.test(cell) ? `'${cell}` : cell;

export const csvText = (titles: readonly string[], rows: readonly (readonly Cell[])[]): string =>
  stringify([[...titles], ...rows.map((row) => row.map(harmless))]);

/** Writes to `stream`; `--quiet` does not silence it: an answer is what was asked for. */
export const createOutput = (stream: NodeJS.WriteStream = process.stdout): Output => ({
  json: (value) => void stream.write(`${JSON.stringify(value)}\n`),
  text: (line) => void stream.write(`${line}\n`),
  table: (columns, rows) => {
    const width = stream.isTTY ? stream.columns || 80 : undefined;
    stream.write(
      `${tableText(
        columns,
        rows.map((row) => row.map(printable)),
        width,
      )}\n`,
    );
  },
  csv: (titles, rows) => void stream.write(csvText(titles, rows)),
});

/**
 * Decimal text rounded half away from zero to `digits` places, thousands set apart: `1234.565` is `1,234.57`.
 * An unknown figure is a dash. No float is involved.
 */
export const formatDecimal = (figure: string | null | undefined, digits: number): string => {
  if (figure === null || figure === undefined) return "–";
  if (!/^-?(\d+\.?\d*|\.\d+)$/.test(figure)) return figure;
  const [whole = "", fraction] = fromUnits(toUnits(figure, digits), digits).split(".");
  const units = whole.replaceAll(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? units : `${units}.${fraction}`;
};

const placesOf = (currency: string): number =>
  new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2;

/** Money with its currency and that currency's number of places: `12,345.60 EUR`, `1,200 JPY`. */
export const formatMoney = (amount: string | null | undefined, currency: string): string => {
  if (amount === null || amount === undefined) return "–";
  const places = /^[A-Z]{3}$/.test(currency) ? placesOf(currency) : 2;
  return `${formatDecimal(amount, places)} ${currency}`.trimEnd();
};
