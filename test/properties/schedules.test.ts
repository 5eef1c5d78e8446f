import { DateTime } from "luxon";
import { describe, expect, test } from "vitest";
import { expectedDay, lastDue } from "../../src/domain/schedule.ts";

interface Shift {
  readonly zone: string;
  readonly at: number;
  /** Offsets before and after, in ms. */
  readonly before: number;
  readonly after: number;
}

const hour = 3_600_000;

/** Every change of every zone's clock in a year, to the second. */
const shiftsOf = (year: number): readonly Shift[] =>
  Intl.supportedValuesOf("timeZone").flatMap((zone) => {
    const offset = (at: number): number => DateTime.fromMillis(at, { zone }).offset * 60_000;
    const shifts: Shift[] = [];
    const step = 6 * hour;
    const end = Date.UTC(year + 1, 0, 1);
    for (let at = Date.UTC(year, 0, 1); at < end; at += step) {
      const [before, after] = [offset(at), offset(at + step)];
      if (before === after) continue;
      let [low, high] = [at, at + step];
      while (high - low > 1_000) {
        const middle = Math.floor((low + high) / 2_000) * 1_000;
        if (offset(middle) === before) low = middle;
        else high = middle;
      }
      shifts.push({ zone, at: high, before, after });
    }
    return shifts;
  });

const patternOf = (wall: number): string => {
  const time = new Date(wall);
  return `${String(time.getUTCMinutes())} ${String(time.getUTCHours())} * * *`;
};

// 2011: Samoa left out a whole day.
describe.each([2026, 2011])("the clocks of %i", (year) => {
  const shifts = shiftsOf(year);
  const gaps = shifts.filter(({ before, after }) => after > before);

  test("have gaps in many zones", () => {
    expect(gaps.length).toBeGreaterThan(100);
    expect(gaps.map(({ zone }) => zone)).toContain(year === 2026 ? "Africa/Cairo" : "Pacific/Apia");
  });

  test("leave no night out: one that falls into a gap is due at its end, and then it has been due all day", () => {
    for (const { zone, at, before, after } of gaps) {
      const length = after - before;
      for (const into of [0, Math.floor(length / 2 / 60_000) * 60_000, length - 60_000]) {
        const schedule = { pattern: patternOf(at + before + into), timeZone: zone };
        const due = (instant: number): string => lastDue(schedule, new Date(instant)).at.toISOString();
        const end = new Date(at).toISOString();
        expect([zone, due(at - 1) < end]).toEqual([zone, true]);
        expect([zone, due(at)]).toEqual([zone, end]);
        // Where a whole day is skipped, the same time of the next day comes at once after it.
        const next = Math.min(6 * hour, 24 * hour - length);
        if (next > 1) expect([zone, due(at + next - 1)]).toEqual([zone, end]);
      }
    }
  });

  test("begin no night twice where an hour comes twice", () => {
    for (const { zone, at, before, after } of shifts.filter((shift) => shift.after < shift.before)) {
      const wall = at + after + Math.floor((before - after) / 2 / 60_000) * 60_000;
      const schedule = { pattern: patternOf(wall), timeZone: zone };
      const first = lastDue(schedule, new Date(wall - before));
      expect([zone, first.at.getTime()]).toEqual([zone, wall - before]);
      for (const later of [at - 1, at, wall - after, wall - after + hour])
        expect([zone, lastDue(schedule, new Date(later)).wallClock]).toEqual([zone, first.wallClock]);
    }
  });
});

describe("the day that an account should have", () => {
  const schedule = { pattern: "30 3 * * *", timeZone: "Europe/Copenhagen" };

  test.each([
    // 11:30 in Copenhagen: the night of 03:30 has had its eight hours.
    ["Europe/Copenhagen", "2026-10-12T09:29:00Z", "2026-10-10"],
    ["Europe/Copenhagen", "2026-10-12T09:30:00Z", "2026-10-11"],
    // 03:30 in Copenhagen is 18:30 of the day before in Los Angeles: that day cannot be had yet.
    ["America/Los_Angeles", "2026-10-12T09:30:00Z", "2026-10-10"],
    ["America/Los_Angeles", "2026-10-13T09:29:00Z", "2026-10-10"],
    ["Asia/Tokyo", "2026-10-12T09:30:00Z", "2026-10-11"],
  ])("in %s at %s is %s", (zone, now, day) => {
    expect(expectedDay(schedule, zone, new Date(now))).toBe(day);
  });

  test("follows a schedule that has no night every day", () => {
    const mondays = { pattern: "30 3 * * 1", timeZone: "UTC" };
    expect(expectedDay(mondays, "UTC", new Date("2026-10-18T12:00:00Z"))).toBe("2026-10-11");
  });
});
