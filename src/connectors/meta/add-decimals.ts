import type { Decimal } from "../../domain/decimal.ts";

/** Adds two decimal texts exactly. Exponents do not occur in what Meta sends, nor in the sums. */
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
