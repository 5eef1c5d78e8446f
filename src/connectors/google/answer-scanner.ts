import type { RowReader } from "./row-reader.ts";

const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const comma = 0x2c;
const quote = 0x22;
const backslash = 0x5c;
const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** What a searchStream answer is cut into; `bytes` are JSON text. */
export type Piece =
  /** Some rows of an element's `results`, separated by commas. */
  | { readonly kind: "rows"; readonly bytes: Buffer }
  /** Rows that the reader knew. */
  | { readonly kind: "read"; readonly rows: readonly unknown[] }
  /** An element without the rows that came before. */
  | { readonly kind: "element"; readonly bytes: Buffer };

/** Cuts the bytes of one JSON array of objects into pieces that are small whatever the size of its elements. */
export interface AnswerScanner {
  /**
   * Takes the next bytes, cut anywhere, and returns what they completed.
   * @throws RangeError where the bytes are no JSON array of objects; TooLong where one row or element is beyond any
   * measure.
   */
  push(chunk: Buffer): Piece[];
  /** Whether the array's closing bracket has come; an answer that ends without it is truncated. */
  readonly done: boolean;
}

/** The key `results` just before an opening bracket. A quote within a longer key would follow a backslash. */
const resultsKey = /[{,\s]"results"\s*:\s*$/;
const keyBytes = 64;

/** A row has some hundred bytes; one that does not end must not fill the memory. */
const longestPieceBytes = 16 * 1024 * 1024;

/** One row or element is beyond any measure, or white space goes on and on. */
export class TooLong extends RangeError {}

const notAnAnswer = (): RangeError => new RangeError("not a JSON array of objects");

/** How many backslashes end just before `end`, not looking before `from`. */
const backslashesBefore = (chunk: Buffer, end: number, from: number): number => {
  let at = end;
  while (at > from && chunk[at - 1] === backslash) at -= 1;
  return end - at;
};

/**
 * Looks at nothing but strings and nesting, so that each row costs one pass over its bytes and its part of a
 * `JSON.parse`. Rows are given out as the chunk in which they end is read: parsed objects then die young, and what
 * is held is the row that is still open. Where a row has ended, `reader` may know what follows: these bytes are not
 * looked at again.
 */
export const scanAnswer = (reader?: RowReader): AnswerScanner => {
  let phase: "start" | "first" | "element" | "between" | "next" | "end" = "start";
  let depth = 0;
  let inString = false;
  let escaped = false;
  /** Within `results`, and whether rows of it were given out already. */
  let inRows = false;
  let rowsBefore = false;
  /** Of the open element: its bytes without rows, and those of the open row. */
  let envelope: Buffer[] = [];
  let open: Buffer[] = [];
  /** Of both. */
  let heldBytes = 0;
  let blanks = 0;

  const joined = (parts: readonly Buffer[], last: Buffer): Buffer =>
    parts.length === 0 ? last : Buffer.concat([...parts, last]);

  const takeRows = (last: Buffer, complete: Piece[], atEnd: boolean): void => {
    const bytes = joined(open, last);
    for (const part of open) heldBytes -= part.length;
    open = [];
    let start = 0;
    while (start < bytes.length && isBlank(bytes[start] ?? 0)) start += 1;
    if (start === bytes.length && atEnd) return;
    if (rowsBefore) {
      if (bytes[start] !== comma) throw notAnAnswer();
      start += 1;
      if (atEnd && bytes.subarray(start).every(isBlank)) throw notAnAnswer();
    }
    rowsBefore = true;
    complete.push({ kind: "rows", bytes: bytes.subarray(start) });
  };

  const startsResults = (last: Buffer): boolean => {
    const before = last.length < keyBytes ? joined(envelope, last) : last;
    return resultsKey.test(before.subarray(-keyBytes).toString("latin1"));
  };

  /** Reads the open element from `from` on; the index just after its end, or the chunk's length. */
  const readElement = (chunk: Buffer, from: number, complete: Piece[]): number => {
    // Locals and literals: this loop sees every byte of every answer outside of strings.
    let level = depth;
    let start = from;
    let rowEnd = -1;
    const { length } = chunk;
    let index = from;
    let text: string | undefined;
    while (index < length) {
      if (inString) {
        if (escaped) {
          escaped = false;
          index += 1;
          continue;
        }
        const end = chunk.indexOf(quote, index);
        const slashes = backslashesBefore(chunk, end < 0 ? length : end, index);
        if (end < 0) {
          escaped = slashes % 2 === 1;
          break;
        }
        inString = slashes % 2 === 1;
        index = end + 1;
        continue;
      }
      const byte = chunk[index] ?? 0;
      index += 1;
      if (byte === quote) inString = true;
      // Brackets and braces differ in one bit, and only they have these others.
      else if ((byte & 0xdf) === openBracket) {
        level += 1;
        if (level === 2 && byte === openBracket && startsResults(chunk.subarray(start, index - 1))) {
          envelope.push(chunk.subarray(start, index));
          start = index;
          inRows = true;
          rowsBefore = false;
        }
      } else if ((byte & 0xdf) === closeBracket) {
        level -= 1;
        if (inRows && level === 2) {
          rowEnd = index;
          if (!reader) continue;
          text ??= chunk.toString("latin1");
          const rows: unknown[] = [];
          const end = reader.read(text, index, rows);
          if (end === index) continue;
          takeRows(chunk.subarray(start, index), complete, false);
          complete.push({ kind: "read", rows });
          index = end;
          start = end;
          rowEnd = -1;
        } else if (inRows && level === 1) {
          takeRows(chunk.subarray(start, index - 1), complete, true);
          start = index - 1;
          rowEnd = -1;
          inRows = false;
        } else if (level === 0) {
          complete.push({ kind: "element", bytes: joined(envelope, chunk.subarray(start, index)) });
          envelope = [];
          heldBytes = 0;
          depth = 0;
          phase = "between";
          return index;
        }
      }
    }
    depth = level;
    if (rowEnd > start) {
      takeRows(chunk.subarray(start, rowEnd), complete, false);
      start = rowEnd;
    }
    if (start < length) {
      (inRows ? open : envelope).push(chunk.subarray(start));
      heldBytes += length - start;
      if (heldBytes > longestPieceBytes) throw new TooLong("a row or element is too long");
    }
    return length;
  };

  const outside = (byte: number): void => {
    if (isBlank(byte)) {
      blanks += 1;
      if (blanks > longestPieceBytes) throw new TooLong("white space without an end");
      return;
    }
    if (phase === "start" && byte === openBracket) phase = "first";
    else if ((phase === "first" || phase === "next") && byte === openBrace) phase = "element";
    else if (phase === "between" && byte === comma) phase = "next";
    else if ((phase === "first" || phase === "between") && byte === closeBracket) phase = "end";
    else throw notAnAnswer();
  };

  return {
    push(chunk) {
      const complete: Piece[] = [];
      let index = 0;
      while (index < chunk.length) {
        if (phase !== "element") {
          outside(chunk[index] ?? 0);
          if ((phase as string) !== "element") {
            index += 1;
            continue;
          }
        }
        index = readElement(chunk, index, complete);
      }
      return complete;
    },
    get done() {
      return phase === "end";
    },
  };
};
