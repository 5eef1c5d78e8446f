import { DateTime } from "luxon";
import { addDays, type Day, eachDay, type DayRange } from "./day.ts";

/**
 * The days on which the European Central Bank publishes reference rates: weekdays but for the closing days of the
 * euro payment system (TARGET), which has had this calendar since 2002.
 */

const fixedClosingDays = new Set(["01-01", "05-01", "12-25", "12-26"]);

/** Easter Sunday of the Gregorian calendar (Gauss's rule in Butcher's form). */
const easterSunday = (year: number): Day => {
  const golden = year % 19;
  const century = Math.floor(year / 100);
  const moon =
    (19 * golden +
      century -
      Math.floor(century / 4) -
      Math.floor((century - Math.floor((century + 8) / 25) + 1) / 3) +
      15) %
    30;
  const weekday = (32 + 2 * (century % 4) + 2 * Math.floor((year % 100) / 4) - moon - ((year % 100) % 4)) % 7;
  const shift = Math.floor((golden + 11 * moon + 22 * weekday) / 451);
  const days = moon + weekday - 7 * shift + 114;
  return DateTime.utc(year, Math.floor(days / 31), (days % 31) + 1).toFormat("yyyy-MM-dd");
};

// A history of rates asks for thousands of days: each year's Easter is computed once.
const easterClosings = new Map<number, readonly Day[]>();

const closedAtEaster = (year: number): readonly Day[] => {
  const known = easterClosings.get(year);
  if (known) return known;
  const easter = easterSunday(year);
  const closings = [addDays(easter, -2), addDays(easter, 1)];
  easterClosings.set(year, closings);
  return closings;
};

export const isTargetDay = (day: Day): boolean => {
  const weekday = new Date(day).getUTCDay();
  if (weekday === 0 || weekday === 6 || fixedClosingDays.has(day.slice(5))) return false;
  return !closedAtEaster(Number(day.slice(0, 4))).includes(day);
};

export const targetDays = (range: DayRange): Day[] => eachDay(range).filter(isTargetDay);

/** The newest day whose rates are out: they come at about 16:00 in Frankfurt, a quarter of an hour is left. */
export const lastPublishedDay = (now: Date): Day => {
  const frankfurt = DateTime.fromJSDate(now, { zone: "Europe/Berlin" });
  let day = frankfurt.minus({ hours: 16, minutes: 15 }).toFormat("yyyy-MM-dd");
  while (!isTargetDay(day)) day = addDays(day, -1);
  return day;
};
