import { type ReadCell, shown, Unreadable, type ValueFormat } from "./value-format.ts";

const blanks = String.raw`[ \u00A0\u2009\u202F]`;

/** Thousands in groups of three, one sign all the way. */
const thousands = (sign: string): string => String.raw`\d{1,3}(${sign})\d{3}(?:\1\d{3})*`;

/** Where the comma groups, it may also do it as in India: 12,34,567. */
const groups = {
  point: new RegExp(String.raw`^(?:${thousands(`,|'|’|${blanks}`)}|\d{1,2}(?:,\d{2})+,\d{3})$`),
  comma: new RegExp(`^${thousands(String.raw`\.|'|’|${blanks}`)}$`),
} as const;

/** The digits and sign of a number as bookkeeping writes it: -12, 12-, (12), with any grouping that was declared. */
const plainNumber = (value: string, decimal: "point" | "comma" | undefined): string | undefined => {
  const text = value.replace("\u2212", "-");
  if (decimal === undefined) return /^[+-]?\d+(\.\d+)?$/.test(text) ? text : undefined;
  const signed = /^(?:([+-])?\s*(\d[^-()]*)|(\d[^-()]*?)\s*(-)|(\()\s*(\d[^-()]*?)\s*\))$/.exec(text);
  if (signed === null) return undefined;
  const [, before, plain, after, minus, bracket, within] = signed;
  const digits = plain ?? after ?? within ?? "";
  const at = digits.lastIndexOf(decimal === "comma" ? "," : ".");
  const whole = at < 0 ? digits : digits.slice(0, at);
  const fraction = at < 0 ? "" : digits.slice(at + 1);
  if (at >= 0 && !/^\d+$/.test(fraction)) return undefined;
  if (!/^\d+$/.test(whole) && !groups[decimal].test(whole)) return undefined;
  const isNegative = before === "-" || minus !== undefined || bracket !== undefined;
  return `${isNegative ? "-" : ""}${whole.replaceAll(/\D/g, "")}${at < 0 ? "" : `.${fraction}`}`;
};

const hint = (value: string, { decimal }: ValueFormat): string => {
  if (/^[^%]*\d\s*%$/.test(value)) return `${shown(value)} is a percentage; write the number that is meant`;
  if (/^[+-]?\d+([.,]\d+)?E[+-]?\d+$/i.test(value))
    return `${shown(value)} was shortened by a spreadsheet; format the column as a number with all digits`;
  if (decimal !== undefined)
    return `${shown(value)} is no number with a decimal ${decimal}, as --decimal-${decimal} declares`;
  if (!/^[^\d]{0,5}\d[\d.,\s'’]*[^\d]{0,5}$/.test(value)) return `${shown(value)} is no number`;
  return `${shown(value)} could be read in two ways; write a decimal point, no separators of thousands and no currency, or declare --decimal-comma or --decimal-point`;
};

/** A decimal number of at most 12 digits before and `decimals` after the point. Nothing is guessed about commas. */
export const number =
  (decimals = 6): ReadCell =>
  (value, format) => {
    const plain = plainNumber(value, format.decimal);
    if (plain === undefined) throw new Unreadable(hint(value, format));
    const [whole = "", fraction = ""] = plain.replace(/^[+-]/, "").split(".");
    if (whole.replace(/^0+/, "").length > 12)
      throw new Unreadable(`${shown(value)} is larger than any amount can be`);
    if (fraction.replace(/0+$/, "").length > decimals)
      throw new Unreadable(`${shown(value)} has more than ${String(decimals)} decimals`);
    return plain;
  };

export const atLeastZero =
  (read: ReadCell, advice: string): ReadCell =>
  (value, format) => {
    const plain = read(value, format);
    if (plain.startsWith("-") && /[1-9]/.test(plain)) throw new Unreadable(`${plain} is negative; ${advice}`);
    return plain;
  };

export const aboveZero =
  (read: ReadCell): ReadCell =>
  (value, format) => {
    const plain = read(value, format);
    if (plain.startsWith("-") || !/[1-9]/.test(plain)) throw new Unreadable(`${plain} is not above 0`);
    return plain;
  };

const dollars = "USD AUD CAD NZD HKD SGD TWD MXN ARS CLP COP BRL JMD BSD BZD FJD".split(" ");

/** Which currencies a sign can mean; codes mean themselves. */
const signs: Readonly<Record<string, readonly string[]>> = {
  "€": ["EUR"],
  "£": ["GBP", "EGP", "GIP", "FKP", "SHP", "LBP", "SYP", "SDG", "SSP"],
  $: dollars,
  US$: ["USD"],
  A$: ["AUD"],
  C$: ["CAD"],
  R$: ["BRL"],
  "¥": ["JPY", "CNY"],
  "￥": ["JPY", "CNY"],
  "₹": ["INR"],
  "₺": ["TRY"],
  "₽": ["RUB"],
  "₩": ["KRW"],
  "₪": ["ILS"],
  "₴": ["UAH"],
  "฿": ["THB"],
  "₫": ["VND"],
  "₱": ["PHP"],
  kr: ["DKK", "SEK", "NOK", "ISK"],
  "kr.": ["DKK", "SEK", "NOK", "ISK"],
  zł: ["PLN"],
  Kč: ["CZK"],
  Ft: ["HUF"],
  lei: ["RON"],
  лв: ["BGN"],
  "Fr.": ["CHF"],
};

/** An amount apart from the currency that it bears, and which currencies that may be; undefined: it bears none. */
export const takeCurrency = (
  value: string,
): { readonly amount: string; readonly currencies: readonly string[] } | undefined => {
  const match = /[^\d\s.,'’()+\-−%][^\d\s,'’()+\-−%]*/.exec(value);
  if (match === null) return undefined;
  const before = value.slice(0, match.index);
  const after = value.slice(match.index + match[0].length);
  // Between digits it is no sign of a currency: 12€50 would become 1250.
  if (/\d/.test(before) && /\d/.test(after)) return undefined;
  const sign = match[0].toLowerCase();
  const currencies =
    Object.entries(signs).find(([name]) => name.toLowerCase() === sign)?.[1] ??
    (/^[a-z]{3}$/.test(sign) ? [sign.toUpperCase()] : undefined);
  return currencies === undefined ? undefined : { amount: `${before}${after}`.trim(), currencies };
};
