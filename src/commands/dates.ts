import { InvalidArgumentError } from "commander";
import { type Day, type DayRange, dayAt, isDay } from "../domain/day.ts";
import { UsageError } from "./errors.ts";

/**
 * Reads a day of the command line; fits `.option("--from <day>", "...", parseDay)`.
 * @throws InvalidArgumentError that commander turns into exit status 2 and the option's name.
 */
export const parseDay = (text: string): Day => {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) throw new InvalidArgumentError("A day is written YYYY-MM-DD.");
  if (!isDay(text)) throw new InvalidArgumentError("The calendar has no such day.");
  if (text < "2000-01-01") throw new InvalidArgumentError("That is before any ad platform.");
  return text;
};

/** The latest day that it is anywhere on earth. */
export const latestToday = (now: Date): Day => dayAt(now, "Pacific/Kiritimati");

/**
 * Refuses a range that runs backwards or lies in the future; either end may be open.
 * @throws UsageError
 */
export const checkRange = (range: Partial<DayRange>, now: Date): void => {
  const { from, to } = range;
  const latest = latestToday(now);
  if (from !== undefined && to !== undefined && from > to)
    throw new UsageError(`--from ${from} is after --to ${to}`, "swap them");
  for (const [option, day] of [
    ["--from", from],
    ["--to", to],
  ] as const)
    if (day !== undefined && day > latest)
      throw new UsageError(`${option} ${day} lies in the future`, `the latest day is ${latest}`);
};
