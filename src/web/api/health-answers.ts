import type { Day } from "../../domain/day.ts";
import type { Decimal } from "../../domain/decimal.ts";
import type { Range } from "./answers.ts";

/** What `/api` answers about the work behind the figures: account-days, jobs, alerts. Words and types as in answers.ts. */

export interface Health {
  readonly range: Range;
  readonly count: number;
  readonly page: number;
  readonly size: number;
  readonly accounts: readonly {
    readonly platform: string;
    readonly account_id: string;
    readonly account_name: string | null;
    readonly last_good_date: Day | null;
    /** Whether a night that was due did not bring the day that it should have; false for closed accounts. */
    readonly stale: boolean;
    readonly fetched_at: string | null;
    /** Who paused it, since when and why: nothing is pulled of it. Null where nobody did. */
    readonly paused: {
      readonly since: string;
      readonly by: string | null;
      readonly reason: string | null;
    } | null;
    /** One letter a day: c complete, s no spend, n not fetched, f failed, x closed, d differs from the platform, - never asked. */
    readonly states: string;
    readonly notes: readonly { readonly date: Day; readonly text: string }[];
  }[];
  readonly night: readonly {
    readonly platform: string;
    readonly account_id: string;
    readonly account_name: string | null;
    readonly from_date: Day;
    readonly to_date: Day;
    readonly outcome: string;
    readonly failure: string | null;
    readonly remedy: string | null;
    readonly rows_read: string;
    readonly started_at: string;
    readonly finished_at: string | null;
    /** Whether it met a closed account: nothing is left to mend. */
    readonly closed: boolean;
  }[];
  /** Sources of first-party data, stream by stream; empty where there are none. */
  readonly sources: readonly {
    readonly source: string;
    readonly stream: string;
    readonly type: string;
    readonly outcome: string;
    readonly last_good_at: string | null;
    readonly rows_read: string;
    readonly failure: string | null;
    readonly remedy: string | null;
  }[];
  /** Calls of each platform by UTC day, of the last week; empty where none were counted. */
  readonly usage: readonly {
    readonly platform: string;
    readonly date: Day;
    readonly calls: Decimal;
    /** Those that a limit answered. */
    readonly refused: Decimal;
  }[];
  /** Who wants no calls until when; without an account: the whole platform. */
  readonly pauses: readonly {
    readonly platform: string;
    readonly account_id: string | null;
    readonly account_name: string | null;
    readonly until: string;
  }[];
  /** Tokens that end some day. */
  readonly credentials: readonly { readonly platform: string; readonly expires_at: string }[];
  /** What was given up; null where this process has no queue to put it back into. */
  readonly jobs: {
    /** Whether it may be put back by whoever asks: only an operator may. */
    readonly may_retry: boolean;
    readonly failed: readonly FailedJob[];
  } | null;
}

/** A job that was given up. */
export interface FailedJob {
  readonly job_id: string;
  readonly kind: string;
  readonly platform: string | null;
  readonly account_id: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly attempts: number;
  readonly failure: string | null;
  readonly remedy: string | null;
  readonly changed_at: string | Date;
}

export interface AlertAnswer {
  readonly rule: string;
  readonly series: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly state: string;
  readonly severity: string;
  readonly metric: string;
  readonly value: Decimal | null;
  readonly threshold: Decimal | null;
  readonly currency: string | null;
  readonly since: string;
  readonly last_notified: string | null;
  readonly explanation: string;
  readonly silenced_until: string | null;
  readonly history: readonly {
    readonly at: string;
    readonly value: Decimal | null;
    readonly state: string;
  }[];
  /** The figure that the rule watches, as it stands for the window that ends on each day; null where it cannot be told. */
  readonly daily: {
    readonly from: Day;
    readonly window_days: number;
    readonly values: readonly (Decimal | null)[];
  } | null;
}

export interface Alerts {
  /** False: no rule was ever evaluated. */
  readonly known: boolean;
  /** Whether an operator asks, who may silence. */
  readonly may_silence: boolean;
  readonly alerts: readonly AlertAnswer[];
  readonly events: readonly {
    readonly rule: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly from_state: string;
    readonly to_state: string;
    readonly value: Decimal | null;
    readonly explanation: string;
    readonly occurred_at: string;
  }[];
}
