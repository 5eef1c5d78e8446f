import type { Day, DayRange } from "../../domain/day.ts";
import type { Decimal } from "../../domain/decimal.ts";

/** What a morning says. Amounts, counts and shares are decimal text; null is unknown, never 0. */

/** Sums of days and the ratio of those sums. */
export interface Cost {
  readonly spend: Decimal | null;
  readonly conversions: Decimal | null;
  readonly cost_per_conversion: Decimal | null;
}

/**
 * Why cost per conversion moved. The first four are the rule; `no_clicks` stands for campaigns that were billed or
 * converted without a click, `spend` and `conversions` for days that no click explains. See docs/morning.md.
 */
export type DriverName =
  | "click_price"
  | "conversion_rate"
  | "platform_mix"
  | "campaign_mix"
  | "no_clicks"
  | "spend"
  | "conversions";

/** One part of the change, the largest first; all `amount`s add up to the change, and all `shown` to the shown one. */
export interface Driver {
  readonly driver: DriverName;
  readonly amount: Decimal;
  /** The same in units that are paid in (cents). */
  readonly shown: Decimal;
  /** "fewer clicks converted: +2.10 EUR" */
  readonly text: string;
}

/** How the two sides of a comparison were made alike: as known at the same age, or both as expected to end. */
export type Method = "same_age" | "projection";

export interface Compared {
  readonly now: Cost;
  readonly before: Cost;
  /** now less before; null where one of them has no cost per conversion. */
  readonly change: Decimal | null;
  readonly shown_change: Decimal | null;
  /** Of the cost before: 0.05 is 5 % dearer. */
  readonly change_share: Decimal | null;
  readonly drivers: readonly Driver[];
}

/** All platforms together (platform null), or one of them. */
export interface Side {
  readonly platform: string | null;
  readonly clicks: Decimal;
  /** As reported until now. */
  readonly reported: Cost;
  /** As expected once late conversions are in; the same as reported where the days are final. */
  readonly expected: Cost;
  readonly is_final: boolean;
  /** Null where nothing of it can be compared: `words.change` says why. */
  readonly compared: Compared | null;
  readonly words: { readonly cost: string; readonly change: string; readonly why: string };
}

/** A campaign that moved the cost per conversion of all, in that cost's money; all campaigns add up to the change. */
export interface Mover {
  readonly platform: string;
  readonly account_id: string;
  readonly account_name: string | null;
  readonly campaign_id: string;
  readonly campaign_name: string | null;
  readonly contribution: Decimal;
  readonly now: Cost;
  readonly before: Cost;
  readonly text: string;
}

export interface AccountBehind {
  readonly platform: string;
  readonly account_id: string;
  readonly account_name: string | null;
  readonly last_good_date: Day | null;
  readonly cause: string | null;
}

export interface LeftOut {
  readonly platform: string;
  readonly account_id: string;
  readonly account_name: string | null;
  readonly reason: string;
}

export interface Morning {
  /** The days that are told of: one, or a week; null where no account has a whole day yet. */
  readonly period: DayRange | null;
  /** Whether the last day is yesterday on the clock that is asked by; else nothing younger is whole. */
  readonly is_yesterday: boolean;
  /** Whether an active account lacks a day of it: its figures are left out on both sides. */
  readonly partial: boolean;
  readonly fresh: {
    /** When the youngest of these figures were fetched. */
    readonly as_of: string | null;
    readonly accounts: number;
    readonly accounts_whole: number;
    readonly behind: readonly AccountBehind[];
    /** "as of 03:41, 8 of 8 accounts" */
    readonly text: string;
  };
  readonly against: {
    readonly period: DayRange;
    /** Null where no account can be compared. */
    readonly method: Method | null;
    readonly left_out: readonly LeftOut[];
    /** "Saturday, 21 November 2026, as it was known at the same age" */
    readonly text: string;
  } | null;
  /** One per currency; several only where currencies are kept apart. */
  readonly groups: readonly {
    readonly currency: string;
    readonly all: Side;
    readonly platforms: readonly Side[];
    /** At most five, those that moved it most first. */
    readonly movers: readonly Mover[];
  }[];
}
