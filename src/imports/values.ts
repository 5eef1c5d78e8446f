import { distance } from "fastest-levenshtein";
import { isDay } from "../domain/day.ts";
import { Unreadable } from "./problem.ts";

/** How values are written in the file, as far as it was declared. */
export interface ValueFormat {
  readonly decimalComma: boolean;
}

export type ReadCell = (text: string, format: ValueFormat) => string;

const shown = (text: string): string => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);

/** The known word that is spelt most alike, if any is near. */
export const nearest = (word: string, known: readonly string[]): string | undefined => {
  const [best] = known
    .map((name) => ({ name, distance: distance(word, name) }))
    .sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= Math.max(2, best.name.length / 3) ? best.name : undefined;
};

export const text: ReadCell = (value) => {
  if (value.includes("\0")) throw new Unreadable("contains a NUL character");
  if (value.length > 4_000) throw new Unreadable("is longer than 4,000 characters");
  return value;
};

export const day: ReadCell = (value) => {
  if (isDay(value)) return value;
  throw new Unreadable(`${shown(value)} is no date; write YYYY-MM-DD`);
};

/** A day that has been: rates of the future do not exist. */
export const pastDay =
  (today: string): ReadCell =>
  (value, format) => {
    const read = day(value, format);
    if (read > today) throw new Unreadable(`${read} lies in the future`);
    return read;
  };

const instantPattern =
  /^(\d{4}-\d{2}-\d{2})[T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d([.,]\d{1,9})?)?(Z|[+-](0\d|1[0-4]):?[0-5]\d)?$/i;

/** An instant: ISO 8601 with its offset, since a time without one can mean two days. */
export const instant: ReadCell = (value) => {
  const match = instantPattern.exec(value);
  if (match === null || !isDay(match[1] ?? ""))
    throw new Unreadable(`${shown(value)} is no time; write ISO 8601, such as 2026-11-01T14:30:00+01:00`);
  if (match[5] === undefined)
    throw new Unreadable(`${shown(value)} has no offset from UTC; write it, such as ${value}+01:00 or Z`);
  return value.replace(",", ".");
};

/** A decimal number of at most 12 digits before and `decimals` after the point. Nothing is guessed about commas. */
export const number =
  (decimals = 6): ReadCell =>
  (value, { decimalComma }) => {
    const plain = decimalComma ? value.replace(",", ".") : value;
    if ((decimalComma && value.includes(".")) || !/^[+-]?\d+(\.\d+)?$/.test(plain))
      throw new Unreadable(numberHint(value, decimalComma));
    const [whole = "", fraction = ""] = plain.replace(/^[+-]/, "").split(".");
    if (whole.replace(/^0+/, "").length > 12)
      throw new Unreadable(`${shown(value)} is larger than any amount can be`);
    if (fraction.replace(/0+$/, "").length > decimals)
      throw new Unreadable(`${shown(value)} has more than ${String(decimals)} decimals`);
    return plain;
  };

const numberHint = (value: string, decimalComma: boolean): string => {
  if (!/^[+-]?[\d.,\s'’]+$/.test(value)) return `${shown(value)} is no number`;
  if (decimalComma)
    return `${shown(value)} is no plain number with a decimal comma; leave out separators of thousands`;
  return `${shown(value)} could be read in two ways; write a decimal point and no separators of thousands, or declare --decimal-comma`;
};

export const atLeastZero =
  (read: ReadCell, hint: string): ReadCell =>
  (value, format) => {
    const plain = read(value, format);
    if (plain.startsWith("-") && /[1-9]/.test(plain)) throw new Unreadable(`${plain} is negative; ${hint}`);
    return plain;
  };

export const aboveZero =
  (read: ReadCell): ReadCell =>
  (value, format) => {
    const plain = read(value, format);
    if (plain.startsWith("-") || !/[1-9]/.test(plain)) throw new Unreadable(`${plain} is not above 0`);
    return plain;
  };

const currencies = new Set(Intl.supportedValuesOf("currency"));

export const currency: ReadCell = (value) => {
  const code = value.toUpperCase();
  if (currencies.has(code)) return code;
  throw new Unreadable(`${shown(value)} is no currency; write its ISO 4217 code, such as EUR`);
};

/** 64 hex digits of a SHA-256; anything else could be the address itself. */
export const sha256: ReadCell = (value) => {
  if (/^[0-9a-f]{64}$/i.test(value)) return value.toLowerCase();
  throw new Unreadable("is no SHA-256 of 64 hex digits");
};

export const oneOf =
  (known: readonly string[], what: string): ReadCell =>
  (value) => {
    const word = value.toLowerCase().replaceAll(/[\s-]+/g, "_");
    if (known.includes(word)) return word;
    const near = nearest(word, known);
    throw new Unreadable(
      `${shown(value)} is no ${what}${near === undefined ? "" : `; did you mean ${near}?`} Known: ${known.join(", ")}`,
    );
  };
