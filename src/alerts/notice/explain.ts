import type { Kysely } from "kysely";
import type { DB } from "../../warehouse/schema.ts";
import { exact, toText } from "../../domain/decimal.ts";
import { evidenceOf } from "../figures/evidence.ts";
import { evidenceText } from "./evidence-text.ts";
import { partsOf } from "../figures/judge.ts";
import type { Metric } from "../rule/settings.ts";
import { type AlertRow, alertKey } from "../state/memory.ts";
import type { Observation } from "../figures/observation.ts";
import { type AlertRule, isOperation } from "../rule/rule.ts";
import type { AlertState } from "../state/state.ts";

/** Sums are shown with two decimals, shares with four. */
const shown = (text: string | null, metric: string): string =>
  text === null ? "none" : toText(exact(text), metric === "conversion_rate" ? 4 : 2);

const units: Readonly<Record<string, string>> = { freshness: " hours", sync_failure: " failed in a row" };

const moneyMetrics = new Set([
  "cost_per_conversion",
  "projected_cost_per_conversion",
  "spend",
  "cost_per_click",
  "reconciliation_difference",
]);

const conditionText = ({ rule, threshold, currency }: Observation): string => {
  const { kind, limit } = rule.condition;
  const unit = moneyMetrics.has(rule.metric) && currency !== null ? ` ${currency}` : "";
  const figure = `${shown(threshold, rule.metric)}${unit}`;
  switch (kind) {
    case "above":
    case "below":
      return `threshold: ${kind} ${figure}${units[rule.metric] ?? ""}`;
    case "changeAbove":
    case "changeBelow":
      return `threshold: ${figure}, ${limit}% ${kind === "changeAbove" ? "over" : "under"} the window before`;
    case "stale":
      return `threshold: ${figure}${units[rule.metric] ?? ""}, since the day that the last night should have brought`;
    case "anomaly":
      return `threshold: ${figure}, ${limit} times the usual spread about the same weekdays`;
  }
};

/** What a ratio was not divided by. */
const lacking = (metric: Metric): string => {
  const [, divisor] = isOperation(metric) ? [] : partsOf[metric];
  if (divisor === "clicks") return "were no clicks";
  return divisor === "spend" ? "was no spend" : "were no conversions";
};

/** What the figures alone tell: value, threshold, window, spend and conversions. */
export const plainExplanation = (observation: Observation, state: AlertState): string => {
  const { rule, value, window, spend, conversions, currency, note } = observation;
  if (state === "no_data" || (value === null && spend === null && note !== "")) return note;
  const unit =
    moneyMetrics.has(rule.metric) && currency !== null ? ` ${currency}` : (units[rule.metric] ?? "");
  const figure =
    value === null ? `none, since there ${lacking(rule.metric)}` : `${shown(value, rule.metric)}${unit}`;
  const parts = [`${rule.metric} is ${figure} (${conditionText(observation)})`];
  if (window !== null) parts.push(`window ${window.from} to ${window.to}`);
  if (spend !== null) parts.push(`spend ${shown(spend, "spend")}${currency === null ? "" : ` ${currency}`}`);
  if (conversions !== null) parts.push(`conversions ${shown(conversions, "conversions")}`);
  if (state === "pending") parts.push(`waits until it has held on ${String(rule.forDays)} days`);
  if (note !== "") parts.push(note);
  return parts.join("; ");
};

/** For so many alerts of one evaluation the evidence is looked up; the others have their figures only. */
const toldInFull = 50;

/** The whole explanation of what is about to be said, by alert. */
export const explainAll = async (
  db: Kysely<DB>,
  said: readonly { readonly row: AlertRow; readonly observation: Observation | undefined }[],
  rules: readonly AlertRule[],
): Promise<ReadonlyMap<string, string>> => {
  const byName = new Map(rules.map((rule) => [rule.name, rule]));
  const texts = new Map<string, string>();
  for (const { row, observation } of said.slice(0, toldInFull)) {
    const rule = byName.get(row.rule);
    if (
      rule === undefined ||
      observation === undefined ||
      observation.window === null ||
      isOperation(rule.metric)
    )
      continue;
    const evidence = await evidenceOf({ db, rule, observation, window: observation.window });
    const more = evidence === undefined ? [] : evidenceText(evidence, rule);
    texts.set(alertKey(row.rule, row.series), [row.explanation, ...more].join("; "));
  }
  return texts;
};
