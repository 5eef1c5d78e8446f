import { DateTime } from "luxon";

/** A calendar day `YYYY-MM-DD` in some account's reporting time zone. Text all the way: a Date would shift it. */
export type Day = string;

/** An inclusive range of days. */
export interface DayRange {
  readonly from: Day;
  readonly to: Day;
}

const utc = (day: Day): DateTime => DateTime.fromISO(day, { zone: "utc" });

/** Whether the text is a day that the calendar has: `2026-02-29` is not. */
export const isDay = (text: string): boolean =>
  /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) && addDays(text, 0) === text;

const dayMs = 86_400_000;

/** On the milliseconds of UTC, which has no odd days: this is called for every day of every slice. */
export const addDays = (day: Day, days: number): Day =>
  new Date(Date.parse(day) + days * dayMs).toISOString().slice(0, 10);

export const addMonths = (day: Day, months: number): Day => utc(day).plus({ months }).toISODate() ?? day;

/** How many days the inclusive range has; 0 or less where it is empty. */
export const countDays = ({ from, to }: DayRange): number =>
  Math.round((Date.parse(to) - Date.parse(from)) / dayMs) + 1;

export const eachDay = (range: DayRange): Day[] =>
  Array.from({ length: Math.max(0, countDays(range)) }, (_, index) => addDays(range.from, index));

/** The day that it is at `instant` on a clock in `timeZone` (IANA name). */
export const dayAt = (instant: Date, timeZone: string): Day => {
  const day = DateTime.fromJSDate(instant, { zone: timeZone }).toISODate();
  if (day === null) throw new RangeError(`no such time zone: ${timeZone}`);
  return day;
};

export const isTimeZone = (name: string): boolean => DateTime.utc().setZone(name).isValid;

const canonicalZone = (name: string): string =>
  new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;

/** Whether two names mean the same zone: Europe/Kyiv was once written Europe/Kiev. */
export const isSameTimeZone = (one: string, other: string): boolean =>
  one === other || (isTimeZone(one) && isTimeZone(other) && canonicalZone(one) === canonicalZone(other));

/** The instant at which `day` ends in `timeZone`. */
export const endOfDay = (day: Day, timeZone: string): Date =>
  DateTime.fromISO(day, { zone: timeZone }).plus({ days: 1 }).startOf("day").toJSDate();

/** The instant of noon in `timeZone`: of a day that is told without a time. */
export const noonOf = (day: Day, timeZone: string): Date =>
  DateTime.fromISO(`${day}T12:00:00`, { zone: timeZone }).toJSDate();

/** Cuts a range into consecutive windows of at most `days` days, oldest first. */
export const windowsOf = (range: DayRange, days: number): DayRange[] => {
  const windows: DayRange[] = [];
  for (let from = range.from; from <= range.to; from = addDays(from, days)) {
    const end = addDays(from, days - 1);
    windows.push({ from, to: end < range.to ? end : range.to });
  }
  return windows;
};

export const laterDay = (a: Day, b: Day): Day => (a > b ? a : b);
export const earlierDay = (a: Day, b: Day): Day => (a < b ? a : b);
