import { addDays, type Day, type DayRange, earlierDay, laterDay } from "../../domain/day.ts";

/** How far the running sums of an account stand. */
export interface AccountSums {
  readonly account_key: number;
  /** First day of the last month that they hold; null where they hold none. */
  readonly last_month: Day | null;
  /** First days of the months of the range whose sums are not those of the mart. */
  readonly stale: readonly Day[];
}

/** A running sum to add (1) or to take away (-1). Of a month: the sums up to its end; of a day: within its month. */
export interface Point {
  readonly account_key: number;
  readonly date: Day;
  readonly sign: 1 | -1;
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

/** What the range of each account is made of, so that every number of it is one of the mart's. */
export const pointsOf = (range: DayRange, accounts: readonly AccountSums[]): Points => {
  const months: Point[] = [];
  const days: Point[] = [];
  for (const { account_key, last_month, stale } of accounts) {
    if (last_month === null) continue;
    // Nothing is known after the last month, and nothing is marked stale there that was left away before it.
    const known = { from: range.from, to: earlierDay(range.to, endOfMonth(last_month)) };
    for (const stretch of stretchesOf(known, stale.toSorted())) {
      const [end, start] = [upTo(stretch.to), upTo(addDays(stretch.from, -1))];
      if (end.month !== start.month) {
        months.push({ account_key, date: end.month, sign: 1 });
        months.push({ account_key, date: start.month, sign: -1 });
      }
      if (end.day !== null) days.push({ account_key, date: end.day, sign: 1 });
      if (start.day !== null) days.push({ account_key, date: start.day, sign: -1 });
    }
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
