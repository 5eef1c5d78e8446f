import { namesAccount } from "../../connectors/account-ids.ts";
import { isPlatform } from "../../connectors/registry.ts";
import { wholeDays } from "./duration.ts";
import { operationMetrics } from "./settings.ts";

/** One thing that is wrong with the configuration, and where. */
export interface AlertProblem {
  /** Such as `alerts[0].notify[1]`. */
  readonly path: string;
  readonly message: string;
}

/** Days that the platforms, and so the warehouse, can hold at most: 37 months. */
const historyDays = 1_125;

export const conditionKeys = ["above", "below", "changeAbove", "changeBelow", "anomaly"] as const;

const moneyMetrics = new Set([
  "cost_per_conversion",
  "projected_cost_per_conversion",
  "spend",
  "cost_per_click",
]);
const operations = new Set<unknown>(operationMetrics);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const asList = (value: unknown): readonly unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

const daysOf = (value: unknown): number => (typeof value === "string" ? (wholeDays(value) ?? 0) : 0);

/** The accounts that the configuration is known to reach, where it is known. */
export interface KnownAccount {
  readonly platform: string;
  readonly accountId: string;
  readonly currency: string;
}

/**
 * What is wrong with rules and notifiers beyond their single fields (those are the schemas' part). Takes the
 * configuration as it was written, broken ones included, so that everything can be said at once.
 */
export const alertProblems = (
  config: unknown,
  accountsCurrencies: readonly KnownAccount[] = [],
): readonly AlertProblem[] => {
  if (!isRecord(config) || !Array.isArray(config["alerts"])) return [];
  const notifiers = isRecord(config["notifiers"]) ? Object.keys(config["notifiers"]) : [];
  const names = new Map<string, number>();
  return config["alerts"].flatMap((rule, index) => {
    const path = `alerts[${String(index)}]`;
    if (!isRecord(rule)) return [];
    const problems: AlertProblem[] = [];
    const say = (key: string, message: string): void =>
      void problems.push({ path: key === "" ? path : `${path}.${key}`, message });

    if (typeof rule["name"] === "string") {
      const earlier = names.get(rule["name"]);
      if (earlier === undefined) names.set(rule["name"], index);
      else say("name", `is the name of alerts[${String(earlier)}] too`);
    }
    for (const [position, name] of asList(rule["notify"]).entries())
      if (typeof name === "string" && !notifiers.includes(name))
        say(
          `notify[${String(position)}]`,
          `no notifier is called ${name}; there is ${notifiers.join(", ") || "none"}`,
        );
    checkCondition(rule, say);
    checkWindow(rule, say);
    checkKeys(rule, say);
    checkCurrency(rule, accountsCurrencies, say);
    return problems;
  });
};

type Rule = Record<string, unknown>;
type Say = (key: string, message: string) => void;

const checkCondition = (rule: Rule, say: Say): void => {
  const given = conditionKeys.filter((key) => rule[key] !== undefined && rule[key] !== null);
  if (given.length === 0 && rule["metric"] !== "freshness")
    say("", `needs one of ${conditionKeys.join(", ")}`);
  if (given.length > 1) say(given[1] ?? "", `stands beside ${given[0] ?? ""}; a rule has one condition`);
  const [condition] = given;
  if (operations.has(rule["metric"]) && condition !== undefined && !["above", "below"].includes(condition))
    say(condition, `does not go with ${String(rule["metric"])}; use above`);
};

const checkWindow = (rule: Rule, say: Say): void => {
  const window = daysOf(rule["window"] ?? "7d");
  const twice = rule["changeAbove"] !== undefined || rule["changeBelow"] !== undefined;
  const reach = window * (twice ? 2 : 1) + daysOf(rule["settle"]) + (rule["anomaly"] === undefined ? 0 : 28);
  if (reach > historyDays)
    say("window", `reaches back ${String(reach)} days; figures are kept for ${String(historyDays)}`);
};

const checkKeys = (rule: Rule, say: Say): void => {
  const by = asList(rule["by"]);
  const where = isRecord(rule["where"]) ? rule["where"] : {};
  if (new Set(by).size < by.length) say("by", "names a key twice");
  const touches = (key: string): boolean => by.includes(key) || where[key] !== undefined;
  if (touches("network") && touches("action"))
    say(
      by.includes("action") ? "by" : "where.action",
      "figures are kept by network or by action, not by both",
    );
  if (
    touches("action") &&
    ["cost_per_click", "projected_cost_per_conversion"].includes(String(rule["metric"]))
  )
    say("metric", `${String(rule["metric"])} is not known by action`);
  if (touches("action") && rule["metric"] === "spend") say("metric", "spend is not split among actions");
  if (where["source"] !== undefined) {
    if (!["freshness", "sync_failure"].includes(String(rule["metric"])))
      say("where.source", "goes with freshness and sync_failure");
    for (const key of ["platform", "account"])
      if (touches(key))
        say(by.includes(key) ? "by" : `where.${key}`, "does not go with where.source; a source has none");
  }
  if (!operations.has(rule["metric"])) return;
  for (const key of ["campaign", "network", "action"])
    if (touches(key))
      say(by.includes(key) ? "by" : `where.${key}`, `${String(rule["metric"])} is known by account only`);
};

/** Whether the rule compares an amount of money with a fixed one. */
const hasAmount = (rule: Rule): boolean =>
  (moneyMetrics.has(String(rule["metric"])) &&
    (rule["above"] !== undefined || rule["below"] !== undefined)) ||
  (rule["minSpend"] !== undefined && Number(rule["minSpend"]) > 0);

const checkCurrency = (rule: Rule, accounts: readonly KnownAccount[], say: Say): void => {
  if (rule["currency"] !== undefined || !hasAmount(rule)) return;
  const where = isRecord(rule["where"]) ? rule["where"] : {};
  const wanted = asList(where["platform"]);
  const ids = asList(where["account"]).map(String);
  const currencies = accounts
    .filter(({ platform }) => wanted.length === 0 || wanted.includes(platform))
    .filter(
      ({ platform, accountId }) =>
        ids.length === 0 ||
        ids.some((id) => (isPlatform(platform) ? namesAccount(platform, id, accountId) : id === accountId)),
    )
    .map(({ currency }) => currency);
  const distinct = [...new Set(currencies)].sort();
  if (distinct.length > 1)
    say(
      "currency",
      `is needed: the accounts spend in ${distinct.join(", ")}, and an amount means one of them`,
    );
};
