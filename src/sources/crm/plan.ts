import { dayAt } from "../../domain/day.ts";
import type { StreamAsk } from "../source.ts";

/** So many records are read as a whole each night: only that tells what vanished. */
const wholeUpTo = 50_000;
const dayMs = 86_400_000;

/** An index of a CRM lags a little behind, and some commit late with early times. */
const lagMs = 5 * 60_000;

/** What is read in one pull of a CRM's stream. */
export interface CrmPlan {
  readonly now: Date;
  /** Everything, or what changed in the window. */
  readonly whole: boolean;
  /** A day's overlap: upserts by id make it free. */
  readonly window: { readonly from: Date; readonly to: Date };
  /** The settings that say what a record means; another one reads everything again. */
  readonly rule: string;
  /** Whether what is stored was read by another rule. */
  readonly corrects: boolean;
  /** What else is to be remembered. */
  readonly state?: Readonly<Record<string, unknown>>;
}

/** Everything is read while there is little, on Sundays, when asked, and when a rule changed; else what changed. */
export const planOf = (
  { memory, full }: Pick<StreamAsk, "memory" | "full">,
  { rule, now, timeZone }: { readonly rule: string; readonly now: Date; readonly timeZone: string },
): CrmPlan => {
  const { mark, lastWholeAt, state } = memory;
  const isSunday = new Date(`${dayAt(now, timeZone)}T00:00:00Z`).getUTCDay() === 0;
  const knows = mark !== null && lastWholeAt !== null && state["rule"] === rule;
  return {
    now,
    whole:
      full ||
      !knows ||
      Number(state["records"] ?? 0) <= wholeUpTo ||
      isSunday ||
      now.getTime() - lastWholeAt.getTime() > 8 * dayMs,
    window: {
      from: new Date((mark ?? now).getTime() - dayMs),
      to: new Date(now.getTime() - lagMs),
    },
    rule,
    corrects: state["rule"] !== undefined && state["rule"] !== rule,
  };
};
