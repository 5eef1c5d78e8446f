import type { Kysely } from "kysely";
import type { Day } from "../../domain/day.ts";
import { exact } from "../../domain/decimal.ts";
import { Failure } from "../../domain/failure.ts";
import { type Schedule, usualSchedule } from "../../domain/schedule.ts";
import type { DB } from "../../warehouse/schema.ts";
import { type AlertRule, isOperation } from "../rule/rule.ts";
import type { FigureMetric } from "../rule/settings.ts";
import { addUp } from "./add-up.ts";
import { expectationOf, learn } from "./anomaly.ts";
import { type SumsAsk, asksOf, groupOf, longestReach } from "./ask.ts";
import { readCoverage, type Coverage, type CoveredAccount } from "./coverage.ts";
import { type Expectation, figureText } from "./judge.ts";
import { unknownThen } from "./known-then.ts";
import { moneyOf } from "./money.ts";
import { judgeAll, type Observation, unknown } from "./observation.ts";
import { operationFigures, sourceFigures } from "./operations.ts";
import { reachOf, type Series, seriesOf } from "./series.ts";
import type { SeriesRow } from "./series-row.ts";
import type { KnownAt } from "./source.ts";
import { judgedDays, windowOf } from "./windows.ts";

/** A rule that cannot be evaluated as it stands. */
export interface RuleProblem {
  readonly rule: string;
  readonly message: string;
}

export interface RuleView {
  readonly rule: AlertRule;
  readonly observations: readonly Observation[];
  /** Reaches without whole data, and why; a remembered series in one of them is no_data, not gone. */
  readonly blind: ReadonlyMap<string, string>;
  readonly problem: RuleProblem | undefined;
  readonly day: Day;
}

export interface ObserveOptions {
  readonly db: Kysely<DB>;
  readonly rules: readonly AlertRule[];
  readonly now: Date;
  readonly asOf: Day | undefined;
  readonly figures: KnownAt;
  readonly reportingCurrency: string | undefined;
  /** When nights are due; absent: as where the configuration says nothing. */
  readonly schedule?: Schedule | undefined;
  /** Whether a series is remembered, so that it is reported even where all is well. */
  readonly remembers: (rule: string) => (series: string) => boolean;
}

/** Makes what is asked for by key once. */
const once = <Made>(): ((key: string, make: () => Made) => Made) => {
  const known = new Map<string, Made>();
  return (key, make) => {
    const made = known.get(key) ?? make();
    known.set(key, made);
    return made;
  };
};

/** What rules share during one evaluation. */
interface Shared extends ObserveOptions {
  readonly coverage: Coverage;
  readonly asks: (rule: AlertRule, currency: string | undefined) => ReturnType<typeof asksOf>;
  rowsOf(ask: SumsAsk): Promise<readonly SeriesRow[]>;
  /** Rules that differ in their thresholds alone share their series. */
  readonly seriesOnce: (key: string, make: () => ReadonlyMap<string, Series>) => ReadonlyMap<string, Series>;
  /** Anomaly rules that differ in their sensitivity alone share what is usual. */
  readonly learnOnce: (key: string, make: () => ReturnType<typeof learn>) => ReturnType<typeof learn>;
}

/** The accounts whose figures a rule adds up. */
const figuresOf = (rule: AlertRule, { accounts }: Coverage): readonly CoveredAccount[] =>
  accounts.filter((account) => account.begunAge !== null && rule.matches.account(account));

const share = (options: ObserveOptions, coverage: Coverage): Shared => {
  const { db, figures, rules, reportingCurrency } = options;
  const days = longestReach(rules.filter(({ condition }) => condition.kind === "anomaly"));
  const asks: Shared["asks"] = (rule, currency) => asksOf(rule, currency, days);
  const groupOnce = once<{ readonly asks: Map<string, SumsAsk>; readonly metrics: Set<FigureMetric> }>();
  const group = (ask: SumsAsk) => groupOnce(groupOf(ask), () => ({ asks: new Map(), metrics: new Set() }));
  for (const rule of rules) {
    const money = moneyOf(rule, figuresOf(rule, coverage), reportingCurrency);
    if (isOperation(rule.metric) || money.kind === "error") continue;
    const { own, whole = own } = asks(rule, money.kind === "converted" ? money.currency : undefined);
    for (const ask of [own, whole]) {
      group(ask).asks.set(ask.key, ask);
      group(ask).metrics.add(rule.metric);
    }
  }
  const answerOnce = once<ReturnType<typeof addUp>>();
  return {
    ...options,
    coverage,
    asks,
    seriesOnce: once(),
    learnOnce: once(),
    rowsOf: async (ask) => {
      const { asks: together, metrics } = group(ask);
      const answers = await answerOnce(groupOf(ask), () =>
        addUp({ db, asks: [...together.values()], metrics, figures, accounts: coverage.accounts }),
      );
      return answers.get(ask.key) ?? [];
    },
  };
};

/** Looks at every rule; rules of the same grain and currency share one pass over the mart. */
export const observe = async function* (options: ObserveOptions): AsyncGenerator<RuleView> {
  const { db, now, asOf, rules } = options;
  const coverage = await readCoverage({ db, now, asOf, reachDays: longestReach(rules) });
  const shared = share(options, coverage);
  for (const rule of rules)
    yield isOperation(rule.metric)
      ? await observeOperation(shared, rule)
      : await observeFigures(shared, rule);
};

const youngest = (accounts: readonly CoveredAccount[], { asOf, now }: ObserveOptions): Day =>
  asOf ??
  accounts
    .map((account) => account.youngest)
    .sort()
    .at(-1) ??
  now.toISOString().slice(0, 10);

