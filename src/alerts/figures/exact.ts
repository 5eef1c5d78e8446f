import type { Decimal } from "../../domain/decimal.ts";

/**
 * Exact figures as whole numbers of 10^-12. Sums and comparisons of money and counts run on these; a ratio is
 * compared by multiplying across and is divided only to be shown.
 */
export type Exact = bigint;

const digits = 12;
export const one: Exact = 10n ** BigInt(digits);

const pattern = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/;

/** Reads decimal text; what lies beyond the twelfth decimal is cut off. @throws RangeError where it is no number */
export const exact = (text: Decimal): Exact => {
  const [whole, sign, units = "", decimals = "", exponent = "0"] = pattern.exec(text) ?? [];
  if (whole === undefined || (units === "" && decimals === "")) throw new RangeError(`no number: ${text}`);
  const shift = digits - decimals.length + Number(exponent);
  const all = BigInt(units + decimals);
  const magnitude = shift >= 0 ? all * 10n ** BigInt(shift) : all / 10n ** BigInt(-shift);
  return sign === "-" ? -magnitude : magnitude;
};

/** `a / b` as an exact figure, rounded half away from zero. `b` must not be 0. */
export const divide = (a: Exact, b: Exact): Exact => {
  const numerator = a * one * 2n;
  const half = numerator < 0n === b < 0n ? b : -b;
  return (numerator + half) / (b * 2n);
};

export const multiply = (a: Exact, b: Exact): Exact => (a * b) / one;

/** Decimal text with at most six decimals, rounded, without trailing zeros. */
export const toText = (value: Exact, decimals = 6): Decimal => {
  const unit = 10n ** BigInt(digits - decimals);
  const magnitude = ((value < 0n ? -value : value) * 2n + unit) / (unit * 2n);
  const text = magnitude.toString().padStart(decimals + 1, "0");
  const whole = text.slice(0, text.length - decimals);
  const rest = decimals === 0 ? "" : text.slice(-decimals).replace(/0+$/, "");
  return `${value < 0n && magnitude > 0n ? "-" : ""}${whole}${rest === "" ? "" : `.${rest}`}`;
};
