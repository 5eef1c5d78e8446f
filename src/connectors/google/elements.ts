const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const comma = 0x2c;
const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** Cuts the bytes of one JSON array of objects into its elements. */
export interface ElementScanner {
  /**
   * Takes the next bytes, cut anywhere, and returns the elements that they completed.
   * @throws RangeError where the bytes are no JSON array of objects.
   */
  push(chunk: Buffer): Buffer[];
  /** Whether the array's closing bracket has come; an answer that ends without it is truncated. */
  readonly done: boolean;
}

/**
 * Looks at nothing but strings and nesting, so that each element costs one pass over its bytes and one
 * `JSON.parse` afterwards; what is held is at most the element that is still open.
 */
export const scanElements = (): ElementScanner => {
  let phase: "start" | "first" | "element" | "between" | "next" | "end" = "start";
  let depth = 0;
  let inString = false;
  let escaped = false;
  let open: Buffer[] = [];

  /** The index just after the open element's last byte, or -1 where it goes on in the next chunk. */
  const endOfElement = (chunk: Buffer, from: number): number => {
    // Locals and literals: this loop sees every byte of every answer.
    let level = depth;
    let quoted = inString;
    let skip = escaped;
    let end = -1;
    const { length } = chunk;
    for (let index = from; index < length; index += 1) {
      const byte = chunk[index] ?? 0;
      if (quoted) {
        if (skip) skip = false;
        else if (byte === 0x22) quoted = false;
        else if (byte === 0x5c) skip = true;
      } else if (byte === 0x22) quoted = true;
      // Brackets and braces differ in one bit, and only they have these others.
      else if ((byte & 0xdf) === 0x5b) level += 1;
      else if ((byte & 0xdf) === 0x5d) {
        level -= 1;
        if (level === 0) {
          end = index + 1;
          break;
        }
      }
    }
    depth = level;
    inString = quoted;
    escaped = skip;
    return end;
  };

  const outside = (byte: number): void => {
    if (isBlank(byte)) return;
    if (phase === "start" && byte === openBracket) phase = "first";
    else if ((phase === "first" || phase === "next") && byte === openBrace) phase = "element";
    else if (phase === "between" && byte === comma) phase = "next";
    else if ((phase === "first" || phase === "between") && byte === closeBracket) phase = "end";
    else throw new RangeError("not a JSON array of objects");
  };

  return {
    push(chunk) {
      const complete: Buffer[] = [];
      let index = 0;
      while (index < chunk.length) {
        if (phase !== "element") {
          outside(chunk[index] ?? 0);
          if ((phase as string) !== "element") {
            index += 1;
            continue;
          }
        }
        const end = endOfElement(chunk, index);
        if (end < 0) {
          open.push(chunk.subarray(index));
          break;
        }
        const last = chunk.subarray(index, end);
        complete.push(open.length === 0 ? last : Buffer.concat([...open, last]));
        open = [];
        phase = "between";
        index = end;
      }
      return complete;
    },
    get done() {
      return phase === "end";
    },
  };
};
