import { distance } from "fastest-levenshtein";
import { type ReadCell, shown, Unreadable } from "./value-format.ts";

export { day, instant, pastDay } from "./dates.ts";
export { aboveZero, atLeastZero, number } from "./numbers.ts";

/** The known word that is spelt most alike, if any is near. */
export const nearest = (word: string, known: readonly string[]): string | undefined => {
  const [best] = known
    .map((name) => ({ name, distance: distance(word, name) }))
    .sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= Math.max(2, best.name.length / 3) ? best.name : undefined;
};

export const text: ReadCell = (value) => {
  if (value.includes("\0")) throw new Unreadable("contains a NUL character");
  if (isShortened(value))
    throw new Unreadable(
      `${shown(value)} is a number that a spreadsheet shortened; keep the column as text there`,
    );
  if (value.length > 4_000) throw new Unreadable("is longer than 4,000 characters");
  return value;
};

/** An id as it came. What a spreadsheet made of a long one is refused: its digits are gone, and several become one. */
export const id: ReadCell = (value, format) => {
  if (isShortened(value))
    throw new Unreadable(
      `${shown(value)} was shortened by a spreadsheet, and its digits are lost; keep the column as text there, and export it anew`,
    );
  if (/^\d+[.,]0+$/.test(value))
    throw new Unreadable(
      `${shown(value)} is a number, where an id is meant; keep the column as text and export it anew`,
    );
  return text(value, format);
};

/** 1.20239E+17, in either decimal notation. */
const isShortened = (value: string): boolean => /^[+-]?\d+([.,]\d+E[+-]?\d+|E[+-]\d+)$/i.test(value);

const cellErrors = new Set(
  (
    "#N/A #REF! #VALUE! #DIV/0! #NAME? #NUM! #NULL! #SPILL! #CALC! #FIELD! #BUSY! #GETTING_DATA " +
    "#NV #BEZUG! #WERT! #ZAHL! #I/T #REFERENCE! #VÆRDI! #NAVN? #REFERENS! #VÄRDEFEL! #OGILTIGT! #REF #VALEUR! #NOM? #NOMBRE!"
  ).split(" "),
);

/**
 * A cell without what spreadsheets put around values. Undefined where it holds none.
 * @throws Unreadable where it holds a spreadsheet's error, a formula, or no room
 */
export const cell = (field: string): string | undefined => {
  const trimmed = field.trim();
  if (trimmed === "") return undefined;
  // Every cell of a file passes here, and hardly one begins so.
  return "=#'".includes(trimmed.charAt(0)) ? spreadsheetCell(trimmed) : trimmed;
};

const spreadsheetCell = (trimmed: string): string | undefined => {
  const formula = /^="(.*)"$/s.exec(trimmed);
  const shownValue = formula === null ? trimmed : (formula[1] ?? "").replaceAll('""', '"').trim();
  // A leading apostrophe tells Excel that digits are text.
  const value = shownValue.replace(/^'(?=[\d+-])/, "");
  if (value === "") return undefined;
  if (cellErrors.has(value.toUpperCase()))
    throw new Unreadable(
      `${shown(value)} is an error of the spreadsheet; mend the formula, or leave the cell empty`,
    );
  if (/^#{3,}$/.test(value))
    throw new Unreadable(
      `${shown(value)} stands where the column was too narrow; widen it and save the file again`,
    );
  if (/^=[A-Z]*[(\d$]|^=[A-Z]+\d/i.test(value))
    throw new Unreadable(`${shown(value)} is a formula; save its value`);
  return value;
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

/** Whether a row is taken back: yes or no in the usual words. */
export const flag: ReadCell = (value) => {
  const word = value.toLowerCase();
  if (["true", "yes", "1", "y", "x", "ja", "wahr", "sand"].includes(word)) return "true";
  if (["false", "no", "0", "n", "nej", "nein", "falsch", "falsk"].includes(word)) return "false";
  throw new Unreadable(`${shown(value)} is neither true nor false`);
};
