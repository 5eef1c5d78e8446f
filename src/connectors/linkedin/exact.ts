import { decimal, type Decimal, fromMicros } from "../../domain/decimal.ts";

/**
 * A figure in millionths, half rounded away from zero. LinkedIn sends money as decimal text of any length, at times
 * with an exponent (`-2E-18`); six places are what the warehouse keeps.
 */
export const millionths = (value: unknown, field: string): bigint => {
  const [mantissa = "", exponent = "0"] = decimal(value, field).toLowerCase().split("e");
  const negative = mantissa.startsWith("-");
  const [whole = "", fraction = ""] = mantissa.replace(/^[+-]/, "").split(".");
  const digits = whole + fraction;
  // The place of the decimal point, six digits further to the right.
  const point = whole.length + Number(exponent) + 6;
  const kept = BigInt(digits.slice(0, Math.max(0, point)).padEnd(Math.max(1, point), "0"));
  const next = point >= 0 ? digits.charAt(point) : "0";
  const rounded = next >= "5" ? kept + 1n : kept;
  return negative ? -rounded : rounded;
};

export const decimalOf = (value: bigint): Decimal => fromMicros(value.toString(), "millionths");
