import { Failure } from "../../domain/failure.ts";

const quote = 34;
const comma = 44;
const lineFeed = 10;
const carriageReturn = 13;

/** A record that is longer has lost its closing quote. */
const longestRecord = 1_000_000;

/** Reads CSV that comes in pieces, cut anywhere. */
export interface RecordReader {
  /** The records that the text completes, as many cells each as it has; an empty line is a record of one empty cell. */
  push(text: string): string[][];
  /** The last record, where the file does not end with a line break. */
  end(): string[][];
}

/** Cells in quotes or without, quotes inside doubled, lines ended by LF or CRLF (RFC 4180), and of any width. */
export const createRecordReader = (): RecordReader => {
  let rest = "";

  const scan = (text: string, whole: boolean): string[][] => {
    const records: string[][] = [];
    let start = 0;
    for (;;) {
      if (start >= text.length) break;
      const cells: string[] = [];
      let at = start;
      let ended = false;
      for (;;) {
        if (text.charCodeAt(at) === quote) {
          let close = text.indexOf('"', at + 1);
          let doubled = false;
          while (close >= 0 && text.charCodeAt(close + 1) === quote) {
            doubled = true;
            close = text.indexOf('"', close + 2);
          }
          // The last quote that came so far may be the first half of a doubled one.
          if (close < 0 || (close + 1 >= text.length && !whole)) break;
          const cell = text.slice(at + 1, close);
          cells.push(doubled ? cell.replaceAll('""', '"') : cell);
          at = close + 1;
        } else {
          let end = at;
          for (let code = text.charCodeAt(end); code === code && code !== comma && code !== lineFeed;)
            code = text.charCodeAt((end += 1));
          const isLine = text.charCodeAt(end) === lineFeed;
          const stop = isLine && end > at && text.charCodeAt(end - 1) === carriageReturn ? end - 1 : end;
          cells.push(text.slice(at, stop));
          at = stop;
        }
        let code = text.charCodeAt(at);
        if (code === carriageReturn) code = text.charCodeAt((at += 1));
        at += 1;
        if (code === comma) continue;
        ended = code === lineFeed;
        if (!ended && whole && at > text.length) ended = true;
        if (!ended && at <= text.length)
          throw damaged("something stands between a closing quote and the comma");
        break;
      }
      if (!ended) break;
      records.push(cells);
      start = at;
    }
    rest = text.slice(start);
    if (rest.length > longestRecord) throw damaged("a quoted cell does not end");
    return records;
  };

  return {
    push: (text) => scan(rest === "" ? text : rest + text, false),
    end: () => (rest === "" ? [] : scan(rest, true)),
  };
};

const damaged = (what: string): Failure =>
  new Failure({
    kind: "transient",
    platform: "microsoft",
    code: "csv",
    message: `the report's file is damaged: ${what}`,
    remedy: "nothing of it was published; it is fetched again",
  });
