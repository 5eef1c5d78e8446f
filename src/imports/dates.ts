import { DateTime } from "luxon";
import { addDays, type Day, isDay } from "../domain/day.ts";
import { type DateFormat, type ReadCell, shown, Unreadable, type ValueFormat } from "./value-format.ts";

const parts: Readonly<Record<string, string>> = {
  YYYY: String.raw`(?<year>\d{4})`,
  YY: String.raw`(?<year>\d{2})`,
  MMM: "(?<name>[A-Za-z]{3})",
  MM: String.raw`(?<month>\d{1,2})`,
  M: String.raw`(?<month>\d{1,2})`,
  DD: String.raw`(?<day>\d{1,2})`,
  D: String.raw`(?<day>\d{1,2})`,
};

/** Reads a declaration such as DD.MM.YYYY, M/D/YY or DD-MMM-YYYY; undefined where it is none. */
export const dateFormat = (written: string): DateFormat | undefined => {
  const tokens = written.toUpperCase().match(/Y+|M+|D+|[^YMD]/g) ?? [];
  const kinds = tokens.filter((token) => token in parts).map((token) => token[0]);
  const isWhole = kinds.length === 3 && new Set(kinds).size === 3;
  if (!isWhole || !tokens.every((token) => token in parts || /^[-./ ]$/.test(token))) return undefined;
  const source = tokens.map((token) => parts[token] ?? token.replace(".", String.raw`\.`)).join("");
  return { written, pattern: new RegExp(`^${source}`) };
};

const monthNames = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");

/** The day at the start of the text and what follows it; undefined where there is none in this format. */
const dayIn = (text: string, { pattern, written }: DateFormat): { day: Day; rest: string } | undefined => {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const { year = "", month, name = "", day = "" } = match.groups ?? {};
  const number = month ?? String(monthNames.indexOf(name.toLowerCase()) + 1);
  if (Number(number) > 12 && Number(day) <= 12)
    throw new Unreadable(
      `${shown(text)} has no month ${number}, if days are written ${written}; declare another --date-format`,
    );
  const read = `${year.length === 2 ? "20" : ""}${year}-${number.padStart(2, "0")}-${day.padStart(2, "0")}`;
  if (!isDay(read)) throw new Unreadable(`${shown(text)} is no day of the calendar (${written})`);
  return { day: read, rest: text.slice(match[0].length) };
};

/** Excel counts days from 1900, and takes 1900 for a leap year. */
const firstSerial = "1899-12-30";

const refuseSerial = (value: string): void => {
  const match = /^(\d{5})(?:[.,]\d+)?$/.exec(value);
  if (match !== null)
    throw new Unreadable(
      `${shown(value)} is Excel's number of a day (${addDays(firstSerial, Number(match[1]))}); format the column as YYYY-MM-DD and save the file again`,
    );
};

const isoDay = /^\d{4}-\d{2}-\d{2}/;

const refuseDate = (value: string, dates: DateFormat | undefined, plain: string): never => {
  refuseSerial(value);
  if (dates !== undefined)
    throw new Unreadable(`${shown(value)} is not written ${dates.written}, as --date-format declares`);
  const guess =
    !isoDay.test(value) && /^\d{1,4}([-./])\d{1,2}\1\d{2,4}/.test(value)
      ? "; write YYYY-MM-DD, or declare --date-format, such as DD.MM.YYYY"
      : `; write ${plain}`;
  throw new Unreadable(`${shown(value)} is no ${plain.includes("T") ? "time" : "date"}${guess}`);
};

export const day: ReadCell = (value, { dates }) => {
  if (isDay(value)) return value;
  const read = dates === undefined ? undefined : dayIn(value, dates);
  // Excel writes the midnight of a day along with it.
  if (read !== undefined && /^( 0?0:00(:00)?)?$/.test(read.rest)) return read.day;
  return refuseDate(value, dates, "YYYY-MM-DD");
};

