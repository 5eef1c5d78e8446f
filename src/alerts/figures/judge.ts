import type { Decimal } from "../../domain/decimal.ts";
import { divide, exact, type Exact, multiply, one, toText } from "../../domain/decimal.ts";
import type { AlertRule } from "../rule/rule.ts";
import type { Sums } from "./sums.ts";
import type { FigureMetric, Metric } from "../rule/settings.ts";

export type Verdict = "breach" | "ok" | "no_data";

/** What a rule says of one series' sums. */
export interface Judgement {
  readonly verdict: Verdict;
  /** The figure that the value is held against; null where there is none to hold it against. */
  readonly limit: Exact | null;
}

/** What an anomaly rule expects of a series; absent while it has too little history. */
export interface Expectation {
  readonly low: Exact;
  readonly high: Exact;
}

interface Ratio {
  readonly part: Exact;
  readonly whole: Exact;
}

/** Which sum a metric divides by which; a sum by itself is over one. */
export const partsOf: Readonly<Record<FigureMetric, readonly [keyof Sums, (keyof Sums)?]>> = {
  cost_per_conversion: ["spend", "conversions"],
  projected_cost_per_conversion: ["spend", "projected"],
  cost_per_click: ["spend", "clicks"],
  conversion_rate: ["conversions", "clicks"],
  return_on_ad_spend: ["value", "spend"],
  spend: ["spend"],
  conversions: ["conversions"],
};

/** Whether a metric is made of amounts of money; one of counts alone is the same in every currency, without a rate. */
export const hasMoney = (metric: FigureMetric): boolean =>
  partsOf[metric].some((name) => name === "spend" || name === "value");

/** Whether a rule is judged by amounts of money. */
export const judgesMoney = ({ metric, minSpend }: Pick<AlertRule, "metric" | "minSpend">): boolean =>
  Number(minSpend) > 0 || hasMoney(metric as FigureMetric);

const ratioOf = (metric: Metric, sums: Sums): Ratio => {
  const [part, whole] = partsOf[metric as FigureMetric];
  return { part: sums[part], whole: whole === undefined ? one : sums[whole] };
};

/** The metric's figure, or null where its divisor is 0 or, where more was taken back than came in, below. */
export const figureOf = (metric: Metric, sums: Sums): Exact | null => {
  const { part, whole } = ratioOf(metric, sums);
  return whole <= 0n ? null : divide(part, whole);
};

export const figureText = (value: Exact | null): Decimal | null => (value === null ? null : toText(value));

const countsConversions = (metric: Metric): boolean =>
  metric === "cost_per_conversion" || metric === "projected_cost_per_conversion";

/** The direction in which a metric gets worse. Anomaly rules look at that side only; for spend, at both. */
const worse: Readonly<Partial<Record<Metric, "up" | "down">>> = {
  cost_per_conversion: "up",
  projected_cost_per_conversion: "up",
  cost_per_click: "up",
  conversions: "down",
  conversion_rate: "down",
  return_on_ad_spend: "down",
};

/** Prepares a rule's judgement; what it returns runs for every series and allocates next to nothing. */
export const judgeOf = (
  rule: AlertRule,
): ((now: Sums, before: Sums, expect?: () => Expectation | undefined) => Judgement) => {
  const { kind } = rule.condition;
  const limit = exact(rule.condition.limit);
  const minSpend = exact(rule.minSpend);
  const minConversions = exact(rule.minConversions);
  const { metric } = rule;
  const factor = kind === "changeBelow" ? one - limit / 100n : one + limit / 100n;
  const isFixed = kind === "above" || kind === "below";
  const quiet: Judgement = { verdict: "ok", limit: isFixed ? limit : null };
  const fixedBreach: Judgement = { verdict: "breach", limit };
  const say = (breach: boolean, against: Exact): Judgement => {
    if (isFixed) return breach ? fixedBreach : quiet;
    return { verdict: breach ? "breach" : "ok", limit: against };
  };

  /** `part / whole > against`, multiplied across; without a divisor, spend that reaches the threshold is too much. */
  const over = (now: Sums, against: Exact): boolean => {
    const { part, whole } = ratioOf(metric, now);
    if (whole <= 0n)
      return countsConversions(metric) && minConversions === 0n && part > 0n && part >= against;
    return part * one > against * whole;
  };
  const under = (now: Sums, against: Exact): boolean => {
    const { part, whole } = ratioOf(metric, now);
    return whole > 0n && part * one < against * whole;
  };

  return (now, before, expect) => {
    if (now.spend < minSpend) return quiet;
    if (minConversions > 0n && now.conversions < minConversions) return quiet;
    switch (kind) {
      case "stale":
        return quiet;
      case "above":
        return say(over(now, limit), limit);
      case "below":
        return say(under(now, limit), limit);
      case "changeAbove":
      case "changeBelow": {
        const earlier = figureOf(metric, before);
        if (earlier === null || earlier === 0n) return quiet;
        const against = multiply(earlier, factor);
        return say(kind === "changeAbove" ? over(now, against) : under(now, against), against);
      }
      case "anomaly": {
        const expected = expect?.();
        if (expected === undefined) return quiet;
        const high = worse[metric] !== "down" && over(now, expected.high);
        const low = worse[metric] !== "up" && under(now, expected.low);
        return say(high || low, low || worse[metric] === "down" ? expected.low : expected.high);
      }
    }
  };
};
