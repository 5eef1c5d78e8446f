import { type Kysely, sql } from "kysely";
import { addDays, type Day } from "../domain/day.ts";
import type { Schedule } from "../domain/schedule.ts";
import type { DB } from "../warehouse/schema.ts";
import { explainAll, plainExplanation } from "./notice/explain.ts";
import { type AlertRow, alertKey, readMemory, type RememberedAlert, writeAlerts } from "./state/memory.ts";
import { type Announcement, groupNotices, putIntoOutbox } from "./notice/notice.ts";
import { type Observation, unknown } from "./figures/observation.ts";
import { observe, type RuleProblem, type RuleView } from "./figures/observe.ts";
import { type AlertRule, ruleOf } from "./rule/rule.ts";
import type { KnownAt } from "./figures/source.ts";
import type { AlertSettings, Notifiers } from "./rule/settings.ts";
import { reachOfLabels } from "./figures/series.ts";
import { isSilenced, readSilences, type Silence } from "./state/silence.ts";
import { type AlertMemory, type AlertState, nextStep, type Saying, unremembered } from "./state/state.ts";

export interface EvaluateOptions {
  readonly db: Kysely<DB>;
  /** All the rules of the configuration: what is remembered of any other is closed. */
  readonly rules: readonly AlertSettings[];
  readonly notifiers: Notifiers;
  readonly now: Date;
  /** Evaluates as of the end of this day; else the youngest whole day is each account's yesterday. */
  readonly asOf?: Day | undefined;
  readonly reportingCurrency?: string | undefined;
  readonly schedule?: Schedule | undefined;
  /** What the figures do not tell of, for the notices to say. */
  readonly missing?: readonly string[] | undefined;
  /** The figures of today, or those that were known at a moment. */
  readonly figures?: "current" | { readonly asOfKnown: Date };
}

export interface Evaluation {
  readonly rules: number;
  /** How many alerts are in each state after it, of those that are kept. */
  readonly states: Readonly<Record<AlertState, number>>;
  readonly changes: number;
  readonly notices: number;
  /** Rules that cannot be evaluated as they stand. */
  readonly problems: readonly RuleProblem[];
}

/** Evaluations take turns: the second sees what the first has said. */
const lockName = "costper.alerts";

/** The moment that an evaluation is about. */
const momentOf = ({ now, asOf }: EvaluateOptions): Date =>
  asOf === undefined ? now : new Date(`${addDays(asOf, 1)}T00:00:00Z`);

const figuresOf = ({ figures }: EvaluateOptions): KnownAt => {
  if (figures === undefined || figures === "current") return { known: "now" };
  return { known: "then", at: () => figures.asOfKnown };
};

interface Change {
  readonly row: AlertRow;
  readonly saying: Saying | undefined;
  readonly observation: Observation | undefined;
}

/**
 * Evaluates every rule, remembers what came of it and puts what is to be said into the outbox, all in one
 * transaction: after a crash either all of it has happened or nothing. Delivers nothing.
 */
export const evaluateAlerts = (options: EvaluateOptions): Promise<Evaluation> =>
  options.db.transaction().execute(async (db) => {
    // Sums of all campaigns are sorted in memory rather than on disk; to compile them takes longer than they do.
    await sql`select ops.hold(${lockName}), set_config('work_mem', '64MB', true), set_config('jit', 'off', true)`.execute(
      db,
    );
    const at = momentOf(options);
    const memory = await readMemory(db);
    const silences = await readSilences(db, options.now);
    const rules = options.rules.map(ruleOf);
    const changes: Change[] = [];
    const problems: RuleProblem[] = [];
    const seen = new Set<string>();
    const byRule = groupByRule(memory);
    const views = observe({
      db,
      rules,
      now: options.now,
      asOf: options.asOf,
      figures: figuresOf(options),
      reportingCurrency: options.reportingCurrency,
      schedule: options.schedule,
      remembers: (rule) => {
        const known = new Set(byRule.get(rule)?.map(({ series }) => series));
        return (series) => known.has(series);
      },
    });
    for await (const view of views) {
      if (view.problem !== undefined) problems.push(view.problem);
      for (const observation of [...view.observations, ...absent(view, byRule.get(view.rule.name) ?? [])]) {
        const key = alertKey(observation.rule.name, observation.series);
        seen.add(key);
        changes.push(advance(observation, memory.get(key)?.memory, at, silences));
      }
    }
    for (const [key, remembered] of memory)
      if (!seen.has(key) && remembered.memory.state !== "inactive") changes.push(close(remembered, at));

    const announcements = await announce(db, changes, rules);
    await writeAlerts(
      db,
      changes.map(({ row }) => row),
      at,
    );
    const notifiers = new Set(Object.keys(options.notifiers));
    const notices = await putIntoOutbox(
      db,
      groupNotices(announcements, notifiers, options.missing ?? []),
      options.now,
    );
    return {
      rules: rules.length,
      states: countStates(changes),
      changes: changes.filter(({ row }) => row.from !== row.memory.state).length,
      notices,
      problems,
    };
  });

