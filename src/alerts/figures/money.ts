import type { AlertRule } from "../rule/rule.ts";
import type { CoveredAccount } from "./coverage.ts";

/** How to read a rule's amounts: in the accounts' own currency, converted, not at all, or not without a `currency`. */
export type Money =
  | { readonly kind: "own"; readonly currency: string | null }
  | { readonly kind: "converted"; readonly currency: string }
  | { readonly kind: "mixed" }
  | { readonly kind: "error"; readonly message: string };

const amounts = new Set(["cost_per_conversion", "projected_cost_per_conversion", "spend", "cost_per_click"]);

/** Whether a rule names an amount of money, which only makes sense in one currency. */
const saysAmount = ({ metric, condition, minSpend }: AlertRule): boolean =>
  (amounts.has(metric) && (condition.kind === "above" || condition.kind === "below")) || Number(minSpend) > 0;

/** @param accounts those that the rule matches and that have figures */
export const moneyOf = (
  rule: AlertRule,
  accounts: readonly CoveredAccount[],
  reportingCurrency: string | undefined,
): Money => {
  const currencies = [...new Set(accounts.flatMap(({ currency }) => currency ?? []))].sort();
  if (rule.currency !== undefined)
    return currencies.every((currency) => currency === rule.currency)
      ? { kind: "own", currency: rule.currency }
      : { kind: "converted", currency: rule.currency };
  if (currencies.length <= 1) return { kind: "own", currency: currencies[0] ?? null };
  if (saysAmount(rule))
    return {
      kind: "error",
      message: `alert ${rule.name} names an amount without a currency, but its accounts spend in ${currencies.join(", ")}: set currency`,
    };
  if (rule.by.some((key) => key === "account" || key === "campaign" || key === "action"))
    return { kind: "own", currency: null };
  if (reportingCurrency !== undefined) return { kind: "converted", currency: reportingCurrency };
  if (rule.metric === "conversions" || rule.metric === "conversion_rate") return { kind: "mixed" };
  return {
    kind: "error",
    message: `alert ${rule.name} adds up ${currencies.join(", ")}: set its currency, or reportingCurrency`,
  };
};
