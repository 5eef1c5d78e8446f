import type { Day } from "./day.ts";
import type { Decimal } from "./decimal.ts";
import type { Failure } from "./failure.ts";
import type { Platform } from "./platform.ts";

/**
 * The vocabulary of the warehouse. Ids are the platform's own, bare, as text; an id that the platform does not
 * name is `""`. Money is in the account's currency, in major units, as decimal text. Days are the account's.
 */

/** ISO 4217 for "no currency": a closed account of which the platform tells nothing but its id. */
export const noCurrency = "XXX";

/** An ad account as discovery found it. */
export interface Account {
  readonly platform: Platform;
  readonly id: string;
  readonly name: string;
  /** ISO 4217; `noCurrency` where the platform does not say. */
  readonly currency: string;
  /** IANA name of the zone in which the platform reports this account's days. */
  readonly timeZone: string;
  /** The platform's own word, kept as text. */
  readonly status: string;
  /** False where the platform says that it is closed, cancelled or not enabled. */
  readonly active: boolean;
  /** The account through which access is granted (Google's login-customer-id); absent where access is direct. */
  readonly via?: string;
  /** Things about the account that put its figures at risk, such as auto-tagging switched off. */
  readonly warnings?: readonly string[];
  /** Why nothing can be pulled from the account, where discovery already found that. All else but the id may be empty. */
  readonly failure?: Failure;
}

/** A campaign, ad group, ad, keyword or conversion action, of whatever status. Names may hold any character but NUL. */
export type Entity =
  | {
      readonly kind: "campaign";
      readonly id: string;
      readonly name: string;
      readonly status: string;
      /** The platform's type of campaign (`SEARCH`, `PERFORMANCE_MAX`, an objective); may be empty. */
      readonly type: string;
    }
  | {
      readonly kind: "ad_group";
      readonly id: string;
      readonly campaignId: string;
      readonly name: string;
      readonly status: string;
    }
  | {
      readonly kind: "ad";
      readonly id: string;
      readonly adGroupId: string;
      readonly campaignId: string;
      readonly name: string;
      readonly status: string;
    }
  | {
      readonly kind: "keyword";
      readonly id: string;
      readonly adGroupId: string;
      readonly campaignId: string;
      /** The text that is bid on. */
      readonly name: string;
      /** The platform's word: `EXACT`, `PHRASE`, `BROAD`. */
      readonly matchType: string;
      readonly status: string;
    }
  | {
      readonly kind: "conversion_action";
      readonly id: string;
      readonly name: string;
      readonly status: string;
      readonly category: string;
      /** Where the conversion happens (`WEBSITE`, `GOOGLE_HOSTED` ...); may be empty. */
      readonly origin: string;
      /** Whether the platform itself counts it in its headline figure. */
      readonly primary: boolean;
      /** Days after the click or view in which a conversion is still credited; absent where unknown. */
      readonly clickWindowDays?: number;
      readonly viewWindowDays?: number;
    };

/** Paid delivery of one campaign-day or finer. */
export interface Delivery {
  readonly spend: Decimal;
  readonly impressions: string;
  readonly clicks: string;
}

/** One ad on one day. Key: date, campaign, ad group, ad. */
export interface AdDay extends Delivery {
  readonly date: Day;
  readonly campaignId: string;
  readonly adGroupId: string;
  readonly adId: string;
}

/** `paid`, or `organic` where the platform reports what happened without a paid click or view (LinkedIn viral). */
export type Traffic = "paid" | "organic";

/** Conversions of one action. */
export interface Conversions {
  readonly actionId: string;
  /** The attribution window (`7d_click`); empty where the platform has one model. */
  readonly attribution: string;
  readonly traffic: Traffic;
  /** The platform's headline figure for the action. */
  readonly conversions: Decimal;
  readonly conversionValue: Decimal;
  /** The part that the platform counts in its own total of conversions; absent: all of it. */
  readonly primaryConversions?: Decimal;
  readonly primaryConversionValue?: Decimal;
  /** With what the headline leaves out (Google's all_conversions); absent: the headline. */
  readonly allConversions?: Decimal;
  readonly allConversionValue?: Decimal;
}

/** One action's conversions of one ad on one day. Key: date, campaign, ad group, ad, action, attribution, traffic. */
export interface ConversionDay extends Conversions {
  readonly date: Day;
  readonly campaignId: string;
  readonly adGroupId: string;
  readonly adId: string;
}

/**
 * Part of a day's figures: either delivery or one action's conversions. A platform may give the two in two calls, so the
 * two kinds of row come apart.
 */
export type SplitRow<Key> =
  | ({ readonly kind: "delivery" } & Key & Delivery)
  | ({ readonly kind: "conversions" } & Key & Conversions);

export interface CampaignKey {
  readonly date: Day;
  readonly campaignId: string;
}

/** One campaign-day on one network. */
export type NetworkDay = SplitRow<CampaignKey & { readonly network: string }>;

/** One campaign-day by a breakdown. What the platform reports of a campaign and not so is left to the row unknown. */
export type BreakdownDay = SplitRow<
  CampaignKey & {
    /** Only of a breakdown below the ad group; '' where the platform names none. */
    readonly adGroupId?: string;
    /** The device, country, keyword's id or search term. */
    readonly part: string;
  }
>;

/** The platform's own total of a campaign's day, delivery or one action. A residual row covers what the ads lack. */
export type CampaignDay = SplitRow<CampaignKey>;

/** One click on an ad, as the platform's click report explains it. Ids are '' where it names none. */
export interface AdClick {
  /** The id in the landing URL. */
  readonly clickId: string;
  readonly campaignId: string;
  readonly adGroupId: string;
  readonly adId: string;
  /** The platform's name of the network. */
  readonly network: string;
}

/** The platform's own total of one account-day, asked for apart from the details. */
export interface AccountDay extends Delivery {
  readonly date: Day;
}
