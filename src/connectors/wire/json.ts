import type { z } from "zod";
import { Failure, type FailureDetails } from "../../domain/failure.ts";

const textOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;
const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * JSON.parse that keeps numbers which a double cannot hold (ids beyond 2^53, long decimals): they become text.
 * @throws SyntaxError
 */
export const parseJson = (text: string): unknown =>
  JSON.parse(
    text.replace(textOrNumber, (token) =>
      token.length > 15 && !token.startsWith('"') && jsonNumber.test(token) ? `"${token}"` : token,
    ),
  );

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
  } catch {
    // The parser's message may quote the text.
    const { what, ...details } = reading;
    throw new Failure({
      remedy: "the platform is unwell; try again",
      ...details,
      kind: "transient",
      message: `${what}: the answer is not JSON (${String(text.length)} characters)`,
    });
  }
  return readValue(value, schema, reading);
};
