import { Failure } from "./failure.ts";

/**
 * An exact number as decimal text, as Postgres `numeric` reads it (`12.34`, `-2E-18`). Money and counts of
 * conversions travel like this from the wire to the warehouse; no float ever holds them.
 */
export type Decimal = string;

const decimalPattern = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$/;

/**
 * Reads a figure off the wire: decimal text, or a JSON number where the platform sends one. Absent counts as 0.
 * @throws Failure of kind `data` that names the field where the value is no number.
 */
export const decimal = (value: unknown, field: string): Decimal => {
  if (value === undefined || value === null) return "0";
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  if (typeof value === "string" && decimalPattern.test(value)) return value;
  throw notANumber(value, field);
};

/** Reads a whole, non-negative or negative count (impressions, clicks); absent counts as 0. */
export const wholeNumber = (value: unknown, field: string): string => {
  if (value === undefined || value === null) return "0";
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
  if (typeof value === "string" && /^-?\d+$/.test(value)) return value;
  throw notANumber(value, field);
};

/** Micros (millionths of a currency unit, an integer as text) as units: `12340000` is `12.340000`. */
export const fromMicros = (value: unknown, field: string): Decimal => {
  const micros = wholeNumber(value, field);
  const negative = micros.startsWith("-");
  const digits = (negative ? micros.slice(1) : micros).padStart(7, "0");
  return `${negative ? "-" : ""}${digits.slice(0, -6)}.${digits.slice(-6)}`;
};

const notANumber = (value: unknown, field: string): Failure =>
  new Failure({
    kind: "data",
    message: `${field} is not a number: ${JSON.stringify(value)?.slice(0, 60)}`,
    remedy: "nothing of this window was published; report the field to the platform or to costper",
  });

/** Adds two decimal texts exactly. Exponents are not read: they do not occur where figures are added. */
export const addDecimals = (a: Decimal, b: Decimal): Decimal => {
  const places = Math.max(placesOf(a), placesOf(b));
  return withPlaces(scaled(a, places) + scaled(b, places), places);
};

const placesOf = (text: Decimal): number => text.split(".")[1]?.length ?? 0;

const scaled = (text: Decimal, places: number): bigint => {
  const [whole = "0", fraction = ""] = text.replace(/^[+-]/, "").split(".");
  const units = BigInt((whole || "0") + fraction.padEnd(places, "0"));
  return text.startsWith("-") ? -units : units;
};

const withPlaces = (units: bigint, places: number): Decimal => {
  const negative = units < 0n;
  const digits = String(negative ? -units : units).padStart(places + 1, "0");
  const whole = digits.slice(0, digits.length - places);
  const fraction = digits.slice(digits.length - places).replace(/0+$/, "");
  return `${negative ? "-" : ""}${whole}${fraction ? `.${fraction}` : ""}`;
};
