import { type Kysely, sql } from "kysely";
import { stringify } from "yaml";
import * as z from "zod";
import { replay } from "../../alerts/replay.ts";
import { alertProblems, type KnownAccount } from "../../alerts/rule/problems.ts";
import { type AlertSettings, alertSettings } from "../../alerts/rule/settings.ts";
import { addDays, countDays, dayAt } from "../../domain/day.ts";
import { Failure } from "../../domain/failure.ts";
import type { DB } from "../../warehouse/schema.ts";
import { WebProblem } from "../failures.ts";
import type { ReplayAnswer, RuleAnswer } from "./operating-answers.ts";
import { dayKey } from "./ranges.ts";
import { onSnapshot } from "./read.ts";

const longestDays = 92;
const longestMs = 20_000;

/** As a person would write it: what is empty is left out. */
const yamlOf = (rule: Readonly<Record<string, unknown>>): string => {
  const isEmpty = (value: unknown): boolean =>
    value === undefined ||
    value === null ||
    (typeof value === "object" && Object.values(value).every(isEmpty));
  const kept = Object.entries(rule).filter(([, value]) => !isEmpty(value));
  return stringify([Object.fromEntries(kept)], { lineWidth: 0 });
};

/** The rules of the configuration, and the notifiers that a rule can name. */
export const rules = (
  settings: readonly AlertSettings[],
  notifiers: readonly string[],
): { readonly rules: readonly RuleAnswer[]; readonly notifiers: readonly string[] } => ({
  rules: settings.map((rule) => ({ name: rule.name, settings: rule, yaml: yamlOf(rule) })),
  notifiers,
});

export const replayBody = z.strictObject({
  /** A rule as costper.yaml has it. */
  rule: z.record(z.string().max(100), z.unknown()),
  from: dayKey,
  to: dayKey,
});

const knownAccounts = async (db: Kysely<DB>): Promise<readonly KnownAccount[]> => {
  const { rows } = await sql<KnownAccount>`
    select platform, account_id as "accountId", currency from warehouse.account where series_to is null`.execute(
    db,
  );
  return rows;
};

/** The rule, checked as costper.yaml would be. @throws WebProblem that says everything that is wrong with it */
const checkedRule = (
  written: Readonly<Record<string, unknown>>,
  notifiers: readonly string[],
  accounts: readonly KnownAccount[],
): AlertSettings => {
  const parsed = alertSettings().safeParse([written]);
  const problems = [
    ...(parsed.success
      ? []
      : parsed.error.issues.map(({ path, message }) => `${path.slice(1).join(".") || "rule"}: ${message}`)),
    ...alertProblems(
      { alerts: [written], notifiers: Object.fromEntries(notifiers.map((name) => [name, {}])) },
      accounts,
    ).map(({ path, message }) => `${path.replace(/^alerts\[0\]\.?/, "") || "rule"}: ${message}`),
  ];
  const rule = parsed.data?.[0];
  if (rule === undefined || problems.length > 0)
    throw new WebProblem(400, [...new Set(problems)].join("; "), "mend the rule, and try it again");
  return rule;
};

const checkedRange = ({ from, to }: { readonly from: string; readonly to: string }, now: Date) => {
  if (from > to) throw new WebProblem(400, "from: is later than to", "turn them round");
  if (countDays({ from, to }) > longestDays)
    throw new WebProblem(
      400,
      `from: the range is longer than ${String(longestDays)} days`,
      "shorten it; costper alerts replay takes any",
    );
  if (to > addDays(dayAt(now, "UTC"), 1))
    throw new WebProblem(400, "to: lies in the future", "choose a day that is over");
  return { from, to };
};

/** Tries rules, one at a time: what each would have said on the figures as they were known then. Writes nothing. */
export const openReplays = (options: {
  readonly db: Kysely<DB>;
  readonly notifiers: readonly string[];
  readonly reportingCurrency: string | undefined;
}) => {
  const { db, notifiers, reportingCurrency } = options;
  let busy = false;
  return async (body: z.infer<typeof replayBody>, gone: AbortSignal): Promise<ReplayAnswer> => {
    const now = new Date();
    const range = checkedRange(body, now);
    if (busy)
      throw new WebProblem(429, "another rule is being tried", "wait a few seconds, and try it again");
    busy = true;
    const tooLong = AbortSignal.timeout(longestMs);
    try {
      return await onSnapshot(db, async (snapshot) => {
        const settings = checkedRule(body.rule, notifiers, await knownAccounts(snapshot));
        const tried = await replay({
          db: snapshot,
          settings,
          range,
          now,
          reportingCurrency,
          signal: AbortSignal.any([tooLong, gone]),
        });
        return {
          days: tried.days,
          days_without_data: tried.daysWithoutData,
          fired: tried.fired,
          taken_back: tried.takenBack,
          firings: tried.firings.map(({ date, labels, valueThen, valueNow, thresholdThen, ...firing }) => ({
            date,
            labels,
            value_then: valueThen,
            value_now: valueNow,
            threshold: thresholdThen,
            currency: firing.currency,
            taken_back: firing.takenBack,
          })),
          notes: tried.notes,
          yaml: yamlOf(body.rule),
        };
      });
    } catch (error) {
      // The rule, or the past of what it looks at, cannot be judged.
      if (error instanceof Failure && error.kind === "request")
        throw new WebProblem(400, error.message, error.remedy);
      if (!tooLong.aborted) throw error;
      throw new WebProblem(
        503,
        `the rule was not through after ${String(longestMs / 1000)} s`,
        "choose fewer days, or run costper alerts replay",
      );
    } finally {
      busy = false;
    }
  };
};
