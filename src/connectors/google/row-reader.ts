/**
 * Reads rows of one answer that look like a row that came before, by a regular expression made from it: five times
 * faster than parsing them. Whatever does not match is left to `JSON.parse`, so that nothing is read which it would
 * read otherwise.
 */
export interface RowReader {
  /** A parsed row: the next ones may look like it. */
  learn(row: unknown): void;
  /**
   * Reads rows from `at` on, each after a comma, into `rows`, as far as they look like one that is known. `text` holds a
   * character a byte.
   * @returns where it stopped
   */
  read(text: string, at: number, rows: unknown[]): number;
}

/** Which keys a row has, in their order, and what kind of value each. */
type Shape = "text" | "number" | readonly (readonly [key: string, value: Shape])[];

/** How many ways to leave out what is zero are known at once. */
const mostShapes = 8;

const plainKey = /^[a-z]\w*$/i;

/** Undefined where the row has something else than objects, text and numbers. */
const shapeOf = (value: unknown): Shape | undefined => {
  if (typeof value === "string") return "text";
  if (typeof value === "number") return "number";
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const parts: [string, Shape][] = [];
  for (const [key, part] of Object.entries(value)) {
    const shape = shapeOf(part);
    if (shape === undefined || !plainKey.test(key)) return undefined;
    parts.push([key, shape]);
  }
  return parts;
};

/** Text without escapes and beyond ASCII is for the parser; numbers as JSON has them. */
const patternOf = (shape: Shape): string => {
  if (shape === "text") return String.raw`"([^"\\\x00-\x1f\x80-\xff]*)"`;
  if (shape === "number") return String.raw`(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)`;
  return `\\{${shape.map(([key, part]) => `"${key}":${patternOf(part)}`).join(",")}\\}`;
};

/** What the expression found in a row; the row's properties are read from it when somebody asks. */
const found = Symbol("found");

interface Part {
  readonly [found]: RegExpExecArray;
}

type View = new (matched: RegExpExecArray) => Part;

/** `next`: counts the groups of the expression. */
const viewOf = (shape: readonly (readonly [string, Shape])[], next: () => number): View => {
  class RowPart {
    declare readonly [found]: RegExpExecArray;
    constructor(matched: RegExpExecArray) {
      this[found] = matched;
    }
  }
  for (const [key, part] of shape)
    Object.defineProperty(RowPart.prototype, key, { get: getterOf(part, next), enumerable: true });
  return RowPart;
};

const getterOf = (part: Shape, next: () => number): ((this: Part) => unknown) => {
  if (typeof part !== "string") {
    const Inner = viewOf(part, next);
    return function inner() {
      return new Inner(this[found]);
    };
  }
  const group = next();
  return part === "text"
    ? function text() {
        return this[found][group];
      }
    : function number() {
        return Number(this[found][group]);
      };
};

interface Known {
  readonly pattern: RegExp;
  readonly Row: View;
}

export const readRows = (): RowReader => {
  const known = new Map<string, Known>();
  /** The last one that matched is tried first. */
  let order: readonly Known[] = [];

  /** Reads as many rows as follow each other in the one way. */
  const readRun = ({ pattern, Row }: Known, text: string, at: number, rows: unknown[]): number => {
    let end = at;
    pattern.lastIndex = at;
    for (let matched = pattern.exec(text); matched; matched = pattern.exec(text)) {
      rows.push(new Row(matched));
      end = pattern.lastIndex;
    }
    return end;
  };

  return {
    learn(row) {
      const shape = shapeOf(row);
      if (shape === undefined || typeof shape === "string" || known.size >= mostShapes) return;
      const source = `,${patternOf(shape)}`;
      if (known.has(source)) return;
      let group = 0;
      const one = { pattern: new RegExp(source, "y"), Row: viewOf(shape, () => (group += 1)) };
      known.set(source, one);
      order = [...order, one];
    },
    read(text, at, rows) {
      let end = at;
      for (let index = 0; index < order.length; index += 1) {
        const one = order[index];
        const next = one ? readRun(one, text, end, rows) : end;
        if (!one || next === end) continue;
        end = next;
        if (index > 0) order = [one, ...order.filter((other) => other !== one)];
        // All of them may follow what was read, but the one that has just ended.
        index = -1;
      }
      return end;
    },
  };
};
