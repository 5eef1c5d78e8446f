import pg from "pg";
import type { Day } from "../../domain/day.ts";
import type { ExportColumn, ExportTable } from "./tables.ts";

const { escapeIdentifier, escapeLiteral } = pg;

/** The rows of one file: from the first day on, up to the last day, both inclusive. */
export interface RowRange {
  readonly from?: Day | undefined;
  readonly to?: Day | undefined;
}

const source = ({ schema, name, day }: ExportTable, { from, to }: RowRange): string => {
  const column = day === undefined ? "" : escapeIdentifier(day);
  const conditions = [
    ...(from === undefined ? [] : [`${column} >= ${escapeLiteral(from)}::date`]),
    ...(to === undefined ? [] : [`${column} <= ${escapeLiteral(to)}::date`]),
  ];
  return `from ${escapeIdentifier(schema)}.${escapeIdentifier(name)}${
    conditions.length > 0 ? ` where ${conditions.join(" and ")}` : ""
  }`;
};

/**
 * COPY takes no parameters, so everything is quoted here. In the order of the primary key, where there is one.
 */
export const selectRows = (
  table: ExportTable,
  range: RowRange,
  expression: (column: ExportColumn, quoted: string) => string = (_, quoted) => quoted,
): string => {
  const columns = table.columns.map((column) => {
    const quoted = escapeIdentifier(column.name);
    return `${expression(column, quoted)} as ${quoted}`;
  });
  const order = table.key.map((name) => `${escapeIdentifier(table.name)}.${escapeIdentifier(name)}`);
  return `select ${columns.join(", ")} ${source(table, range)}${order.length > 0 ? ` order by ${order.join(", ")}` : ""}`;
};

/** The months that have rows, as their first days. */
export const selectMonths = (table: ExportTable, range: RowRange): string =>
  `select distinct date_trunc('month', ${escapeIdentifier(table.day ?? "")})::date::text as month ${source(table, range)} order by 1`;
