import Table from "cli-table3";

/** One column of a table: its heading and whether its figures stand on the right. */
export interface Column {
  readonly title: string;
  readonly right?: boolean;
}

const plain = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
};

const narrowest = 8;
/** A line and a space on either side of each cell. */
const perColumn = 3;

/** The widths of the columns where `width` is less than they ask for: text is folded, figures never are. */
const fitted = (
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): readonly number[] | undefined => {
  const natural = columns.map(({ title }, index) =>
    Math.max(title.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const widths = [...natural];
  const total = () => widths.reduce((sum, each) => sum + each + perColumn, 1);
  while (total() > width) {
    const foldable = widths.map((each, index) => (columns[index]?.right ? 0 : each));
    const widest = foldable.indexOf(Math.max(...foldable));
    if ((foldable[widest] ?? 0) <= narrowest) return undefined;
    widths[widest] = Math.max(narrowest, (widths[widest] ?? 0) - Math.max(1, total() - width));
    // One column is not made tiny while the next one stays wide: they shrink together.
    const next = foldable.filter((_, index) => index !== widest);
    const second = Math.max(narrowest, ...next);
    if ((widths[widest] ?? 0) < second) widths[widest] = Math.max(second - 1, narrowest);
  }
  return widths;
};

/** A row after the other, for a terminal that is too narrow for columns. */
const listed = (columns: readonly Column[], rows: readonly (readonly string[])[]): string =>
  rows
    .map((row) => columns.map(({ title }, index) => `${title}: ${row[index] ?? ""}`).join("\n"))
    .join("\n\n");

/**
 * The table as text.
 * @param width the columns of a terminal, for lines around the cells and to fit in; absent: plain columns for a program
 */
export const tableText = (
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width?: number,
): string => {
  const widths = width === undefined ? undefined : fitted(columns, rows, width);
  if (width !== undefined && widths === undefined) return listed(columns, rows);
  const table = new Table({
    head: columns.map(({ title }) => title),
    colAligns: columns.map(({ right }) => (right ? "right" : "left")),
    style: {
      head: [],
      border: [],
      compact: true,
      ...(width === undefined ? { "padding-left": 0, "padding-right": 0 } : {}),
    },
    ...(widths
      ? { colWidths: widths.map((each) => each + 2), wordWrap: true, wrapOnWordBoundary: false }
      : {}),
    ...(width === undefined ? { chars: plain } : {}),
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "")
    .join("\n");
};
