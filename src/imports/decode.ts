import { BrokenFile } from "./problem.ts";

/** How a file's bytes are to be read, where that is declared. */
export const encodings = ["utf-8", "utf-16", "utf-16le", "utf-16be", "windows-1252"] as const;

export type Encoding = (typeof encodings)[number];

const byName: Readonly<Record<string, Encoding>> = {
  utf8: "utf-8",
  utf16: "utf-16",
  utf16le: "utf-16le",
  utf16be: "utf-16be",
  windows1252: "windows-1252",
  cp1252: "windows-1252",
  latin1: "windows-1252",
  iso88591: "windows-1252",
};

/** The encoding of that name; its spelling may be any of the usual ones. */
export const encodingNamed = (name: string): Encoding | undefined =>
  byName[name.toLowerCase().replaceAll(/[^a-z0-9]/g, "")];

/** What windows-1252 has in the places 80 to 9F; a blank is a byte that it has not. */
const upperRow = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ";

const sniffed = 64;

/** Bytes for a look at how the file begins, and everything again from the start. */
const lookAhead = async (
  bytes: AsyncIterable<Uint8Array>,
): Promise<{ head: Uint8Array; all: () => AsyncGenerator<Uint8Array> }> => {
  const chunks = bytes[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array();
  let ended = false;
  while (!ended && head.length < sniffed) {
    const next = await chunks.next();
    ended = next.done === true;
    if (!ended) head = Buffer.concat([head, next.value as Uint8Array]);
  }
  return {
    head,
    all: async function* () {
      try {
        yield head;
        if (!ended)
          for (let next = await chunks.next(); next.done !== true; next = await chunks.next())
            yield next.value;
      } finally {
        await chunks.return?.(undefined);
      }
    },
  };
};

const markOf = (head: Uint8Array): Encoding | undefined => {
  if (head[0] === 0xff && head[1] === 0xfe) return "utf-16le";
  if (head[0] === 0xfe && head[1] === 0xff) return "utf-16be";
  return head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? "utf-8" : undefined;
};

/** Every second byte of Western text in UTF-16 is zero: which of the two tells the order of bytes. */
const utf16Order = (head: Uint8Array): Encoding | undefined => {
  if (!head.includes(0)) return undefined;
  const zeros = [0, 1].map((side) => head.filter((byte, at) => at % 2 === side && byte === 0).length);
  return (zeros[0] ?? 0) > (zeros[1] ?? 0) ? "utf-16be" : "utf-16le";
};

/** The encoding to read by; a declaration that the first bytes contradict is refused. */
const settle = (head: Uint8Array, declared: Encoding | undefined): Encoding => {
  const mark = markOf(head);
  const order = utf16Order(head);
  if (declared === undefined) {
    if (mark !== undefined) return mark;
    if (order !== undefined && head.filter((byte) => byte === 0).length >= head.length / 4)
      throw new BrokenFile(
        1,
        `the file looks like UTF-16 without a byte order mark; declare --encoding ${order}`,
      );
    return "utf-8";
  }
  const fits = mark === undefined || mark === declared || (declared === "utf-16" && mark !== "utf-8");
  if (!fits)
    throw new BrokenFile(
      1,
      `--encoding ${declared} is declared, and the file begins with the byte order mark of ${mark}; leave --encoding out`,
    );
  if (!declared.startsWith("utf-16")) return declared;
  if (mark === undefined && head.length > 0 && order === undefined)
    throw new BrokenFile(
      1,
      `--encoding ${declared} is declared, and the file has no zero byte: it is no UTF-16; leave --encoding out, or declare windows-1252`,
    );
  return declared === "utf-16" ? (mark ?? order ?? "utf-16le") : declared;
};

const countLines = (text: string): number => text.split("\n").length - 1;

const notUtf8 =
  "the file is not UTF-8 from about this line on, perhaps Latin-1; declare --encoding windows-1252";

/** UTF-8 and UTF-16; what cannot be is refused rather than replaced. */
async function* decodeUnicode(bytes: AsyncIterable<Uint8Array>, encoding: Encoding): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  let line = 1;
  const decode = (chunk?: Uint8Array): string => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw new BrokenFile(
        line,
        encoding === "utf-8" ? notUtf8 : `the file is not ${encoding} from about this line on`,
      );
    }
  };
  for await (const chunk of bytes) {
    const text = decode(chunk);
    yield text;
    line += countLines(text);
  }
  yield decode();
}

/** By a table of our own: the decoders of some versions of Node take these bytes for Latin-1. */
async function* decodeWindows(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  let line = 1;
  let beyondAscii = false;
  let isUtf8 = true;
  const tryUtf8 = (chunk?: Uint8Array): void => {
    if (!isUtf8) return;
    try {
      utf8.decode(chunk, { stream: chunk !== undefined });
    } catch {
      isUtf8 = false;
    }
  };
  for await (const chunk of bytes) {
    tryUtf8(chunk);
    const text = Buffer.from(chunk)
      .toString("latin1")
      .replaceAll(/[\u0080-\u009f]/g, (character) => {
        const read = upperRow[character.charCodeAt(0) - 0x80] ?? " ";
        if (read !== " ") return read;
        throw new BrokenFile(
          line,
          "a byte from about this line on is none of windows-1252; declare another --encoding",
        );
      });
    beyondAscii ||= chunk.some((byte) => byte > 0x7f);
    yield text;
    line += countLines(text);
  }
  tryUtf8();
  if (beyondAscii && isUtf8)
    throw new BrokenFile(
      1,
      "--encoding windows-1252 is declared, and the file is UTF-8: its letters would be garbled; leave --encoding out",
    );
}

/** Makes every line end a line feed, whatever the file has. */
async function* withLineFeeds(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let held = "";
  for await (const text of texts) {
    const whole = held + text;
    held = whole.endsWith("\r") ? "\r" : "";
    const ready = held === "" ? whole : whole.slice(0, -1);
    yield ready.includes("\r") ? ready.replaceAll(/\r\n?/g, "\n") : ready;
  }
  if (held !== "") yield "\n";
}

/**
 * A file's text. Undeclared it is UTF-8, or what its byte order mark says.
 * @throws BrokenFile where the bytes are no such text.
 */
export async function* decode(
  bytes: AsyncIterable<Uint8Array>,
  declared: Encoding | undefined,
): AsyncGenerator<string> {
  const { head, all } = await lookAhead(bytes);
  const encoding = settle(head, declared);
  yield* withLineFeeds(encoding === "windows-1252" ? decodeWindows(all()) : decodeUnicode(all(), encoding));
}
