import { addDays, type DayRange } from "../../domain/day.ts";
import type { AlertRule } from "../rule/rule.ts";
import type { CoveredAccount } from "./coverage.ts";

/** The days of an account that a rule looks at. */
export const windowOf = (
  account: CoveredAccount,
  { windowDays, settleDays }: Pick<AlertRule, "windowDays" | "settleDays">,
): DayRange => {
  const to = addDays(account.youngest, -settleDays);
  return { from: addDays(to, 1 - windowDays), to };
};

const changes = ({ condition }: AlertRule): boolean =>
  condition.kind === "changeAbove" || condition.kind === "changeBelow";

/** The days of an account that must be whole before a rule says anything of it. */
export const judgedDays = (account: CoveredAccount, rule: AlertRule): DayRange => {
  const window = windowOf(account, rule);
  return changes(rule) ? { ...window, from: addDays(window.from, -rule.windowDays) } : window;
};

/** Whether the window before is added up too. By action always: a series that has just ended is still one. */
export const looksBefore = (rule: AlertRule): boolean => rule.grain === "action" || changes(rule);
