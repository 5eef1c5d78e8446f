import { type AlertRule, anomalyReachDays, type Grain } from "../rule/rule.ts";
import { deliveryRule } from "./series.ts";
import { looksBefore } from "./windows.ts";

/** What a rule adds up. Rules that differ only in what they make of the sums ask for the same. */
export interface SumsAsk {
  readonly key: string;
  /** Whose accounts, filters and series they are. */
  readonly rule: AlertRule;
  readonly grain: Grain;
  /** The currency to convert to, at each day's rate; absent: as the account spends. */
  readonly currency: string | undefined;
  /** Campaign by campaign, for series or filters that tell them apart. */
  readonly detailed: boolean;
  /** Each day by itself, for what is usual; else windows. */
  readonly daily: boolean;
  /** Ages at which a run of days begins, 0 is an account's youngest day; the last is where the oldest run ends. */
  readonly cuts: readonly number[];
}

const isAnomaly = ({ condition }: AlertRule): boolean => condition.kind === "anomaly";

/** How many days back a rule looks. */
const reachOfRule = (rule: AlertRule): number =>
  rule.settleDays + rule.windowDays + Math.max(rule.windowDays, isAnomaly(rule) ? anomalyReachDays : 0);

export const longestReach = (rules: readonly AlertRule[]): number => Math.max(1, ...rules.map(reachOfRule));

/** @param days how far back the rules look that learn what is usual: all alike, so that they share their days */
export const asksOf = (
  rule: AlertRule,
  currency: string | undefined,
  days: number,
): { readonly own: SumsAsk; readonly whole: SumsAsk | undefined } => {
  const daily = isAnomaly(rule);
  const windows = [0, 1, ...(looksBefore(rule) ? [2] : [])];
  const cuts = daily
    ? Array.from({ length: days + 1 }, (_, age) => age)
    : windows.map((count) => rule.settleDays + count * rule.windowDays);
  const ask = (asking: AlertRule, grain: Grain): SumsAsk => ({
    key: JSON.stringify([
      grain,
      currency,
      daily,
      cuts.at(0),
      cuts.at(1),
      cuts.at(-1),
      asking.by,
      asking.filterKey,
    ]),
    rule: asking,
    grain,
    currency,
    detailed: asking.by.includes("campaign") || asking.patterns.campaign !== undefined,
    daily,
    cuts,
  });
  return {
    own: ask(rule, rule.grain),
    whole: rule.grain === "action" ? ask(deliveryRule(rule), "campaign") : undefined,
  };
};

/** Asks that one statement answers. */
export const groupOf = ({ grain, currency, detailed, daily }: SumsAsk): string =>
  JSON.stringify([grain, currency, detailed, daily]);
