import { addDays, type Day, type DayRange, earlierDay, laterDay } from "../../domain/day.ts";

/** How far the running sums of an account stand. */
export interface AccountSums {
  readonly account_key: number;
  /** First day of the last month that they hold; null where they hold none. */
  readonly last_month: Day | null;
  /** First days of the months of the range whose sums are not those of the mart. */
  readonly stale: readonly Day[];
  /** The first day that is not final; null where nobody knows yet, and then none is final. */
  readonly first_open: Day | null;
}

/**
 * A running sum to add (1), to take away (-1) or to leave (0): `sign` for the figures, `open` for the count of days that
 * are not final. Of a month: the sums up to its end; of a day: within its month.
 */
export interface Point {
  readonly account_key: number;
  readonly date: Day;
  readonly sign: number;
  readonly open: number;
}

/** What adds up to a range: differences of running sums, and days that the mart itself has to be asked for. */
export interface Points {
  readonly months: readonly Point[];
  readonly days: readonly Point[];
  readonly unsummed: readonly (DayRange & { readonly account_key: number })[];
}

/** First day of the month of a day, or of one so many months later. On plain numbers: asked several times an account. */
export const monthOf = (day: Day, later = 0): Day =>
  new Date(Date.UTC(Number(day.slice(0, 4)), Number(day.slice(5, 7)) - 1 + later, 1))
    .toISOString()
    .slice(0, 10);

const endOfMonth = (day: Day): Day => addDays(monthOf(day, 1), -1);

/** Everything up to the end of a day, as the sum of up to two points. */
const upTo = (day: Day): { readonly month: Day; readonly day: Day | null } =>
  day === endOfMonth(day) ? { month: monthOf(day), day: null } : { month: monthOf(day, -1), day };

/** The range without its stale months, in one piece where none is. */
const stretchesOf = ({ from, to }: DayRange, stale: readonly Day[]): readonly DayRange[] => {
  const starts = [from, ...stale.map((month) => monthOf(month, 1))];
  const ends = stale.map((month) => earlierDay(to, addDays(month, -1)));
  return starts
    .map((start, index) => ({ from: start, to: ends[index] ?? to }))
    .filter((stretch) => stretch.from <= stretch.to);
};

/** The two points of everything up to the end of a day. */
const pointsUpTo = (
  day: Day,
  counted: Omit<Point, "date">,
): readonly (Point & { readonly of: "month" | "day" })[] => {
  const end = upTo(day);
  return [
    { ...counted, of: "month", date: end.month },
    ...(end.day === null ? [] : [{ ...counted, of: "day" as const, date: end.day }]),
  ];
};

/** Points of one kind, each date once: what is added and taken away again is not read at all. */
const merged = (points: readonly Point[]): readonly Point[] => {
  const byDate = new Map<Day, Point>();
  for (const point of points) {
    const there = byDate.get(point.date);
    byDate.set(
      point.date,
      there === undefined
        ? point
        : { ...point, sign: there.sign + point.sign, open: there.open + point.open },
    );
  }
  return [...byDate.values()].filter(({ sign, open }) => sign !== 0 || open !== 0);
};

/** What the range of each account is made of, so that every number of it is one of the mart's. */
export const pointsOf = (range: DayRange, accounts: readonly AccountSums[]): Points => {
  const months: Point[] = [];
  const days: Point[] = [];
  for (const { account_key, last_month, stale, first_open } of accounts) {
    if (last_month === null) continue;
    // Nothing is known after the last month, and nothing is marked stale there that was left away before it.
    const known = { from: range.from, to: earlierDay(range.to, endOfMonth(last_month)) };
    const found = stretchesOf(known, stale.toSorted()).flatMap(({ from, to }) => {
      const open = laterDay(from, first_open ?? from);
      const counts = open <= to ? 1 : 0;
      return [
        ...pointsUpTo(to, { account_key, sign: 1, open: counts }),
        ...pointsUpTo(addDays(from, -1), { account_key, sign: -1, open: 0 }),
        ...pointsUpTo(addDays(open, -1), { account_key, sign: 0, open: -counts }),
      ];
    });
    const plain = (of: "month" | "day"): readonly Point[] =>
      merged(
        found
          .filter((point) => point.of === of)
          .map(({ date, sign, open }) => ({ account_key, date, sign, open })),
      );
    months.push(...plain("month"));
    days.push(...plain("day"));
  }
  return {
    months,
    days,
    unsummed: accounts.flatMap(({ account_key, stale }) =>
      stale.map((month) => ({
        account_key,
        from: laterDay(range.from, month),
        to: earlierDay(range.to, endOfMonth(month)),
      })),
    ),
  };
};
