import { Failure } from "./failure.ts";

/**
 * An exact number as decimal text, as Postgres `numeric` reads it (`12.34`, `-2E-18`). Money and counts of
 * conversions travel like this from the wire to the warehouse; no float ever holds them.
 */
export type Decimal = string;

const decimalPattern = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$/;

/**
 * Reads a figure off the wire: decimal text, or a JSON number where the platform sends one.
 * @throws Failure of kind `data` that names the field where the value is absent or no number.
 */
export const decimal = (value: unknown, field: string): Decimal => {
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  if (typeof value === "string" && decimalPattern.test(value)) return value;
  throw notANumber(value, field);
};

/** Whether a text is digits and nothing else. A loop, since an expression takes four times as long, millions of times. */
export const isDigits = (text: string): boolean => {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x30 || code > 0x39) return false;
  }
  return text.length > 0;
};

/** Reads a whole, non-negative or negative count (impressions, clicks). @throws Failure as `decimal`. */
export const wholeNumber = (value: unknown, field: string): string => {
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
  if (typeof value === "string" && (isDigits(value) || /^-\d+$/.test(value))) return value;
  throw notANumber(value, field);
};

/** A figure that its platform leaves out where it is 0. Only where the platform's contract says so. */
export const orZero = (value: unknown): unknown => value ?? 0;

/** Micros (millionths of a currency unit, an integer as text) as units: `12340000` is `12.340000`. */
export const fromMicros = (value: unknown, field: string): Decimal => {
  const micros = wholeNumber(value, field);
  // Spelt out for amounts of at least a unit, whose first digit is none of `-` and `0`: there may be millions of them.
  return micros.length > 6 && micros > "1" && micros < ":"
    ? `${micros.slice(0, -6)}.${micros.slice(-6)}`
    : fromUnits(BigInt(micros), 6);
};

const notANumber = (value: unknown, field: string): Failure =>
  new Failure({
    kind: "data",
    message:
      value === undefined || value === null
        ? `${field} was asked for and is not in the answer`
        : `${field} is not a number: ${JSON.stringify(value)?.slice(0, 60)}`,
    remedy: "nothing of this window was published; report the field to the platform or to costper",
  });

const parts = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/;

/** The text as `digits` times ten to the power of `shift` at `places` places. */
const scaled = (text: Decimal, places: number) => {
  const [, sign, whole = "", fraction = "", exponent = "0"] = parts.exec(text) ?? [];
  if (whole === "" && fraction === "") throw new RangeError(`no number: ${text}`);
  const digits = BigInt(whole + fraction);
  return { digits: sign === "-" ? -digits : digits, shift: places - fraction.length + Number(exponent) };
};

/** `a / b` in whole numbers, half away from zero. `b` must not be 0. */
const quotient = (a: bigint, b: bigint): bigint => {
  const half = a < 0n === b < 0n ? b : -b;
  return (a * 2n + half) / (b * 2n);
};

/**
 * Decimal text as a whole number of units of 10^-places, rounded half away from zero: `12.345` at two places is 1235.
 * @throws RangeError where the text is no number
 */
export const toUnits = (text: Decimal, places: number): bigint => {
  const { digits, shift } = scaled(text, places);
  return shift >= 0 ? digits * 10n ** BigInt(shift) : quotient(digits, 10n ** BigInt(-shift));
};

/** Whole units of 10^-places as text with just that many places: 1235 at two places is `12.35`. */
export const fromUnits = (units: bigint, places: number): Decimal => {
  const digits = (units < 0n ? -units : units).toString().padStart(places + 1, "0");
  const whole = digits.slice(0, digits.length - places);
  return `${units < 0n ? "-" : ""}${whole}${places === 0 ? "" : `.${digits.slice(-places)}`}`;
};

/** Decimal text without trailing zeros: `12.500` is `12.5`, `3.00` is `3`. */
export const withoutZeros = (text: Decimal): Decimal =>
  text.includes(".") ? text.replace(/\.?0+$/, "") : text;

/**
 * Exact figures as whole numbers of 10^-12. Sums and comparisons of money and counts run on these; a ratio is
 * compared by multiplying across and is divided only to be shown.
 */
export type Exact = bigint;

const exactPlaces = 12;
export const one: Exact = 10n ** BigInt(exactPlaces);

/** Reads decimal text, rounded to the twelfth decimal. @throws RangeError where it is no number */
export const exact = (text: Decimal): Exact => toUnits(text, exactPlaces);

/** `a / b`, rounded half away from zero. `b` must not be 0. */
export const divide = (a: Exact, b: Exact): Exact => quotient(a * one, b);

export const multiply = (a: Exact, b: Exact): Exact => (a * b) / one;

/** Decimal text with at most that many decimals, rounded half away from zero, without trailing zeros. */
export const toText = (value: Exact, decimals = 6): Decimal =>
  withoutZeros(fromUnits(quotient(value, 10n ** BigInt(exactPlaces - decimals)), decimals));

/** The sum of two decimal texts, to the twelfth decimal. */
export const addDecimals = (a: Decimal, b: Decimal): Decimal => toText(exact(a) + exact(b), exactPlaces);
