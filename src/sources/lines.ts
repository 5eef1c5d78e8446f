import type { CsvRecord } from "../imports/csv.ts";

/** Text by the importer's names of columns; what is absent is empty. */
export type SourceRow = Readonly<Record<string, string | undefined>>;

/** Pages of rows as the importer takes them: the header first, then each row laid out by it. */
export async function* linesOf(
  columns: readonly string[],
  pages: AsyncIterable<Iterable<SourceRow>> | Iterable<Iterable<SourceRow>>,
): AsyncGenerator<CsvRecord> {
  let line = 1;
  yield { line, fields: columns, raw: "" };
  for await (const page of pages)
    for (const row of page) {
      line += 1;
      yield { line, fields: columns.map((name) => row[name] ?? ""), raw: "" };
    }
}
