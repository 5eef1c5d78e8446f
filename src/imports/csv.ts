import { CsvError, parse } from "csv-parse";
import { decode, type Encoding } from "./decode.ts";
import { BrokenFile } from "./problem.ts";

/** One record as it stood in the file. */
export interface CsvRecord {
  /** The line on which it begins; the first line is 1. */
  readonly line: number;
  readonly fields: readonly string[];
  /** Its text, with its line ends as line feeds. */
  readonly raw: string;
}

export type Separator = "," | ";" | "\t" | "|";

const countLines = (text: string): number => text.split("\n").length - 1;

/** Lines ahead of the header, as Google's files have them. */
export const isPreamble = (line: string): boolean => /^"?parameters:/i.test(line.trim());

/** Excel's own line ahead of the header: it names the separator. */
const separatorLine = /^\uFEFF?[ "]*sep=(.?)[ "]*$/i;

const isBlank = (line: string): boolean => /^[\s,;|"]*$/.test(line);

/** Whether a record is separators alone, as Excel leaves them below and above a table. */
export const isEmptyRecord = (fields: readonly string[]): boolean =>
  fields.every((field) => field.trim() === "");

const longestHeader = 65_536;

interface Head {
  /** All that was read so far. */
  readonly text: string;
  readonly header: string;
  /** The separator that a line `sep=` names, with its line. */
  readonly named?: { readonly line: number; readonly separator: string };
}

/** Reads ahead until the header line is whole, and gives everything that was read. */
const readAhead = async (chunks: AsyncIterator<string>): Promise<Head> => {
  let text = "";
  for (;;) {
    const lines = text.split("\n");
    const first = lines.findIndex((line) => !isBlank(line));
    const separator = separatorLine.exec(lines[first] ?? "")?.[1];
    if (separator !== undefined && first < lines.length - 1) lines[first] = "";
    const at = lines.findIndex((line) => !isBlank(line) && !isPreamble(line));
    const header = lines[at] ?? "";
    const head: Head = {
      // An empty line takes its place, so that lines are still counted right.
      text: lines.join("\n"),
      header,
      ...(separator === undefined ? {} : { named: { line: first + 1, separator } }),
    };
    if (at >= 0 && (at < lines.length - 1 || text.length > longestHeader)) return head;
    const { done, value } = await chunks.next();
    if (done === true) return head;
    text += value;
  }
};

const separators = [",", ";", "\t", "|"] as const;

/** The separator that the header line is written with; the comma where it has but one column. */
const detectSeparator = (header: string): Separator => {
  const count = (separator: Separator): number => header.split(separator).length;
  const [best] = separators
    .map((separator) => ({ separator, columns: count(separator) }))
    .sort((a, b) => b.columns - a.columns);
  return best?.separator ?? ",";
};

const settleSeparator = ({ header, named }: Head, declared: Separator | undefined): Separator => {
  if (named === undefined) return declared ?? detectSeparator(header);
  const known = separators.find((separator) => separator === named.separator);
  if (known === undefined)
    throw new BrokenFile(
      named.line,
      `sep=${named.separator} names a separator that is not read; use comma, semicolon, tab or |`,
    );
  if (declared !== undefined && declared !== known)
    throw new BrokenFile(
      named.line,
      `the line sep=${known} names another separator than --separator; leave out one of the two`,
    );
  return known;
};

/**
 * Cells such as ="00123", by which people keep zeros in Excel, are no CSV: the quote stands within the cell. They are
 * quoted, a line at a time.
 */
const quoteFormulas = (separator: Separator): ((text: string) => string) => {
  const between = separator === "|" ? String.raw`\|` : separator;
  const formula = new RegExp(`(^|${between})="([^"\n]*)"(?=${between}|$)`, "gm");
  return (text) => (text.includes('="') ? text.replaceAll(formula, '$1"=""$2"""') : text);
};

const longestRecord = 1_000_000;

/**
 * Reads a CSV (RFC 4180) record by record; memory does not grow with the file.
 * @throws BrokenFile where the bytes are no text of the encoding or the quotes do not close.
 */
export async function* readCsv(
  bytes: AsyncIterable<Uint8Array>,
  declared: { readonly separator?: Separator | undefined; readonly encoding?: Encoding | undefined },
): AsyncGenerator<CsvRecord> {
  const chunks = decode(bytes, declared.encoding)[Symbol.asyncIterator]();
  const head = await readAhead(chunks);
  const separator = settleSeparator(head, declared.separator);
  const quoted = quoteFormulas(separator);
  const parser = parse({
    delimiter: separator,
    record_delimiter: "\n",
    info: true,
    raw: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: longestRecord,
  });
  const feed = async (): Promise<void> => {
    const push = async (text: string) => {
      if (text !== "" && !parser.write(quoted(text)))
        await new Promise<void>((resolve) => parser.once("drain", resolve));
    };
    let pending = head.text;
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
      pending += next.value;
      const end = pending.length > longestRecord ? pending.length : pending.lastIndexOf("\n") + 1;
      await push(pending.slice(0, end));
      pending = pending.slice(end);
    }
    await push(pending);
    parser.end();
  };
  feed().catch((error: unknown) => parser.destroy(error as Error));
  try {
    for await (const entry of parser) {
      const { record, info, raw } = entry as {
        record: string[];
        info: { lines: number };
        raw: string;
      };
      const text = raw.replace(/^\n+/, "");
      yield { line: info.lines - countLines(text.replace(/\n$/, "")), fields: record, raw: text };
    }
  } catch (error) {
    throw broken(error);
  } finally {
    parser.destroy();
    await chunks.return?.(undefined);
  }
}

const broken = (error: unknown): unknown => {
  if (!(error instanceof CsvError)) return error;
  const { code, lines } = error as CsvError & { lines?: number };
  const line = lines ?? 1;
  // The line that the parser counts is the one on which a quote was opened, or where it stumbled.
  if (code === "CSV_MAX_RECORD_SIZE")
    return new BrokenFile(line, "a record is longer than 1 MB; is a quote left open above?");
  return new BrokenFile(
    line,
    code === "CSV_QUOTE_NOT_CLOSED"
      ? 'a quote (") is opened here and never closed; nothing after it can be read'
      : 'a quote (") stands where none may; write a quote inside a value twice ("") and quote the value. Nothing after it can be read',
  );
};
