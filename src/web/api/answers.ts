import type { BreakdownName } from "../../domain/breakdown.ts";
import type { Day } from "../../domain/day.ts";
import type { Decimal } from "../../domain/decimal.ts";

/**
 * What `/api` answers, shared with the page. Names are those of the mart's columns. Amounts, counts and shares are
 * decimal text; null is unknown, never 0.
 */

/** Sums of a group and the ratios of those sums. Amounts are in the group's currency. */
export interface Figures {
  readonly spend: Decimal | null;
  readonly impressions: Decimal | null;
  readonly clicks: Decimal | null;
  readonly conversions: Decimal | null;
  readonly conversion_value: Decimal | null;
  readonly organic_conversions: Decimal | null;
  readonly cost_per_conversion: Decimal | null;
  readonly cost_per_click: Decimal | null;
  readonly conversion_rate: Decimal | null;
  readonly return_on_ad_spend: Decimal | null;
}

export interface Range {
  readonly from: Day;
  readonly to: Day;
}

/** In which currency amounts are given: the reporting one, one account currency, or each account's own, apart. */
export interface CurrencyChoice {
  readonly mode: "reporting" | "account" | "each";
  readonly code: string | null;
  readonly reporting: string | null;
  readonly available: readonly string[];
}

/** Figures as reported, and what they are expected to be once their days are final. */
export interface ExpectedFigures extends Figures {
  /** The same as the conversions where every day is final; null where nothing is known of a day. */
  readonly projected_conversions: Decimal | null;
  readonly projected_cost_per_conversion: Decimal | null;
  readonly is_final: boolean;
}

export interface Period {
  readonly date: Day;
  /** Empty: all platforms together. */
  readonly platform: string;
  readonly currency: string | null;
  readonly spend: Decimal | null;
  readonly conversions: Decimal;
  readonly conversion_value: Decimal | null;
  readonly cost_per_conversion: Decimal | null;
  /** Null where the period is final. */
  readonly projected_cost_per_conversion: Decimal | null;
  readonly projected_conversions: Decimal | null;
  readonly return_on_ad_spend: Decimal | null;
  readonly is_final: boolean;
}

/** Two ranges side by side, of the accounts that have both whole. */
export interface Comparison {
  readonly now: ExpectedFigures;
  readonly before: ExpectedFigures;
}

export interface Overview {
  readonly range: Range;
  /** What the range is compared with; null where that is not wanted. */
  readonly before: Range | null;
  readonly grain: "day" | "week" | "month";
  /** The days of the periods: of a range of one day, the month up to it. */
  readonly drawn: Range;
  readonly currency: CurrencyChoice;
  /** One per currency; several only where currencies are kept apart. */
  readonly groups: readonly {
    readonly currency: string | null;
    readonly now: ExpectedFigures;
    /** Null where there is nothing to compare. */
    readonly compared: Comparison | null;
    readonly periods: readonly Period[];
  }[];
  /** Account-days of the range that are not good: missing, failed, or apart from the platform's total. */
  readonly gaps: number;
  /** Accounts that are in no comparison, since a day of theirs was not fetched whole, out of how many. */
  readonly left_out: number;
  readonly accounts: number;
}

export const breakdowns = ["platform", "account", "campaign", "ad_group", "ad", "network", "action"] as const;
/** Those of every account, and those that a connector brings only where its settings ask for them. */
export type BreakdownBy = (typeof breakdowns)[number] | BreakdownName;

export interface BreakdownRow extends Figures {
  readonly platform: string;
  readonly account_id: string | null;
  readonly account_name: string | null;
  readonly campaign_id: string | null;
  readonly campaign_name: string | null;
  /** Empty: figures of the campaign that belong to none of its ad groups. */
  readonly ad_group_id: string | null;
  readonly ad_group_name: string | null;
  /** Of a network its name; of an action its name, or its id where it has none; of an ad its name. */
  readonly part: string | null;
  readonly part_id: string | null;
  readonly currency: string | null;
  readonly is_final: boolean;
}

