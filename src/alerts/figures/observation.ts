import type { Day, DayRange } from "../../domain/day.ts";
import type { Decimal } from "../../domain/decimal.ts";
import { type Expectation, figureOf, figureText, judgeOf, judgesMoney, type Verdict } from "./judge.ts";
import type { Money } from "./money.ts";
import type { AlertRule } from "../rule/rule.ts";
import type { CoveredAccount } from "./coverage.ts";
import { windowOf } from "./windows.ts";
import { type Labels, reachIsSeries, reachLabels, reachOf, type Series } from "./series.ts";

/** What one evaluation saw of one series of one rule. */
export interface Observation {
  readonly rule: AlertRule;
  readonly series: string;
  readonly labels: Labels;
  readonly verdict: Verdict;
  /** The youngest whole day at the evaluation: what `for` counts. */
  readonly day: Day;
  readonly value: Decimal | null;
  readonly threshold: Decimal | null;
  readonly currency: string | null;
  /** From the first day of any account's window to the last of any. */
  readonly window: DayRange | null;
  /** The last day of each account's own window: in another time zone that is another day. */
  readonly ends?: ReadonlyMap<number, Day>;
  readonly spend: Decimal | null;
  readonly conversions: Decimal | null;
  /** What to say besides the figures: why there is no verdict, or what an operation's figure means. */
  readonly note: string;
}

/** Rules with at most so many series report quiet ones too, so that they are kept. With more, no report means all is well. */
const quietSeriesKept = 200;

const spanOf = (rule: AlertRule, accounts: readonly CoveredAccount[]): DayRange | null => {
  const windows = accounts.map((account) => windowOf(account, rule));
  const from = windows.map((window) => window.from).sort()[0];
  const to = windows
    .map((window) => window.to)
    .sort()
    .at(-1);
  return from === undefined || to === undefined ? null : { from, to };
};

const endsOf = (rule: AlertRule, accounts: readonly CoveredAccount[]): ReadonlyMap<number, Day> =>
  new Map(
    accounts.flatMap((account) =>
      account.accountKey === null ? [] : [[account.accountKey, windowOf(account, rule).to] as const],
    ),
  );

/** A series of which nothing can be said. */
export const unknown = (
  rule: AlertRule,
  day: Day,
  note: string,
  labels: Labels,
  series: string,
): Observation => ({
  rule,
  series,
  labels,
  day,
  note,
  verdict: "no_data",
  value: null,
  threshold: null,
  currency: null,
  window: null,
  spend: null,
  conversions: null,
});

const accountsByReach = (
  rule: AlertRule,
  accounts: readonly CoveredAccount[],
): ReadonlyMap<string, readonly CoveredAccount[]> => {
  const groups = new Map<string, CoveredAccount[]>();
  for (const account of accounts) {
    const reach = reachOf(rule, account);
    groups.set(reach, [...(groups.get(reach) ?? []), account]);
  }
  return groups;
};

/** Judges every series of a rule; of a rule with very many, only what is remembered or has something to say. */
export const judgeAll = (parts: {
  readonly remembers: (series: string) => boolean;
  readonly rule: AlertRule;
  readonly series: ReadonlyMap<string, Series>;
  readonly blind: ReadonlyMap<string, string>;
  readonly money: Exclude<Money, { kind: "error" }>;
  readonly day: Day;
  readonly expected: ((series: Series) => Expectation | undefined) | undefined;
  readonly accounts: readonly CoveredAccount[];
}): readonly Observation[] => {
  const { rule, series, blind, money, day, expected } = parts;
  const judge = judgeOf(rule);
  const keepsQuiet = series.size <= quietSeriesKept;
  const observations: Observation[] = [];
  const byReach = accountsByReach(rule, parts.accounts);
  const seen = new Set<string>();
  for (const one of series.values()) {
    const lacksRates = one.unrated > 0 && money.kind === "converted";
    const reason =
      blind.get(one.reach) ??
      (lacksRates && judgesMoney(rule)
        ? `held back: no exchange rate to ${money.currency} for ${String(one.unrated)} of its days`
        : undefined);
    const judgement = reason === undefined ? judge(one.now, one.before, () => expected?.(one)) : undefined;
    const verdict = judgement?.verdict ?? "no_data";
    if (verdict === "ok" && !keepsQuiet && !parts.remembers(one.id)) continue;
    if (verdict === "no_data") seen.add(one.reach);
    const accounts = byReach.get(one.reach) ?? [];
    const known = reason === undefined;
    observations.push({
      rule,
      series: one.id,
      labels: one.labels,
      verdict,
      day:
        accounts
          .map((account) => account.youngest)
          .sort()
          .at(-1) ?? day,
      value: known ? figureText(figureOf(rule.metric, one.now)) : null,
      threshold: figureText(judgement?.limit ?? null),
      currency: money.kind === "mixed" ? null : (money.currency ?? accounts[0]?.currency ?? null),
      window: spanOf(rule, accounts),
      ...(verdict === "breach" && { ends: endsOf(rule, accounts) }),
      spend: known && !lacksRates && money.kind !== "mixed" ? figureText(one.now.spend) : null,
      conversions: known ? figureText(one.now.conversions) : null,
      note: reason ?? "",
    });
  }
  // An account without data and without a single row is still said to be without data.
  if (!reachIsSeries(rule))
    for (const [reach, reason] of blind) {
      const [account] = byReach.get(reach) ?? [];
      if (!seen.has(reach) && account !== undefined)
        observations.push(unknown(rule, day, reason, reachLabels(rule, account), reach));
    }
  return observations;
};
