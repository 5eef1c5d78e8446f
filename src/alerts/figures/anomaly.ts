import { addDays } from "../../domain/day.ts";
import { divide, exact, type Exact, multiply, one } from "../../domain/decimal.ts";
import { type AlertRule, anomalyReachDays } from "../rule/rule.ts";
import type { FigureMetric } from "../rule/settings.ts";
import type { SeriesRow } from "./series-row.ts";
import type { Coverage } from "./coverage.ts";
import { type Expectation, hasMoney, partsOf } from "./judge.ts";
import {
  deliveryId,
  deliveryRule,
  paidNames,
  reachIsSeries,
  reachOf,
  type Series,
  seriesId,
} from "./series.ts";
import type { Sums } from "./sums.ts";
import { windowOf } from "./windows.ts";

/** How many earlier windows there must be to learn from. */
const neededDays = 28;

/** Makes the median absolute deviation comparable to a standard deviation, for figures that vary normally. */
const normalScale = exact("1.4826");
/** A series that hardly ever moves is not alarmed by less than this share of its usual figure. */
const leastSpread = exact("0.05");

const median = (values: readonly Exact[]): Exact => {
  const sorted = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const middle = sorted.length >> 1;
  const high = sorted[middle] ?? 0n;
  return sorted.length % 2 === 1 ? high : (high + (sorted[middle - 1] ?? high)) / 2n;
};

const distance = (a: Exact, b: Exact): Exact => (a > b ? a - b : b - a);

/** What is usual for a window that ends on its weekday, and how far windows usually are from that. */
interface Usual {
  readonly center: Exact;
  readonly spread: Exact;
}

/**
 * The median of the same weekdays, and the spread of all days about their own weekday's median. Undefined with less
 * than four weeks to learn from.
 * @param history figures by how many days before the judged window they ended (1, 2, ...)
 */
const usualOf = (history: readonly (Exact | undefined)[]): Usual | undefined => {
  const weekdays: Exact[][] = [[], [], [], [], [], [], []];
  for (const [age, value] of history.entries()) if (value !== undefined) weekdays[age % 7]?.push(value);
  const [same = []] = weekdays;
  if (same.length === 0 || weekdays.reduce((count, { length }) => count + length, 0) < neededDays)
    return undefined;
  const distances = weekdays.flatMap((values) => {
    const usual = median(values);
    return values.map((value) => distance(value, usual));
  });
  return { center: median(same), spread: multiply(median(distances), normalScale) };
};

/** The band about the usual: `sensitivity` times the spread to either side. */
export const expectationOf = ({ center, spread }: Usual, sensitivity: Exact): Expectation => {
  const least = multiply(center, leastSpread);
  const reach = multiply(spread > least ? spread : least, sensitivity);
  return { low: center - reach, high: center + reach };
};

/** How old the last window is that can be learned from: one that begins before an account's first figures is no measure. */
const oldestAge = ({ windowDays, settleDays }: AlertRule, begunAge: number): number =>
  Math.min(anomalyReachDays, begunAge - settleDays - windowDays + 1);

/** Of each age the reaches whose windows are measured, and those of them that lack whole figures. */
const measuredAges = (rule: AlertRule, coverage: Coverage) => {
  const accounts = coverage.accounts
    .filter((account) => rule.matches.account(account))
    .map((account) => ({
      account,
      window: windowOf(account, rule),
      reach: reachOf(rule, account),
      oldest: account.begunAge === null ? 0 : oldestAge(rule, account.begunAge),
    }));
  return Array.from({ length: anomalyReachDays + 1 }, (_, age) => {
    const measured = age === 0 ? [] : accounts.filter(({ oldest }) => oldest >= age);
    const isBlind = ({ account, window: { from, to } }: (typeof accounts)[number]): boolean =>
      coverage.blindness(account, { from: addDays(from, -age), to: addDays(to, -age) }) !== undefined;
    return {
      seen: new Set(measured.map(({ reach }) => reach)),
      blind: new Set(measured.filter(isBlind).map(({ reach }) => reach)),
    };
  });
};

/** Adds what each window comes to, by how many days before the judged one it ended: moved day by day into the past. */
const addWindows = (
  windows: Exact[],
  rule: AlertRule,
  { ages, begunAge }: SeriesRow,
  values: readonly Exact[] | undefined,
): void => {
  if (values === undefined) return;
  const { windowDays, settleDays } = rule;
  const end = oldestAge(rule, begunAge) + windowDays;
  const days = Array.from({ length: Math.max(0, end) }, () => 0n);
  for (const [index, age] of ages.entries())
    if (age > settleDays && age < settleDays + end) days[age - settleDays] = values[index] ?? 0n;
  let sum = 0n;
  for (let day = 1; day < end; day += 1) {
    sum += days[day] ?? 0n;
    if (day < windowDays) continue;
    const age = day - windowDays + 1;
    windows[age] = (windows[age] ?? 0n) + sum;
    sum -= days[age] ?? 0n;
  }
};

const byId = (
  rule: AlertRule,
  rows: readonly SeriesRow[] = [],
): ReadonlyMap<string, readonly SeriesRow[]> => {
  const series = new Map<string, SeriesRow[]>();
  for (const row of rows) {
    const id = seriesId(rule, row);
    series.set(id, [...(series.get(id) ?? []), row]);
  }
  return series;
};

/** What is usual for each series of a rule; a window with a day that is not whole teaches nothing. */
export const learn = (options: {
  readonly rule: AlertRule;
  readonly coverage: Coverage;
  readonly rows: readonly SeriesRow[];
  readonly whole: readonly SeriesRow[] | undefined;
}): ((series: Series) => Usual | undefined) => {
  const { rule } = options;
  const paid = new Set<keyof Sums>(paidNames);
  const ages = measuredAges(rule, options.coverage);
  const own = byId(rule, options.rows);
  const delivery = byId(deliveryRule(rule), options.whole);
  const [part, whole] = partsOf[rule.metric as FigureMetric];
  const money = hasMoney(rule.metric as FigureMetric);
  const known = new Map<string, Usual | undefined>();
  return ({ id, reach }) => {
    if (known.has(id)) return known.get(id);
    const parts: Exact[] = [];
    const wholes: Exact[] = [];
    const rows: Exact[] = [];
    const unrated: Exact[] = [];
    for (const row of own.get(id) ?? []) {
      addWindows(parts, rule, row, row.sums[part]);
      if (whole !== undefined) addWindows(wholes, rule, row, row.sums[whole]);
      const each = row.ages.map(() => 1n);
      addWindows(rows, rule, row, each);
      addWindows(unrated, rule, row, row.unrated);
    }
    for (const row of delivery.get(deliveryId(rule, id)) ?? []) {
      if (paid.has(part)) addWindows(parts, rule, row, row.sums[part]);
      if (whole !== undefined && paid.has(whole)) addWindows(wholes, rule, row, row.sums[whole]);
      addWindows(unrated, rule, row, row.unrated);
    }
    const history = ages.map(({ seen, blind }, age): Exact | undefined => {
      const isThere = (rows[age] ?? 0n) > 0n || (reachIsSeries(rule) && seen.has(reach));
      if (!isThere || blind.has(reach) || (money && (unrated[age] ?? 0n) > 0n)) return undefined;
      const divisor = whole === undefined ? one : (wholes[age] ?? 0n);
      return divisor <= 0n ? undefined : divide(parts[age] ?? 0n, divisor);
    });
    const usual = usualOf(history);
    known.set(id, usual);
    return usual;
  };
};
