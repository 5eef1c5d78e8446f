import { expect, test } from "vitest";
import { isTargetDay, lastPublishedDay } from "../../src/domain/target-days.ts";

test.each(["2024-03-29", "2024-04-01", "2025-04-18", "2025-04-21", "2026-04-03", "2026-04-06", "2027-03-26"])(
  "no rates come out on the Good Friday or Easter Monday %s",
  (day) => expect(isTargetDay(day)).toBe(false),
);

test.each([
  ["2026-11-20", true],
  ["2026-11-21", false],
  ["2026-05-01", false],
  ["2026-12-25", false],
  ["2024-12-26", false],
  ["2026-12-24", true],
])("%s is a day of publication: %s", (day, expected) => expect(isTargetDay(day)).toBe(expected));

test.each([
  ["before the afternoon the day before is the newest", "2026-11-20T14:00:00Z", "2026-11-19"],
  ["after a quarter past four in Frankfurt it is the day itself", "2026-11-20T15:20:00Z", "2026-11-20"],
  ["in summer that is an hour earlier in UTC", "2026-07-15T14:20:00Z", "2026-07-15"],
  ["a Sunday's is Friday", "2026-11-22T20:00:00Z", "2026-11-20"],
  ["the morning after Easter has the Thursday before", "2026-04-07T08:00:00Z", "2026-04-02"],
])("%s", (_, now, day) => expect(lastPublishedDay(new Date(now))).toBe(day));