/** A day that has been: rates of the future do not exist. */
export const pastDay =
  (today: string): ReadCell =>
  (value, format) => {
    const read = day(value, format);
    if (read > today) throw new Unreadable(`${read} lies in the future`);
    return read;
  };

const clock =
  /^(?:[T ](\d{1,2}):([0-5]\d)(?::([0-5]\d)(?:[.,](\d{1,9}))?)?(?: ?([AP])\.?M\.?)?)? ?(Z|UTC|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?)?$/i;

interface Clock {
  readonly hour: string;
  readonly minute: string;
  readonly second: string;
  readonly fraction: string;
  readonly offset: string | undefined;
}

/** What follows the day: a time, perhaps of twelve hours, and perhaps its offset. */
const clockIn = (rest: string): Clock | "absent" | undefined => {
  const match = clock.exec(rest);
  if (match === null) return undefined;
  const [, hour, minute = "", second = "00", fraction = "0", half, offset] = match;
  if (hour === undefined) return offset === undefined ? "absent" : undefined;
  const twelve = half === undefined ? undefined : half.toUpperCase() === "P" ? 12 : 0;
  if (Number(hour) > 23 || (twelve !== undefined && (Number(hour) > 12 || Number(hour) === 0)))
    return undefined;
  const read = twelve === undefined ? Number(hour) : (Number(hour) % 12) + twelve;
  return { hour: String(read).padStart(2, "0"), minute, second, fraction, offset };
};

/** Of the two times that a clock shows twice when it is put back, the first: the library takes now one, now the other. */
export const firstOf = (time: DateTime<true>): DateTime<true> =>
  time
    .getPossibleOffsets()
    .reduce((first, other) => (other.toMillis() < first.toMillis() ? other : first), time) as DateTime<true>;

/** The clock on the wall of a zone; an hour that occurs twice is taken as the first. */
const inZone = (value: string, day: Day, { hour, minute, second, fraction }: Clock, zone: string): string => {
  const found = DateTime.fromISO(`${day}T${hour}:${minute}:${second}`, { zone });
  if (!found.isValid) throw new Unreadable(`${shown(value)} is no time in ${zone}`);
  const time = firstOf(found);
  if (time.hour !== Number(hour) || time.minute !== Number(minute))
    throw new Unreadable(`${shown(value)} does not exist in ${zone}: the clocks were put forward over it`);
  return `${time.toFormat("yyyy-MM-dd'T'HH:mm:ss")}.${fraction}${time.toFormat("ZZ")}`;
};

/**
 * An instant: ISO 8601 (or the declared way of writing days and a time) with its offset, since a time without one can
 * mean two days. With a declared zone the offset may be missing; a day alone is its noon there.
 */
export const instant: ReadCell = (value, format) => {
  const { dates, timeZone }: ValueFormat = format;
  const iso = isoDay.exec(value)?.[0];
  const found =
    iso !== undefined && isDay(iso)
      ? { day: iso, rest: value.slice(iso.length) }
      : dates === undefined
        ? undefined
        : dayIn(value, dates);
  const time = found === undefined ? undefined : clockIn(found.rest);
  if (found === undefined || time === undefined || (time === "absent" && timeZone === undefined))
    return refuseDate(value, dates, "ISO 8601, such as 2026-11-01T14:30:00+01:00");
  if (time === "absent") return inZone(value, found.day, noon, timeZone ?? "utc");
  if (time.offset !== undefined)
    return `${found.day}T${time.hour}:${time.minute}:${time.second}.${time.fraction}${time.offset.toUpperCase().replace("UTC", "Z")}`;
  if (timeZone === undefined)
    throw new Unreadable(
      `${shown(value)} has no offset from UTC; write it, such as ${value}+01:00 or Z, or declare --timezone`,
    );
  return inZone(value, found.day, time, timeZone);
};

const noon: Clock = { hour: "12", minute: "00", second: "00", fraction: "0", offset: undefined };
