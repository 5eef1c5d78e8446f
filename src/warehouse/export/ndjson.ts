import type { ExportColumn } from "./tables.ts";

/** Timestamps are ISO 8601 in UTC, to the microsecond. */
export const ndjsonExpression = ({ kind }: ExportColumn, quoted: string): string =>
  kind === "timestamp" ? `to_char(${quoted}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')` : quoted;

/** Money, counts and 64-bit numbers stay text: a reader would round them to a float. */
const valueOf = ({ kind }: ExportColumn, text: string | null): string => {
  if (text === null) return "null";
  if (kind === "int32") return text;
  if (kind === "boolean") return text === "t" ? "true" : "false";
  return JSON.stringify(text);
};

/** One JSON object a line. */
export async function* ndjsonLines(
  columns: readonly ExportColumn[],
  batches: AsyncIterable<readonly (readonly (string | null)[])[]>,
): AsyncGenerator<string> {
  const names = columns.map(({ name }) => JSON.stringify(name));
  for await (const rows of batches)
    yield rows
      .map(
        (row) =>
          `{${columns.map((column, index) => `${names[index] ?? ""}:${valueOf(column, row[index] ?? null)}`).join(",")}}\n`,
      )
      .join("");
}