export interface Breakdown {
  readonly range: Range;
  readonly currency: CurrencyChoice;
  readonly by: BreakdownBy;
  readonly page: number;
  readonly size: number;
  readonly count: number;
  readonly rows: readonly (BreakdownRow & { readonly spark: readonly (Decimal | null)[] })[];
  /** One per currency. */
  readonly totals: readonly (Figures & { readonly currency: string | null })[];
  /**
   * By what a connector brings only if asked: of the account-days with figures, on how many it is known. The others are in
   * no row. Null where every day is.
   */
  readonly brought: { readonly known: number; readonly all: number } | null;
}

export interface ChannelRow {
  readonly channel: string;
  readonly traffic: string;
  readonly sessions: Decimal | null;
  readonly conversions: Decimal | null;
  readonly conversion_value: Decimal | null;
  /** Of the value; null where nothing of it has one. */
  readonly currency: string | null;
}

export interface Channels {
  readonly range: Range;
  /** False: no first-party data was imported yet. */
  readonly known: boolean;
  readonly rows: readonly ChannelRow[];
  /** One for each currency. */
  readonly totals: readonly Omit<ChannelRow, "channel" | "traffic">[];
}

export interface CampaignDayRow extends Figures {
  readonly date: Day;
  readonly currency: string;
  readonly is_final: boolean;
  readonly projected_conversions: Decimal | null;
  readonly first_conversions: Decimal | null;
  readonly changes: number;
  readonly refreshed_at: string;
}

export interface CampaignDays {
  readonly range: Range;
  readonly campaign: {
    readonly platform: string;
    readonly account_id: string;
    readonly account_name: string;
    readonly campaign_id: string;
    readonly campaign_name: string | null;
  };
  readonly rows: readonly CampaignDayRow[];
}

export interface HistoryRow {
  readonly observed_at: string;
  readonly currency: string;
  readonly spend: Decimal | null;
  readonly clicks: Decimal | null;
  readonly conversions: Decimal | null;
  readonly conversion_value: Decimal | null;
  readonly cost_per_conversion: Decimal | null;
}

/** A campaign-day whose figures moved in the last rollups. */
export interface MovedDay {
  readonly platform: string;
  readonly account_id: string;
  readonly account_name: string | null;
  readonly campaign_id: string;
  readonly campaign_name: string | null;
  readonly date: Day;
  readonly observed_at: string;
  readonly conversions: Decimal | null;
  readonly conversions_before: Decimal | null;
  readonly spend: Decimal | null;
  readonly spend_before: Decimal | null;
  readonly currency: string;
}

export interface MaturityCurve {
  readonly platform: string;
  readonly account_id: string;
  readonly account_name: string | null;
  readonly basis: string;
  readonly ages: readonly number[];
  readonly shares: readonly Decimal[];
}

export interface Excluded {
  readonly range: Range;
  readonly days: readonly {
    readonly date: Day;
    readonly platform: string;
    readonly organic_conversions: Decimal;
  }[];
  readonly accounts: readonly {
    readonly platform: string;
    readonly account_id: string;
    readonly account_name: string | null;
    readonly organic_conversions: Decimal;
    readonly conversions: Decimal;
  }[];
  /** By source, where the platforms' organic conversions are kept by it; null where that view is missing. */
  readonly sources:
    | readonly { readonly platform: string; readonly source: string; readonly conversions: Decimal }[]
    | null;
  /** Rows of marts.excluded_conversions added up by its text columns; null where there are none. */
  readonly rules: readonly Readonly<Record<string, string | null>>[] | null;
}

export interface Annotation {
  readonly date: Day;
  readonly kind: "alert" | "platform" | "note";
  readonly platform: string | null;
  readonly text: string;
}

export interface Dictionary {
  readonly tables: readonly {
    readonly name: string;
    readonly kind: "table" | "view" | "function";
    readonly meaning: string;
    readonly columns: readonly { readonly name: string; readonly type: string; readonly meaning: string }[];
  }[];
}

/** An ad platform as the page knows it: the server writes the list into the document. */
export interface PagePlatform {
  readonly name: string;
  /** The name for people. */
  readonly label: string;
}
