import { h } from "./dom.ts";

export interface DataColumn {
  readonly name: string;
  readonly number?: boolean;
  /** Never broken into lines: dates and short names. */
  readonly whole?: boolean;
  /** Sentences: kept wide enough to read on a phone. */
  readonly long?: boolean;
}

const classOf = (column: DataColumn | undefined): string | null =>
  column?.number ? "number" : column?.whole ? "whole" : column?.long ? "long" : null;

/** A plain table; its first column heads the rows. It scrolls sideways by itself rather than pushing the page wide. */
export const dataTable = ({
  caption,
  columns,
  rows,
  totals = [],
}: {
  readonly caption: string;
  readonly columns: readonly DataColumn[];
  readonly rows: readonly (readonly (string | Node)[])[];
  readonly totals?: readonly (readonly (string | Node)[])[];
}): HTMLElement => {
  const line = (row: readonly (string | Node)[]): HTMLElement =>
    h(
      "tr",
      {},
      ...row.map((cell, index) =>
        h(
          index === 0 ? "th" : "td",
          { ...(index === 0 ? { scope: "row" } : {}), class: classOf(columns[index]) },
          cell,
        ),
      ),
    );
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    h(
      "table",
      {},
      h("caption", { class: "sr" }, caption),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ...columns.map((column) => h("th", { scope: "col", class: classOf(column) }, column.name)),
        ),
      ),
      h("tbody", {}, ...rows.map(line)),
      ...(totals.length > 0 ? [h("tfoot", {}, ...totals.map(line))] : []),
    ),
  );
};
