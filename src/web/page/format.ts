import type { Decimal } from "../../domain/decimal.ts";

type Figure = Decimal | null | undefined;

export const dash = "–";

/** Decimal text goes in whole: the formatter rounds it for the eye, no float in between. */
const write = (format: Intl.NumberFormat, value: Decimal): string =>
  format.format(value as Intl.StringNumericLiteral);

const plain = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });
const fixed = new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const share = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 2 });
const change = new Intl.NumberFormat(undefined, {
  style: "percent",
  maximumFractionDigits: 1,
  signDisplay: "exceptZero",
});
const amounts = new Map<string, Intl.NumberFormat>();

const amountFormat = (currency: string | null): Intl.NumberFormat => {
  const known = amounts.get(currency ?? "");
  if (known !== undefined) return known;
  const made =
    currency === null
      ? new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 })
      : new Intl.NumberFormat(undefined, { style: "currency", currency });
  amounts.set(currency ?? "", made);
  return made;
};

export const money = (value: Figure, currency: string | null): string =>
  value === null || value === undefined ? dash : write(amountFormat(currency), value);

export const count = (value: Figure): string =>
  value === null || value === undefined ? dash : write(plain, value);

/** Writes a column of counts: with the same number of decimals all the way down, none where none has any. */
export const countColumn = (values: readonly Figure[]): ((value: Figure) => string) => {
  const fractional = values.some((value) => /\.\d*[1-9]/.test(value ?? ""));
  const format = new Intl.NumberFormat(undefined, {
    minimumFractionDigits: fractional ? 2 : 0,
    maximumFractionDigits: 2,
  });
  return (value) => (value === null || value === undefined ? dash : write(format, value));
};

export const integer = (value: Figure | number): string =>
  value === null || value === undefined ? dash : write(whole, String(value));

export const percent = (value: Figure): string =>
  value === null || value === undefined ? dash : write(share, value);

export const times = (value: Figure): string =>
  value === null || value === undefined ? dash : `${write(fixed, value)}×`;

/** How much `now` is above or below `before`; undefined where that has no meaning. */
export const changeOf = (now: Figure, before: Figure): number | undefined => {
  if (now === null || now === undefined || before === null || before === undefined) return undefined;
  return Number(before) === 0 ? undefined : Number(now) / Number(before) - 1;
};

export const changeText = (value: number): string => change.format(value);

const compacts = new Map<string, Intl.NumberFormat>();

/** Short, for an axis. */
export const compactMoney = (value: number, currency: string | null): string => {
  const known = compacts.get(currency ?? "");
  const format =
    known ??
    new Intl.NumberFormat(undefined, {
      notation: "compact",
      ...(currency === null ? {} : { style: "currency", currency, minimumFractionDigits: 0 }),
      maximumFractionDigits: 1,
    });
  compacts.set(currency ?? "", format);
  return format.format(value);
};

const axisFormats = {
  hour: new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", timeZone: "UTC" }),
  day: new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: "UTC" }),
  month: new Intl.DateTimeFormat(undefined, { month: "short", year: "2-digit", timeZone: "UTC" }),
};

/** A place on a time axis, as fine as the steps between places are (seconds). */
export const axisDate = (seconds: number, step: number): string => {
  const finest = step < 86_400 && seconds % 86_400 !== 0 ? "hour" : step > 28 * 86_400 ? "month" : "day";
  return axisFormats[finest].format(new Date(seconds * 1000));
};

const dayFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" });
const momentFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export const dayText = (day: string): string => dayFormat.format(new Date(`${day}T00:00:00Z`));

export const rangeText = ({ from, to }: { readonly from: string; readonly to: string }): string =>
  dayFormat.formatRange(new Date(`${from}T00:00:00Z`), new Date(`${to}T00:00:00Z`));

export const momentText = (moment: string): string => momentFormat.format(new Date(moment));

/** `cost_per_conversion` as people say it. */
export const words = (name: string): string => {
  const spaced = name.replaceAll("_", " ");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
};

const dayMs = 86_400_000;

/** Number of the ISO week: that of its Thursday. */
export const weekOf = (day: string): number => {
  const date = Date.parse(`${day}T00:00:00Z`);
  const weekday = (new Date(date).getUTCDay() + 6) % 7;
  const thursday = date + (3 - weekday) * dayMs;
  const yearStart = Date.UTC(new Date(thursday).getUTCFullYear(), 0, 1);
  return Math.floor((thursday - yearStart) / dayMs / 7) + 1;
};

const monthFormat = new Intl.DateTimeFormat(undefined, { month: "long", year: "numeric", timeZone: "UTC" });

const later = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * dayMs).toISOString().slice(0, 10);

/** A day, an ISO week with those of its days that lie in the range, or a month. */
export const periodText = (
  date: string,
  grain: "day" | "week" | "month",
  range: { readonly from: string; readonly to: string },
): string => {
  if (grain === "day") return dayText(date);
  if (grain === "month") return monthFormat.format(new Date(`${date}T00:00:00Z`));
  const end = later(date, 6);
  const days = { from: date < range.from ? range.from : date, to: end > range.to ? range.to : end };
  return `Week ${String(weekOf(date))}, ${rangeText(days)}`;
};
