import { type Command, InvalidArgumentError } from "commander";
import { addDays, addMonths, type Day, type DayRange, dayAt, isDay } from "../domain/day.ts";
import { UsageError } from "./errors.ts";

/** The day that it is by this machine's clock: what a person who types `yesterday` has in mind. */
const here = (now: Date): Day => dayAt(now, Intl.DateTimeFormat().resolvedOptions().timeZone);

const monthOf = (day: Day, months: number): DayRange => {
  const from = addMonths(`${day.slice(0, 7)}-01`, months);
  return { from, to: addDays(addMonths(from, 1), -1) };
};

/** The days that a word means; undefined where it is none. `7d`: seven whole days, the last one yesterday. */
const wordRange = (text: string, today: Day): DayRange | undefined => {
  const yesterday = addDays(today, -1);
  if (text === "today") return { from: today, to: today };
  if (text === "yesterday") return { from: yesterday, to: yesterday };
  if (text === "this-month") return monthOf(today, 0);
  if (text === "last-month") return monthOf(today, -1);
  const [, count, unit] = /^([1-9]\d{0,3})([dw])$/.exec(text) ?? [];
  if (count !== undefined)
    return { from: addDays(today, -Number(count) * (unit === "w" ? 7 : 1)), to: yesterday };
  if (/^\d{4}-(0[1-9]|1[0-2])$/.test(text)) return monthOf(`${text}-01`, 0);
  if (/^\d{4}$/.test(text)) return { from: `${text}-01-01`, to: `${text}-12-31` };
  return undefined;
};

const words = "yesterday, 7d (the last seven whole days), 2026-10 or last-month";

/**
 * The days that a text means: a day, or a range in words. A range that goes on into the future ends today.
 * @throws InvalidArgumentError that commander turns into exit status 2 and the option's name.
 */
export const parseRange = (text: string, now = new Date()): DayRange => {
  const today = here(now);
  const range = wordRange(text.trim().toLowerCase(), today) ?? { from: text, to: text };
  if (!/^\d{4}-\d{2}-\d{2}$/.test(range.from))
    throw new InvalidArgumentError(`A day is written YYYY-MM-DD; or say ${words}.`);
  if (!isDay(range.from)) throw new InvalidArgumentError("The calendar has no such day.");
  if (range.from < "2000-01-01") throw new InvalidArgumentError("That is before any ad platform.");
  return range.from < today && range.to > today ? { from: range.from, to: today } : range;
};

/** The first and the last of those days, for `--from` and `--to`. @throws as `parseRange` */
export const parseFrom = (text: string): Day => parseRange(text).from;
export const parseTo = (text: string): Day => parseRange(text).to;

/** One day: fits `.option("--date <day>", "...", parseDay)`. @throws as `parseRange`, and where it is more than one */
export const parseDay = (text: string): Day => {
  const { from, to } = parseRange(text);
  if (from !== to) throw new InvalidArgumentError("That is more than one day.");
  return from;
};

/** Adds `--from`, `--to`, and `--range`, which sets both. */
export const addRangeOptions = (command: Command): Command =>
  command
    .option(
      "--from <day>",
      "first day in each account's own time zone: YYYY-MM-DD, yesterday, 7d, 2026-10",
      parseFrom,
    )
    .option("--to <day>", "last day, in the same words", parseTo)
    .option("--range <days>", "both at once: yesterday, 7d, 2026-10, last-month", (text) => {
      const { from, to } = parseRange(text);
      command.setOptionValue("from", from);
      command.setOptionValue("to", to);
    });

/** The latest day that it is anywhere on earth. */
export const latestToday = (now: Date): Day => dayAt(now, "Pacific/Kiritimati");

/** Refuses a day that it is nowhere on earth yet. @throws UsageError that names the option */
export const refuseFuture = (option: string, day: Day | undefined, now: Date): void => {
  const latest = latestToday(now);
  if (day !== undefined && day > latest)
    throw new UsageError(`${option} ${day} lies in the future`, `the latest day is ${latest}`);
};

/**
 * Refuses a range that runs backwards or lies in the future; either end may be open.
 * @throws UsageError
 */
export const checkRange = (range: Partial<DayRange>, now: Date): void => {
  const { from, to } = range;
  if (from !== undefined && to !== undefined && from > to)
    throw new UsageError(`--from ${from} is after --to ${to}`, "swap them");
  refuseFuture("--from", from, now);
  refuseFuture("--to", to, now);
};
