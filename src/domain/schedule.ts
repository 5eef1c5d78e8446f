import { CronExpressionParser } from "cron-parser";
import { DateTime } from "luxon";
import { addDays, type Day, dayAt } from "./day.ts";

/** When the nights begin. */
export interface Schedule {
  readonly pattern: string;
  readonly timeZone: string;
}

/** Whether a pattern is cron, of five fields or, with seconds, six. */
export const isCron = (text: string): boolean => {
  if (![5, 6].includes(text.trim().split(/\s+/).length)) return false;
  try {
    CronExpressionParser.parse(text);
    return true;
  } catch {
    return false;
  }
};

/** The schedule where the configuration says none. */
export const usualSchedule: Schedule = { pattern: "30 3 * * *", timeZone: "UTC" };

/** The schedule of a configuration. */
export const scheduleOf = (config: {
  readonly schedule?: string | undefined;
  readonly timezone?: string | undefined;
}): Schedule => ({
  pattern: config.schedule ?? usualSchedule.pattern,
  timeZone: config.timezone ?? usualSchedule.timeZone,
});

/** A time at which a night is due. */
export interface Due {
  readonly at: Date;
  /** On the schedule's wall clock: the hour that comes twice in autumn is the same one. */
  readonly wallClock: string;
}

const hourMs = 3_600_000;

/** How far a clock has ever been set forward or back at once: a whole day, at the date line. */
const longestShiftHours = 24;

/** What the zone's clock is ahead of UTC, in ms. */
const offsetMs = (instant: number, timeZone: string): number =>
  DateTime.fromMillis(instant, { zone: timeZone }).offset * 60_000;

/** The first instant in (from, to] with an offset other than at `from`; seconds are the finest that zones know. */
const transition = (from: number, to: number, timeZone: string): number => {
  const before = offsetMs(from, timeZone);
  let [low, high] = [Math.floor(from / 1_000), Math.ceil(to / 1_000)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetMs(middle * 1_000, timeZone) === before) low = middle;
    else high = middle;
  }
  return high * 1_000;
};

/**
 * The instant of a wall clock's time, given as if it were UTC: the first of two where the clock is set back, and the
 * end of the gap where it is set forward over that time.
 */
const instantOf = (wall: number, timeZone: string): number => {
  const [early, late] = [wall - longestShiftHours * hourMs, wall + longestShiftHours * hourMs];
  const candidates = [offsetMs(early, timeZone), offsetMs(late, timeZone)].map((offset) => wall - offset);
  const found = candidates.filter((instant) => instant + offsetMs(instant, timeZone) === wall);
  if (found.length > 0) return Math.min(...found);
  return transition(Math.min(...candidates), Math.max(...candidates), timeZone);
};

/** How far the wall clock showed more than now within the last day: what was due then may seem to lie ahead. */
const setBackMs = (now: number, timeZone: string): number => {
  const offset = offsetMs(now, timeZone);
  const before = Array.from({ length: longestShiftHours }, (_, hours) =>
    offsetMs(now - (hours + 1) * hourMs, timeZone),
  );
  return Math.max(0, ...before.map((earlier) => earlier - offset));
};

/**
 * The last time due at or before `now`. The pattern is followed on a clock that is never set, since a library's own
 * steps over a gap end nowhere in some zones; a time that spring skips is due at the end of the gap.
 */
export const lastDue = ({ pattern, timeZone }: Schedule, now: Date): Due => {
  const instant = now.getTime();
  const wall = instant + offsetMs(instant, timeZone) + setBackMs(instant, timeZone);
  const times = CronExpressionParser.parse(pattern, { currentDate: new Date(wall + 1), tz: "UTC" });
  let at: number;
  do at = instantOf(times.prev().getTime(), timeZone);
  while (at > instant);
  const local = DateTime.fromMillis(at, { zone: timeZone });
  return { at: new Date(at), wallClock: `${local.toFormat("yyyy-MM-dd'T'HH:mm:ss")} ${timeZone}` };
};

/** The first time due after `now`, for people: the two hours that a clock repeats count once. */
export const nextDue = (schedule: Schedule, now: Date): Date => {
  const { pattern, timeZone } = schedule;
  const wall = now.getTime() + offsetMs(now.getTime(), timeZone);
  const times = CronExpressionParser.parse(pattern, { currentDate: new Date(wall), tz: "UTC" });
  let at: number;
  do at = instantOf(times.next().getTime(), timeZone);
  while (at <= now.getTime());
  return new Date(at);
};

/** How long a night that is due may take before what it should have brought is missing. */
const nightMs = 8 * hourMs;

/**
 * The day that an account should have by now: the youngest that the last night, if it has had its time, could ask for.
 * An account west of the schedule has its days a night later than one east of it.
 */
export const expectedDay = (schedule: Schedule, timeZone: string, now: Date): Day =>
  addDays(dayAt(lastDue(schedule, new Date(now.getTime() - nightMs)).at, timeZone), -1);
