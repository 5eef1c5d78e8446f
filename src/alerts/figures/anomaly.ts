import { type Kysely, sql } from "kysely";
import { addDays, countDays, type Day } from "../../domain/day.ts";
import type { DB } from "../../warehouse/schema.ts";
import { exact, type Exact, multiply } from "../../domain/decimal.ts";
import { type Expectation, figureOf } from "./judge.ts";
import type { AlertRule } from "../rule/rule.ts";
import type { Coverage } from "./coverage.ts";
import { type PastAccount, type PastWindow, readPast } from "./past.ts";
import { windowOf } from "./scan.ts";
import type { KnownAt } from "./segments.ts";
import { deliveryId, deliveryRule, paidBy, reachIsSeries, reachOf } from "./series.ts";
import { noSums } from "./sums.ts";

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

interface LearnOptions {
  readonly db: Kysely<DB>;
  readonly rule: AlertRule;
  readonly coverage: Coverage;
  readonly currency: string | undefined;
  readonly figures: KnownAt;
  readonly begun: ReadonlyMap<string, Day>;
}

/** A window that begins before an account's first figures is no measure of the usual: how old the last other one is. */
const learnedFrom = ({ rule, coverage, begun }: LearnOptions): readonly PastAccount[] =>
  coverage.accounts
    .filter((account) => rule.matches.account(account))
    .flatMap((account) => {
      const first = begun.get(`${account.platform}/${account.accountId}`);
      const { from } = windowOf(account, rule);
      if (first === undefined || first >= from) return [];
      return [{ account, oldestAge: Math.min(anomalyReachDays, countDays({ from: first, to: from }) - 1) }];
    });

/** Of each age the reaches whose windows are measured, and those of them that lack whole figures. */
const measuredAges = ({ rule, coverage }: LearnOptions, accounts: readonly PastAccount[]) =>
  Array.from({ length: anomalyReachDays }, (_, index) => {
    const seen = new Set<string>();
    const blind = new Set<string>();
    for (const { account, oldestAge } of accounts) {
      if (oldestAge <= index) continue;
      const { from, to } = windowOf(account, rule);
      const days = { from: addDays(from, -index - 1), to: addDays(to, -index - 1) };
      const reach = reachOf(rule, account);
      seen.add(reach);
      if (coverage.blindness(account, days) !== undefined) blind.add(reach);
    }
    return { age: index + 1, seen, blind };
  });

const nothing: PastWindow = { sums: noSums, unrated: 0 };

/** The figures of a rule's series in earlier windows; a window with a day that is not whole teaches nothing. */
const learn = async (options: LearnOptions): Promise<ReadonlyMap<string, ReadonlyMap<number, Exact>>> => {
  const { rule } = options;
  const accounts = learnedFrom(options);
  const rows = await readPast({ ...options, accounts, grain: rule.grain });
  const delivery =
    rule.grain === "action"
      ? await readPast({ ...options, accounts, grain: "campaign", rule: deliveryRule(rule) })
      : undefined;
  const ages = measuredAges(options, accounts);
  const reaches = reachIsSeries(rule) ? new Set(accounts.map(({ account }) => reachOf(rule, account))) : [];
  const history = new Map<string, Map<number, Exact>>();
  for (const id of new Set([...reaches, ...rows.keys()])) {
    const own = new Map<number, Exact>();
    const series = rows.get(id);
    const paid = delivery?.get(deliveryId(rule, id));
    for (const { age, seen, blind } of ages) {
      const reach = series?.reach ?? id;
      const window = series?.windows.get(age) ?? (reachIsSeries(rule) && seen.has(id) ? nothing : undefined);
      if (window === undefined || blind.has(reach)) continue;
      const spent = paid?.windows.get(age);
      const sums = spent === undefined ? window.sums : paidBy(window.sums, spent.sums);
      const value = figureOf(rule.metric, sums);
      if (value !== null && window.unrated + (spent?.unrated ?? 0) === 0) own.set(age, value);
    }
    history.set(id, own);
  }
  return history;
};

/** What an anomaly rule expects of each of its series. */
export const expectations = async (options: LearnOptions): Promise<ReadonlyMap<string, Expectation>> => {
  const sensitivity = exact(options.rule.condition.limit);
  return new Map(
    [...(await learn(options))].flatMap(([id, values]) => {
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
