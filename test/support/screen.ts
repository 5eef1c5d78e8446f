interface Row {
  readonly cells: string[];
  /** Whether the line goes on in the next row, because the terminal broke it there. */
  goesOn: boolean;
}

const escape = "\u001b";
const codes = new RegExp(String.raw`${escape}\[(\??[0-9;]*)([A-Za-z])|[^]`, "gu");

/**
 * What a terminal of so many columns shows in the end: its lines, each in one piece where the terminal alone broke it.
 * Nothing scrolls away. A code that is not known here fails, so that nothing is read wrongly.
 */
export const screenLines = (output: string, columns: number): readonly string[] => {
  const rows: Row[] = [{ cells: [], goesOn: false }];
  let [x, y, wraps] = [0, 0, true];
  const row = (): Row => {
    while (rows.length <= y) rows.push({ cells: [], goesOn: false });
    return rows[y] as Row;
  };
  const print = (letter: string): void => {
    if (x === columns) {
      // A terminal breaks before the next letter, not after the last.
      if (wraps) {
        row().goesOn = true;
        [x, y] = [0, y + 1];
      } else x = columns - 1;
    }
    const { cells } = row();
    while (cells.length < x) cells.push(" ");
    cells[x] = letter;
    x += 1;
  };
  const clearLine = (line: Row, from: number): void => {
    line.cells.length = Math.min(line.cells.length, from);
    if (from < columns) line.goesOn = false;
  };
  for (const [all, parameter = "", code] of output.matchAll(codes)) {
    const count = Number(parameter === "" ? 1 : parameter);
    if (all === "\r") x = 0;
    else if (all === "\n") y += 1;
    else if (code === undefined) print(all);
    else if (code === "A") y = Math.max(0, y - count);
    else if (code === "G") x = count - 1;
    else if (code === "K") clearLine(row(), parameter === "2" ? 0 : x);
    else if (code === "J") {
      clearLine(row(), x);
      rows.length = y + 1;
    } else if (parameter === "?7") wraps = code === "h";
    else if (code !== "m" && parameter !== "?25") throw new Error(`unknown code ${JSON.stringify(all)}`);
  }
  const lines: string[] = [];
  let begun = "";
  for (const { cells, goesOn } of rows) {
    const text = Array.from(cells, (letter) => letter ?? " ").join("");
    begun += goesOn ? text : text.trimEnd();
    if (goesOn) continue;
    lines.push(begun);
    begun = "";
  }
  return begun === "" ? lines : [...lines, begun];
};
