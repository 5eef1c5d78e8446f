import { addDays, countDays, type Day, type DayRange, earlierDay } from "../../domain/day.ts";
import { firstOfYear, lastOfYear, pointsOfYear } from "../../metrics/rollup/year-to-date.ts";

/** What is known of an account's sums before they are read. */
export interface AccountSums {
  readonly account_key: number;
  /** ISO 4217. */
  readonly currency: string;
  /** The last day with figures of each year of the range that has any. */
  readonly last_days: readonly Day[];
  /** The first day of the range that has figures and is not final; null where there is none. */
  readonly open_from: Day | null;
}

/** A sum from 1 January up to the day, to add (1) or to take away (-1). */
export interface Point {
  readonly account_key: number;
  readonly date: Day;
  readonly sign: number;
}

/** Days of some accounts, as the mart has them. */
export interface Edge extends DayRange {
  readonly account_keys: readonly number[];
  readonly sign: number;
}

/** What adds up to a range: no more than two sums and a few days of each year that it begins or ends in. */
export interface Points {
  readonly points: readonly Point[];
  readonly edges: readonly Edge[];
}

/** A range so short is read day by day: no sum would make it shorter. */
const shortDays = 8;

interface Parts {
  readonly dates: readonly Omit<Point, "account_key">[];
  readonly days: readonly Omit<Edge, "account_keys">[];
}

/** Everything from 1 January up to the end of a day: the nearest point, and the days between the two. */
const upTo = (day: Day, lastDay: Day, sign: number): Parts => {
  const points = pointsOfYear(day);
  const before = addDays(firstOfYear(day), -1);
  const above = points.find((point) => point >= earlierDay(day, lastDay)) ?? lastOfYear(day);
  // Nothing comes after the last day, so that the sum at the point after it is that of the day, too.
  if (day >= lastDay || day === above) return { dates: [{ date: above, sign }], days: [] };
  const below = points.findLast((point) => point < day) ?? before;
  const isBelow = countDays({ from: below, to: day }) <= countDays({ from: day, to: above });
  const nearest = isBelow ? below : above;
  return {
    dates: nearest === before ? [] : [{ date: nearest, sign }],
    days: isBelow
      ? [{ from: addDays(below, 1), to: day, sign }]
      : [{ from: addDays(day, 1), to: above, sign: -sign }],
  };
};

/** The years of a range, each as its days in it. */
export const yearsOf = ({ from, to }: DayRange): readonly DayRange[] => {
  const years: DayRange[] = [];
  for (let start = from; start <= to; start = addDays(lastOfYear(start), 1))
    years.push({ from: start, to: earlierDay(to, lastOfYear(start)) });
  return years;
};

const partsOf = (range: DayRange, lastDays: readonly Day[]): readonly Parts[] =>
  countDays(range) <= shortDays
    ? [{ dates: [], days: [{ ...range, sign: 1 }] }]
    : yearsOf(range).flatMap(({ from, to }) => {
        const last = lastDays.find((day) => firstOfYear(day) === firstOfYear(from));
        if (last === undefined || last < from) return [];
        const whole = upTo(to, last, 1);
        return from === firstOfYear(from) ? [whole] : [whole, upTo(addDays(from, -1), last, -1)];
      });

/** What the range of each account is made of, so that every number of it is one of the mart's. */
export const pointsOf = (range: DayRange, accounts: readonly AccountSums[]): Points => {
  const points: Point[] = [];
  const edges = new Map<string, Edge>();
  for (const { account_key, last_days } of accounts) {
    const parts = partsOf(range, last_days);
    points.push(...parts.flatMap(({ dates }) => dates.map((point) => ({ account_key, ...point }))));
    // Accounts are alike: their edges are read together.
    for (const edge of parts.flatMap(({ days }) => days)) {
      const key = JSON.stringify(edge);
      edges.set(key, { ...edge, account_keys: [...(edges.get(key)?.account_keys ?? []), account_key] });
    }
  }
  return { points, edges: [...edges.values()] };
};