/** Hours after which a source is stale where the rule names none. */
const staleSourceHours = "36";

/** A rule about sources of first-party data: one series a source. */
const observeSources = async (shared: Shared, rule: AlertRule): Promise<RuleView> => {
  const { db, coverage, now, asOf, schedule = usualSchedule } = shared;
  const day = youngest(coverage.accounts, shared);
  const limit = exact(rule.condition.kind === "stale" ? staleSourceHours : rule.condition.limit);
  const figures = await sourceFigures({ db, rule, coverage, now, asOf, schedule });
  const observations = figures.map(({ source, value, note }): Observation => ({
    rule,
    series: JSON.stringify(["source", source]),
    labels: { source },
    verdict: (rule.condition.kind === "below" ? value < limit : value > limit) ? "breach" : "ok",
    day,
    value: figureText(value),
    threshold: figureText(limit),
    currency: null,
    window: null,
    spend: null,
    conversions: null,
    note,
  }));
  return { rule, observations, blind: new Map(), problem: undefined, day };
};

const observeOperation = async (shared: Shared, rule: AlertRule): Promise<RuleView> => {
  const { db, coverage, now, asOf, schedule = usualSchedule } = shared;
  const fixed = exact(rule.condition.limit);
  if (rule.source) return observeSources(shared, rule);
  const figures = await operationFigures({ db, rule, coverage, now, asOf, schedule });
  const observations = figures.map(({ account, value, note, limit: due = fixed }): Observation => {
    const limit = rule.condition.kind === "stale" ? due : fixed;
    return {
      rule,
      series: JSON.stringify([account.platform, account.accountId]),
      labels: { platform: account.platform, account_id: account.accountId },
      verdict: (rule.condition.kind === "below" ? value < limit : value > limit) ? "breach" : "ok",
      day: account.youngest,
      value: figureText(value),
      threshold: figureText(limit),
      currency: rule.metric === "reconciliation_difference" ? account.currency : null,
      window: rule.metric === "reconciliation_difference" ? windowOf(account, rule) : null,
      spend: null,
      conversions: null,
      note,
    };
  });
  return {
    rule,
    observations,
    blind: new Map(),
    problem: undefined,
    day: youngest(coverage.accounts, shared),
  };
};

/** Which reaches of a rule lack whole data for a day that the rule looks at. */
const blindReaches = async (
  shared: Shared,
  rule: AlertRule,
  accounts: readonly CoveredAccount[],
): Promise<Map<string, string>> => {
  const { db, figures, coverage } = shared;
  const windows = accounts.map((account) => ({ account, days: judgedDays(account, rule) }));
  const late = figures.known === "then" ? await unknownThen({ db, figures, windows }) : undefined;
  const blind = new Map<string, string>();
  for (const { account, days } of windows) {
    const missing = late?.get(account.accountKey ?? 0);
    const reason =
      coverage.blindness(account, days) ??
      (missing === undefined
        ? undefined
        : `held back: ${account.platform}/${account.accountId} had no figures of ${missing} yet`);
    const reach = reachOf(rule, account);
    if (reason !== undefined && !blind.has(reach)) blind.set(reach, reason);
  }
  return blind;
};

/** What an anomaly rule expects of each of its series. */
const expectedOf = (
  { coverage, learnOnce }: Shared,
  parts: {
    readonly rule: AlertRule;
    readonly key: string;
    readonly rows: readonly SeriesRow[];
    readonly whole: readonly SeriesRow[] | undefined;
  },
): ((series: Series) => Expectation | undefined) => {
  const { metric, condition } = parts.rule;
  const usual = learnOnce(`${metric} ${parts.key}`, () => learn({ ...parts, coverage }));
  const sensitivity = exact(condition.limit);
  return (series) => {
    const known = usual(series);
    return known && expectationOf(known, sensitivity);
  };
};

const observeFigures = async (shared: Shared, rule: AlertRule): Promise<RuleView> => {
  const accounts = shared.coverage.accounts.filter((account) => rule.matches.account(account));
  const day = youngest(accounts, shared);
  const money = moneyOf(rule, figuresOf(rule, shared.coverage), shared.reportingCurrency);
  const failed = (message: string): RuleView => ({
    rule,
    observations: [unknown(rule, day, message, {}, "[]")],
    blind: new Map(),
    problem: { rule: rule.name, message },
    day,
  });
  if (money.kind === "error") return failed(money.message);
  if (accounts.length === 0)
    return failed(`alert ${rule.name} matches no account that costper has asked for`);
  if (shared.figures.known === "then" && rule.grain !== "campaign")
    throw new Failure({
      kind: "request",
      message: `alert ${rule.name} looks at figures by ${rule.grain}, whose past states are not kept`,
      remedy: "replay a rule by campaign, account or platform",
    });

  const asks = shared.asks(rule, money.kind === "converted" ? money.currency : undefined);
  const rows = await shared.rowsOf(asks.own);
  const whole = asks.whole && (await shared.rowsOf(asks.whole));
  const key = JSON.stringify([asks.own.key, rule.windowDays, rule.settleDays]);
  const series = shared.seriesOnce(key, () => seriesOf({ rule, rows, whole, accounts }));
  const blind = await blindReaches(shared, rule, accounts);
  const expected = asks.own.daily ? expectedOf(shared, { rule, key, rows, whole }) : undefined;
  const observations = judgeAll({
    remembers: shared.remembers(rule.name),
    rule,
    series,
    blind,
    money,
    day,
    expected,
    accounts,
  });
  return { rule, observations, blind, problem: undefined, day };
};
