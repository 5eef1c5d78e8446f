import type { Kysely } from "kysely";
import type { Day } from "../../domain/day.ts";
import { Failure } from "../../domain/failure.ts";
import { type Schedule, usualSchedule } from "../../domain/schedule.ts";
import type { DB } from "../../warehouse/schema.ts";
import { anomalyReachDays, expectations, firstDays } from "./anomaly.ts";
import { exact } from "../../domain/decimal.ts";
import { type Expectation, figureText } from "./judge.ts";
import { unknownThen } from "./known-then.ts";
import { moneyOf } from "./money.ts";
import { judgeAll, type Observation, unknown } from "./observation.ts";
import { operationFigures, sourceFigures } from "./operations.ts";
import { type AlertRule, isOperation } from "../rule/rule.ts";
import {
  requestOf,
  requestKey,
  scanAll,
  type ScanRequest,
  type ScanRow,
  windowBefore,
  windowOf,
} from "./scan.ts";
import { readCoverage, type Coverage, type CoveredAccount } from "./coverage.ts";
import type { KnownAt } from "./segments.ts";
import { reachOf, type Series, seriesOf } from "./series.ts";

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

const reachDays = (rules: readonly AlertRule[]): number =>
  rules.reduce((longest, { windowDays, settleDays, condition }) => {
    const days = windowDays * 2 + settleDays + (condition.kind === "anomaly" ? anomalyReachDays : 0);
    return Math.max(longest, days);
  }, 1);

/** What rules share during one evaluation: accounts, scans, first days. */
interface Shared extends ObserveOptions {
  readonly coverage: Coverage;
  scanOf(request: ScanRequest): Promise<readonly ScanRow[]>;
  /** Anomaly rules that differ in neither figures nor sensitivity share what they expect. */
  expectedOnce(
    key: string,
    make: () => Promise<ReadonlyMap<string, Expectation>>,
  ): Promise<ReadonlyMap<string, Expectation>>;
  /** Rules that differ in their thresholds alone share their series too. */
  seriesOnce(key: string, make: () => ReadonlyMap<string, Series>): ReadonlyMap<string, Series>;
  begun(): Promise<ReadonlyMap<string, Day>>;
}

const groupOf = ({ grain, currency }: ScanRequest): string => JSON.stringify([grain, currency]);

/** The scans that all rules need, those of one grain and currency together. */
const planScans = (
  coverage: Coverage,
  { rules, reportingCurrency }: ObserveOptions,
): ReadonlyMap<string, readonly ScanRequest[]> => {
  const groups = new Map<string, Map<string, ScanRequest>>();
  const plan = (request: ScanRequest): void => {
    const group = groups.get(groupOf(request)) ?? new Map<string, ScanRequest>();
    groups.set(groupOf(request), group.set(requestKey(request), request));
  };
  for (const rule of rules) {
    const money = moneyOf(rule, figuresOf(rule, coverage), reportingCurrency);
    if (isOperation(rule.metric) || money.kind === "error") continue;
    const request = requestOf(rule, money.kind === "converted" ? money.currency : undefined);
    plan(request);
    if (rule.grain === "action") plan({ ...request, grain: "campaign" });
  }
  return new Map([...groups].map(([key, group]) => [key, [...group.values()]]));
};

/** The accounts whose figures a rule adds up. */
const figuresOf = (rule: AlertRule, { accounts }: Coverage): readonly CoveredAccount[] =>
  accounts.filter((account) => account.hasFigures && rule.matches.account(account));

const share = (options: ObserveOptions, coverage: Coverage): Shared => {
  const { db, figures, rules } = options;
  const plan = planScans(coverage, options);
  const metrics = new Set(rules.flatMap(({ metric }) => (isOperation(metric) ? [] : [metric])));
  const groups = new Map<string, Promise<ReadonlyMap<string, readonly ScanRow[]>>>();
  const expected = new Map<string, Promise<ReadonlyMap<string, Expectation>>>();
  const series = new Map<string, ReadonlyMap<string, Series>>();
  let begun: Promise<ReadonlyMap<string, Day>> | undefined;
  return {
    ...options,
    coverage,
    seriesOnce: (key, make) => {
      const found = series.get(key) ?? make();
      series.set(key, found);
      return found;
    },
    begun: () => (begun ??= firstDays(db)),
    scanOf: async (request) => {
      const key = groupOf(request);
      const requests = plan.get(key) ?? [request];
      const group =
        groups.get(key) ?? scanAll({ db, requests, metrics, figures, accounts: coverage.accounts });
      groups.set(key, group);
      return (await group).get(requestKey(request)) ?? [];
    },
    expectedOnce: (key, make) => {
      const found = expected.get(key) ?? make();
      expected.set(key, found);
      return found;
    },
  };
};

/** Looks at every rule; rules of the same grain and currency share one pass over the mart. */
export const observe = async function* (options: ObserveOptions): AsyncGenerator<RuleView> {
  const { db, now, asOf, rules } = options;
  const coverage = await readCoverage({ db, now, asOf, reachDays: reachDays(rules) });
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
  const change = rule.condition.kind === "changeAbove" || rule.condition.kind === "changeBelow";
  const windows = accounts.map((account) => {
    const window = windowOf(account, rule);
    const from = change ? windowBefore(window, rule.windowDays).from : window.from;
    return { account, days: { from, to: window.to } };
  });
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

  const currency = money.kind === "converted" ? money.currency : undefined;
  const request = requestOf(rule, currency);
  const rows = await shared.scanOf(request);
  const whole = rule.grain === "action" ? await shared.scanOf({ ...request, grain: "campaign" }) : undefined;
  const series = shared.seriesOnce(JSON.stringify([requestKey(request), rule.by, rule.filterKey]), () =>
    seriesOf({ rule, rows, whole, accounts }),
  );
  const blind = await blindReaches(shared, rule, accounts);
  const expected =
    rule.condition.kind === "anomaly"
      ? await shared.expectedOnce(
          JSON.stringify([requestKey(request), rule.by, rule.filterKey, rule.metric, rule.condition.limit]),
          async () => expectations({ ...shared, rule, currency, begun: await shared.begun() }),
        )
      : undefined;
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
