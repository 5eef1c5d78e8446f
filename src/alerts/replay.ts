import type { Kysely } from "kysely";
import { addDays, type Day, type DayRange, eachDay } from "../domain/day.ts";
import type { Decimal } from "../domain/decimal.ts";
import { Failure } from "../domain/failure.ts";
import type { DB } from "../warehouse/schema.ts";
import type { Observation } from "./figures/observation.ts";
import { observe } from "./figures/observe.ts";
import { type AlertRule, isOperation, ruleOf } from "./rule/rule.ts";
import type { KnownAt } from "./figures/source.ts";
import { endOf } from "./figures/coverage.ts";
import type { AlertSettings } from "./rule/settings.ts";
import type { Labels } from "./figures/series.ts";
import { type AlertMemory, nextStep, unremembered } from "./state/state.ts";

/** A time that the rule would have begun to fire. */
export interface ReplayedFiring {
  readonly date: Day;
  readonly labels: Labels;
  readonly valueThen: Decimal | null;
  readonly valueNow: Decimal | null;
  readonly thresholdThen: Decimal | null;
  readonly currency: string | null;
  /** Whether the figures of today no longer breach the rule on that day. */
  readonly takenBack: boolean;
}

export interface Replay {
  readonly rule: string;
  readonly from: Day;
  readonly to: Day;
  /** Evaluated days, and those of them on which at least one series had no verdict. */
  readonly days: number;
  readonly daysWithoutData: number;
  readonly fired: number;
  readonly takenBack: number;
  readonly firings: readonly ReplayedFiring[];
  /** What the replay could not do as the evaluation of the day would have. */
  readonly notes: readonly string[];
}

/** The figures that an evaluation on the morning after had: until the end of the next day, its night included. */
const knownAfter = (day: Day): KnownAt => ({
  known: "then",
  at: (account) => endOf(account, addDays(day, 1)),
});

const look = async (parts: {
  readonly db: Kysely<DB>;
  readonly rule: AlertRule;
  readonly day: Day;
  readonly now: Date;
  readonly figures: KnownAt;
  readonly reportingCurrency: string | undefined;
}): Promise<readonly Observation[]> => {
  const { day, rule, ...rest } = parts;
  for await (const view of observe({ ...rest, rules: [rule], asOf: day, remembers: () => () => true })) {
    if (view.problem !== undefined) throw new Failure({ kind: "request", message: view.problem.message });
    return view.observations;
  }
  return [];
};

/**
 * What a rule would have said on each day of the range, on the figures as they were known then, and whether the
 * figures of today agree. Writes nothing, says nothing.
 * @throws Failure where the past of what the rule looks at is not kept
 */
export const replay = async (options: {
  readonly db: Kysely<DB>;
  readonly settings: AlertSettings;
  readonly range: DayRange;
  readonly now: Date;
  readonly reportingCurrency?: string | undefined;
  /** Between days. */
  readonly signal?: AbortSignal;
}): Promise<Replay> => {
  const { db, range, now, reportingCurrency } = options;
  const rule = ruleOf(options.settings);
  if (isOperation(rule.metric))
    throw new Failure({
      kind: "request",
      message: `alert ${rule.name} watches ${rule.metric}, whose past is not kept`,
      remedy: "replay a rule about figures",
    });
  const memories = new Map<string, AlertMemory>();
  const firings: ReplayedFiring[] = [];
  let daysWithoutData = 0;
  const days = eachDay(range);
  for (const day of days) {
    options.signal?.throwIfAborted();
    const shared = { db, rule, day, now, reportingCurrency };
    const then = await look({ ...shared, figures: knownAfter(day) });
    if (then.some(({ verdict }) => verdict === "no_data")) daysWithoutData += 1;
    const begun = then.filter((observation) => advance(memories, rule, observation, day));
    forgetUnseen(memories, rule, then, day);
    if (begun.length === 0) continue;
    const today = new Map(
      (await look({ ...shared, figures: { known: "now" } })).map((observation) => [
        observation.series,
        observation,
      ]),
    );
    for (const { series, labels, value, threshold, currency } of begun) {
      const agrees = today.get(series);
      firings.push({
        date: day,
        labels,
        valueThen: value,
        valueNow: agrees?.value ?? null,
        thresholdThen: threshold,
        currency,
        takenBack: agrees?.verdict !== "breach" && agrees?.verdict !== "no_data",
      });
    }
  }
  return {
    rule: rule.name,
    ...range,
    days: days.length,
    daysWithoutData,
    fired: firings.length,
    takenBack: firings.filter(({ takenBack }) => takenBack).length,
    firings,
    notes: notesOf(rule),
  };
};

const step = (
  memories: Map<string, AlertMemory>,
  rule: AlertRule,
  seen: { series: string; verdict: Observation["verdict"]; day: Day },
): boolean => {
  const at = new Date(`${addDays(seen.day, 1)}T00:00:00Z`);
  const before = memories.get(seen.series) ?? unremembered(at);
  const { memory } = nextStep(before, {
    verdict: seen.verdict,
    day: seen.day,
    at,
    silenced: true,
    forDays: rule.forDays,
    repeatMs: undefined,
    notify: [],
  });
  memories.set(seen.series, memory);
  return memory.episode > before.episode;
};

/** Moves one series on by a day; true where it begins to fire. */
const advance = (
  memories: Map<string, AlertMemory>,
  rule: AlertRule,
  { series, verdict }: Observation,
  day: Day,
): boolean => step(memories, rule, { series, verdict, day });

/** A series that had no figures any more is over, as in an evaluation. */
const forgetUnseen = (
  memories: Map<string, AlertMemory>,
  rule: AlertRule,
  then: readonly Observation[],
  day: Day,
): void => {
  const seen = new Set(then.map(({ series }) => series));
  for (const series of memories.keys())
    if (!seen.has(series)) step(memories, rule, { series, verdict: "ok", day });
};

const notesOf = (rule: AlertRule): readonly string[] =>
  rule.metric === "projected_cost_per_conversion"
    ? ["projections of the past are not kept: conversions count as they had been reported by then"]
    : [];
