import { type CsvError, parse } from "csv-parse";
import { Unreadable } from "./problem.ts";

/** One record as it stood in the file. */
export interface CsvRecord {
  /** The line on which it begins; the first line is 1. */
  readonly line: number;
  readonly fields: readonly string[];
  /** Its text, with its line ends. */
  readonly raw: string;
}

export type Separator = "," | ";" | "\t";

/** A fault after which nothing more of the file can be trusted. */
export class BrokenFile extends Unreadable {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

const countLines = (text: string): number => text.split("\n").length - 1;

/** Decodes UTF-8, with or without a byte order mark; anything else is refused rather than guessed. */
async function* decode(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 1;
  let first = true;
  try {
    for await (const chunk of bytes) {
      if (first && ((chunk[0] === 0xff && chunk[1] === 0xfe) || (chunk[0] === 0xfe && chunk[1] === 0xff)))
        throw new BrokenFile(1, "the file is UTF-16; save it as UTF-8");
      first = false;
      const text = decoder.decode(chunk, { stream: true });
      yield text;
      line += countLines(text);
    }
    yield decoder.decode();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new BrokenFile(
      line,
      "the file is not UTF-8 from about this line on, perhaps Latin-1; convert it: iconv -f ISO-8859-1 -t UTF-8",
    );
  }
}

/** Lines ahead of the header, as Google's files have them. */
export const isPreamble = (line: string): boolean => /^"?parameters:/i.test(line.trim());

const longestHeader = 65_536;

/** Reads ahead until the header line is whole, and gives everything that was read. */
const readAhead = async (chunks: AsyncIterator<string>): Promise<{ head: string; header: string }> => {
  let head = "";
  for (;;) {
    const lines = head.split(/\r\n|\n|\r/);
    const at = lines.findIndex((line) => line.trim() !== "" && !isPreamble(line));
    const header = lines[at] ?? "";
    if (at >= 0 && (at < lines.length - 1 || head.length > longestHeader)) return { head, header };
    const { done, value } = await chunks.next();
    if (done === true) return { head, header };
    head += value;
  }
};

/** The separator that the header line is written with; the comma where it has but one column. */
const detectSeparator = (header: string): Separator => {
  const count = (separator: Separator): number => header.split(separator).length;
  const [best] = ([",", ";", "\t"] as const)
    .map((separator) => ({ separator, columns: count(separator) }))
    .sort((a, b) => b.columns - a.columns);
  return best?.separator ?? ",";
};

const longestRecord = 1_000_000;

/**
 * Reads a CSV (RFC 4180) record by record; memory does not grow with the file.
 * @throws BrokenFile where the bytes are no UTF-8 or the quotes do not close.
 */
export async function* readCsv(
  bytes: AsyncIterable<Uint8Array>,
  declared: Separator | undefined,
): AsyncGenerator<CsvRecord> {
  const chunks = decode(bytes)[Symbol.asyncIterator]();
  const { head, header } = await readAhead(chunks);
  const parser = parse({
    delimiter: declared ?? detectSeparator(header),
    info: true,
    raw: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: longestRecord,
  });
  const feed = async (): Promise<void> => {
    const push = async (text: string) => {
      if (!parser.write(text)) await new Promise<void>((resolve) => parser.once("drain", resolve));
    };
    await push(head);
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next())
      await push(next.value);
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
      const text = raw.replace(/^(\r?\n)+/, "");
      yield { line: info.lines - countLines(text.replace(/\r?\n$/, "")), fields: record, raw: text };
    }
  } catch (error) {
    throw broken(error);
  } finally {
    parser.destroy();
    await chunks.return?.(undefined);
  }
}

const broken = (error: unknown): unknown => {
  const { code, lines } = error as CsvError & { lines?: number };
  if (typeof code !== "string" || !code.startsWith("CSV_")) return error;
  const line = lines ?? 1;
  if (code === "CSV_MAX_RECORD_SIZE")
    return new BrokenFile(line, "a record is longer than 1 MB; is a quote left open above?");
  return new BrokenFile(
    line,
    code === "CSV_QUOTE_NOT_CLOSED"
      ? 'a quote (") is opened here and never closed; nothing after it can be read'
      : 'a quote (") stands where none may; write a quote inside a value twice ("") and quote the value. Nothing after it can be read',
  );
};
