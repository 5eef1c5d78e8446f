import type { Day } from "../../domain/day.ts";
import type { Decimal } from "../../domain/decimal.ts";

/** What `/api` answers to those who run costper. Words and types as in answers.ts. */

export interface NightState {
  readonly next_at: string;
  /** As cron, on the clock of `time_zone`. */
  readonly schedule: string;
  readonly time_zone: string;
  /** Of the night under way: how many of its jobs are over. */
  readonly running: { readonly began_at: string; readonly done: number; readonly all: number } | null;
  /** Whether this process can begin one, and this person may. */
  readonly may_begin: boolean;
  /** Whether this process has the job board, under /queues. */
  readonly has_board: boolean;
}

/** Who asks, and what every view shows around the figures. */
export interface SessionAnswer {
  /** Null where no token guards the server. */
  readonly name: string | null;
  readonly role: "reader" | "operator" | null;
  readonly may_operate: boolean;
  readonly firing: number;
  readonly night: NightState;
}

export interface SilenceAnswer {
  readonly id: string;
  readonly rule: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly starts_at: string;
  readonly ends_at: string;
  readonly made_by: string | null;
  readonly reason: string | null;
}

/** Something that people know of a day. Without a platform it is about everything. */
export interface NoteAnswer {
  readonly id: string;
  readonly date: Day;
  readonly platform: string | null;
  readonly account_id: string | null;
  readonly account_name: string | null;
  readonly campaign_id: string | null;
  readonly campaign_name: string | null;
  readonly text: string;
  readonly made_by: string | null;
  readonly made_at: string;
  readonly changed_at: string | null;
}

export interface RuleAnswer {
  readonly name: string;
  /** The rule as the configuration has it, defaults filled in. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly yaml: string;
}

export interface ReplayAnswer {
  readonly days: number;
  readonly days_without_data: number;
  readonly fired: number;
  readonly taken_back: number;
  readonly firings: readonly {
    readonly date: Day;
    readonly labels: Readonly<Record<string, string>>;
    readonly value_then: Decimal | null;
    readonly value_now: Decimal | null;
    readonly threshold: Decimal | null;
    readonly currency: string | null;
    readonly taken_back: boolean;
  }[];
  readonly notes: readonly string[];
  /** What is put under `alerts` of costper.yaml. */
  readonly yaml: string;
}
