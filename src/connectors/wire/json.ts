import type * as z from "zod";
import { Failure, type FailureDetails } from "../../domain/failure.ts";

const textOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;
const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** The largest honest page, of 100,000 rows of GA4, is five deep and holds some three million values. */
const most = { depth: 200, values: 8_000_000 } as const;

/** JSON that would take many times its own size of memory; what it says is not looked at. */
export class JsonTooLarge extends SyntaxError {}

const [quote, backslash, comma, openBracket, openBrace, closeBracket, closeBrace] = Buffer.from('"\\,[{]}');

/** @throws JsonTooLarge where a text is nested too deeply or holds too many values, before anything is made of it. */
export const checkJsonSize = (text: string): void => {
  let depth = 0;
  let values = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (char === quote) {
      at += 1;
      while (at < text.length && text.charCodeAt(at) !== quote)
        at += text.charCodeAt(at) === backslash ? 2 : 1;
    } else if (char === openBracket || char === openBrace) {
      depth += 1;
      values += 1;
      if (depth > most.depth) throw new JsonTooLarge(`is nested more than ${String(most.depth)} deep`);
    } else if (char === closeBracket || char === closeBrace) depth -= 1;
    else if (char === comma) values += 1;
    if (values > most.values) throw new JsonTooLarge(`holds more than ${String(most.values)} values`);
  }
};

/**
 * JSON.parse that keeps numbers which a double cannot hold (ids beyond 2^53, long decimals): they become text.
 * @throws SyntaxError, JsonTooLarge among them.
 */
export const parseJson = (text: string): unknown => {
  checkJsonSize(text);
  return JSON.parse(
    text.replace(textOrNumber, (token) =>
      token.length > 15 && !token.startsWith('"') && jsonNumber.test(token) ? `"${token}"` : token,
    ),
  );
};

/** The value of a JSON text; undefined where it is none. */
export const jsonOrUndefined = (text: string): unknown => {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
};

/** What a failed reading is about. `what` begins its message: `adAnalytics`, `GA4 property 1`. */
export interface Reading extends Partial<FailureDetails> {
  readonly what: string;
}

/**
 * A value by its schema.
 * @throws Failure (default `data`) that says what and where, and never the value.
 */
export const readValue = <Schema extends z.ZodType>(
  value: unknown,
  schema: Schema,
  { what, ...details }: Reading,
): z.output<Schema> => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path = [], message = "" } = parsed.error.issues[0] ?? {};
  throw new Failure({
    kind: "data",
    message: `${what}: ${path.length === 0 ? "the answer" : path.join(".")} is not as documented (${message})`,
    remedy: "report it to costper",
    ...details,
  });
};

/** A JSON text by its schema. @throws Failure `transient` where it is no JSON; else as `readValue`. */
export const readJson = <Schema extends z.ZodType>(
  text: string,
  schema: Schema,
  reading: Reading,
): z.output<Schema> => {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    const { what, ...details } = reading;
    if (error instanceof JsonTooLarge)
      throw new Failure({
        remedy: "ask for fewer days or accounts at once; if it stays, report it to costper",
        ...details,
        kind: "data",
        code: "too_large",
        message: `${what}: the answer ${error.message}`,
      });
    // The parser's message may quote the text.
    throw new Failure({
      remedy: "the platform is unwell; try again",
      ...details,
      kind: "transient",
      message: `${what}: the answer is not JSON (${String(text.length)} characters)`,
    });
  }
  return readValue(value, schema, reading);
};
