import { type Kysely, sql } from "kysely";
import { addDays, type Day } from "../../domain/day.ts";
import type { DB } from "../../warehouse/schema.ts";
import { exact, type Exact, multiply } from "../../domain/decimal.ts";
import { type Expectation, figureOf } from "./judge.ts";
import type { AlertRule } from "../rule/rule.ts";
import { requestOf, type ScanRequest, type ScanRow, windowOf } from "./scan.ts";
import type { Coverage, CoveredAccount } from "./coverage.ts";
import { reachOf, seriesOf } from "./series.ts";

/** How far back the usual is learned from, and how much of it there must be. */
const learnedWeeks = 8;
export const anomalyReachDays = learnedWeeks * 7;
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

/**
 * What is usual for a window that ends on this weekday: the median of the same weekdays, give or take `sensitivity`
 * times the spread of all days about their own weekday's median. Undefined with less than four weeks to learn from.
 * @param history figures by how many days before the judged window they ended (1, 2, ...)
 */
export const expectationOf = (
  history: ReadonlyMap<number, Exact>,
  sensitivity: Exact,
): Expectation | undefined => {
  if (history.size < neededDays) return undefined;
  const weekdays = new Map<number, Exact[]>();
  for (const [age, value] of history) weekdays.set(age % 7, [...(weekdays.get(age % 7) ?? []), value]);
  const usual = new Map([...weekdays].map(([weekday, values]) => [weekday, median(values)]));
  const center = usual.get(0);
  if (center === undefined) return undefined;
  const spread = multiply(
    median([...history].map(([age, value]) => distance(value, usual.get(age % 7) ?? value))),
    normalScale,
  );
  const least = multiply(center, leastSpread);
  const reach = multiply(spread > least ? spread : least, sensitivity);
  return { low: center - reach, high: center + reach };
};

/** Reads a scan of the window that ended so many days earlier. */
export type PastScan = (
  request: ScanRequest,
  accounts: readonly CoveredAccount[],
  age: number,
) => Promise<readonly ScanRow[]>;

/** What an anomaly rule expects of each of its series. */
export const expectations = async (options: {
  readonly rule: AlertRule;
  readonly coverage: Coverage;
  readonly currency: string | undefined;
  readonly begun: ReadonlyMap<string, Day>;
  readonly scan: PastScan;
}): Promise<ReadonlyMap<string, Expectation>> => {
  const { rule, coverage } = options;
  const history = new Map<string, Map<number, Exact>>();
  const request = { ...requestOf(rule, options.currency), withBefore: false };
  for (let age = 1; age <= anomalyReachDays; age += 1) {
    // A window that begins before an account's first figures, or has a day without them, is no measure of the usual.
    const then = coverage.accounts
      .filter((account) => rule.matches.account(account))
      .map((account) => ({ ...account, youngest: addDays(account.youngest, -age) }))
      .filter((account) => {
        const first = options.begun.get(`${account.platform}/${account.accountId}`);
        return first !== undefined && first <= windowOf(account, rule).from;
      });
    const blind = new Set(
      then
        .filter((account) => coverage.blindness(account, windowOf(account, rule)) !== undefined)
        .map((account) => reachOf(rule, account)),
    );
    if (then.length === 0) break;
    const rows = await options.scan(request, then, age);
    const whole =
      rule.grain === "action" ? await options.scan({ ...request, grain: "campaign" }, then, age) : undefined;
    for (const series of seriesOf({ rule, rows, whole, accounts: then }).values()) {
      const value = figureOf(rule.metric, series.now);
      if (value === null || series.unrated > 0 || blind.has(series.reach)) continue;
      const own = history.get(series.id) ?? new Map<number, Exact>();
      history.set(series.id, own.set(age, value));
    }
  }
  const sensitivity = exact(rule.condition.limit);
  return new Map(
    [...history].flatMap(([id, values]) => {
      const expected = expectationOf(values, sensitivity);
      return expected === undefined ? [] : [[id, expected] as const];
    }),
  );
};

/** The first day of each account that has figures. */
export const firstDays = async (db: Kysely<DB>): Promise<ReadonlyMap<string, Day>> => {
  const { rows } = await sql<{ account: string; day: Day }>`
    select platform || '/' || account_id as account, min(date) as day
    from marts.cost_per_conversion_daily group by 1`.execute(db);
  return new Map(rows.map(({ account, day }) => [account, day]));
};
