import { DateTime } from "luxon";
import { addDays, countDays, type Day, dayAt } from "../../src/domain/day.ts";
import { invalid, type Params, required } from "./wire.ts";

export interface Span {
  readonly start: Date;
  readonly end: Date;
}

const explicit = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(\.\d+)?(Z|[+-]\d{2}(:?\d{2})?)$/;

export const midnight = (day: Day, zone: string): Date =>
  DateTime.fromISO(day, { zone }).startOf("day").toJSDate();

/** A date alone is local midnight of the account. */
const instantIn = (params: Params, name: string, zone: string): Date => {
  const text = required(params, name);
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) {
    const day = DateTime.fromISO(text, { zone });
    if (!day.isValid) throw invalid(name, `${name} is no date`);
    return day.toJSDate();
  }
  const instant = explicit.test(text) ? DateTime.fromISO(text) : undefined;
  if (!instant?.isValid) throw invalid(name, `${name} is no ISO 8601 time`);
  if (instant.toMillis() % 3_600_000 !== 0)
    throw invalid(name, `${name} must be a whole hour`, "INVALID_TIME_WINDOW");
  return instant.toJSDate();
};

export const spanIn = (params: Params, zone: string, longestDays: number): Span => {
  const start = instantIn(params, "start_time", zone);
  const end = instantIn(params, "end_time", zone);
  if (end <= start) throw invalid("end_time", "end_time must lie after start_time", "INVALID_TIME_WINDOW");
  const days = DateTime.fromJSDate(end, { zone }).diff(DateTime.fromJSDate(start, { zone }), "days").days;
  if (days > longestDays) throw invalid("end_time", `the span is longer than ${longestDays} days`);
  return { start, end };
};

/** The days of a span that begins and ends at local midnight. */
export const daysIn = (
  { start, end }: Span,
  zone: string,
): { readonly from: Day; readonly count: number } => {
  const [from, to] = [dayAt(start, zone), dayAt(end, zone)];
  for (const [name, instant, day] of [
    ["start_time", start, from],
    ["end_time", end, to],
  ] as const)
    if (midnight(day, zone).getTime() !== instant.getTime())
      throw invalid(name, `${name} is not midnight in the account's time zone`, "INVALID_TIME_WINDOW");
  return { from, count: countDays({ from, to: addDays(to, -1) }) };
};
