import type { Day, DayRange } from "../../domain/day.ts";
import { decimal, type Decimal, wholeNumber } from "../../domain/decimal.ts";
import { Failure } from "../../domain/failure.ts";
import type { Report } from "./reports.ts";

/** What a cell of a report says: cells are text as the report's file has them. */

export type Cells = readonly string[];

export const wrong = (message: string): Failure =>
  new Failure({
    kind: "data",
    platform: "microsoft",
    message: `report: ${message}`,
    remedy: "nothing of this window was published; report it to costper",
  });

/** Empty and `--` both say that there is no value. */
export const isNothing = (cell: string | undefined): boolean =>
  cell === undefined || cell === "" || cell === "--";

const plain = (cell: string): string => (cell.includes(",") ? cell.replaceAll(",", "") : cell);

export const amount = (cell: string | undefined, column: string): Decimal =>
  isNothing(cell) ? "0" : decimal(plain(cell ?? ""), column);

export const count = (cell: string | undefined, column: string): string =>
  isNothing(cell) ? "0" : wholeNumber(plain(cell ?? ""), column);

export const isZero = (figure: Decimal): boolean => !/[1-9]/.test(figure);

export const idOf = (cell: string | undefined, column: string): string => {
  if (isNothing(cell)) return "";
  if (cell !== undefined && /^\d+$/.test(cell)) return cell;
  throw wrong(`${column} is no id: ${JSON.stringify(cell?.slice(0, 60))}`);
};

/** Places of a report's columns; an optional one may be missing from the row. */
export const placesOf = <const R extends Report>({ columns, optional }: R) => {
  const all = [...columns, ...optional];
  return (column: R["columns"][number] | R["optional"][number]): number => all.indexOf(column);
};

/** The same of a report that is known when it is read. */
export const anyPlacesOf =
  ({ columns, optional }: Report) =>
  (column: string): number =>
    [...columns, ...optional].indexOf(column);

/** Reads the day of a row; one that was not asked for spoils the report. */
export const dayReader = ({ from, to }: DayRange) => {
  const good = new Set<string>();
  return (cell: string | undefined): Day => {
    if (cell !== undefined && good.has(cell)) return cell;
    if (cell === undefined || !/^\d{4}-\d{2}-\d{2}$/.test(cell) || cell < from || cell > to)
      throw wrong(`a row of ${JSON.stringify(cell?.slice(0, 40))} came, asked were ${from} to ${to}`);
    good.add(cell);
    return cell;
  };
};

export type ReadDay = ReturnType<typeof dayReader>;