const groupByRule = (
  memory: ReadonlyMap<string, RememberedAlert>,
): ReadonlyMap<string, readonly RememberedAlert[]> => {
  const groups = new Map<string, RememberedAlert[]>();
  for (const one of memory.values()) {
    const group = groups.get(one.rule);
    if (group === undefined) groups.set(one.rule, [one]);
    else group.push(one);
  }
  return groups;
};

/** Remembered series that nothing was seen of: unjudged where their data is missing, else over. */
const absent = (view: RuleView, remembered: readonly RememberedAlert[]): readonly Observation[] => {
  const observed = new Set(view.observations.map(({ series }) => series));
  return remembered
    .filter(({ series, memory }) => !observed.has(series) && memory.state !== "inactive")
    .map(({ series, labels }): Observation => {
      const reason = view.problem?.message ?? view.blind.get(reachOfLabels(view.rule, labels));
      const note = reason ?? "no figures in the window any more";
      const observation = unknown(view.rule, view.day, note, labels, series);
      return reason === undefined ? { ...observation, verdict: "ok" } : observation;
    });
};

const advance = (
  observation: Observation,
  memory: AlertMemory | undefined,
  at: Date,
  silences: readonly Silence[],
): Change => {
  const { rule, labels } = observation;
  const before = memory ?? unremembered(at);
  const step = nextStep(before, {
    verdict: observation.verdict,
    day: observation.day,
    at,
    silenced: isSilenced(silences, rule.name, labels),
    forDays: rule.forDays,
    repeatMs: rule.repeatMs,
    notify: rule.notify,
  });
  const row: AlertRow = {
    rule: rule.name,
    series: observation.series,
    labels,
    metric: rule.metric,
    severity: rule.severity,
    memory: step.memory,
    from: before.state,
    value: observation.value,
    threshold: observation.threshold,
    currency: observation.currency,
    spend: observation.spend,
    conversions: observation.conversions,
    windowFrom: observation.window?.from ?? null,
    windowTo: observation.window?.to ?? null,
    explanation: plainExplanation(observation, step.memory.state),
  };
  return { row, saying: step.saying, observation };
};

/** An alert whose rule is no longer configured: it ends, and those who were told of it are told so. */
const close = (remembered: RememberedAlert, at: Date): Change => {
  const step = nextStep(remembered.memory, {
    verdict: "ok",
    day: "",
    at,
    silenced: false,
    forDays: 0,
    repeatMs: undefined,
    notify: [],
  });
  const row: AlertRow = {
    ...remembered,
    memory: step.memory,
    from: remembered.memory.state,
    value: null,
    threshold: null,
    currency: null,
    spend: null,
    conversions: null,
    windowFrom: null,
    windowTo: null,
    explanation: "the rule is no longer configured",
  };
  return { row, saying: step.saying, observation: undefined };
};

const announce = async (
  db: Kysely<DB>,
  changes: readonly Change[],
  rules: readonly AlertRule[],
): Promise<readonly Announcement[]> => {
  const said = changes.filter(({ saying }) => saying !== undefined);
  const explanations = await explainAll(db, said, rules);
  return said.flatMap(({ row, saying }) => {
    if (saying === undefined) return [];
    const explanation = explanations.get(alertKey(row.rule, row.series)) ?? row.explanation;
    return [
      {
        kind: saying.kind,
        to: saying.to,
        event: JSON.stringify([row.rule, row.series, saying.event]),
        alert: {
          name: row.rule,
          severity: row.severity,
          metric: row.metric,
          value: row.value,
          threshold: row.threshold,
          currency: row.currency,
          labels: row.labels,
          window:
            row.windowFrom === null || row.windowTo === null
              ? null
              : { from: row.windowFrom, to: row.windowTo },
          spend: row.spend,
          conversions: row.conversions,
          since: (row.memory.firingSince ?? row.memory.since).toISOString(),
          explanation,
        },
      },
    ];
  });
};

const countStates = (changes: readonly Change[]): Record<AlertState, number> => {
  const states = { inactive: 0, pending: 0, firing: 0, resolved: 0, no_data: 0 };
  for (const { row } of changes) states[row.memory.state] += 1;
  return states;
};
