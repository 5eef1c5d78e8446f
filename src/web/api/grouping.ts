import type { BreakdownBy, CurrencyChoice, Range } from "./answers.ts";
import type { AccountSums } from "./campaign-points.ts";

/** What a breakdown is about: how it groups, and which rows of the mart it takes. */
export interface Grouping {
  readonly by: BreakdownBy;
  readonly range: Range;
  readonly choice: CurrencyChoice;
  /** The accounts to take; undefined: all. */
  readonly keys: readonly number[] | undefined;
  readonly campaign: string | undefined;
  /** Only where ad groups or ads are asked for. */
  readonly adGroup: string | undefined;
  /** Only where campaigns are asked for: how far the sums of each account go. */
  readonly standing: readonly AccountSums[];
  /** Whether every campaign's name is needed, for sorting or searching by it; else those of a page are enough. */
  readonly named: boolean;
  /** Part of a name or id. */
  readonly q: string | undefined;
}

export const martOf: Readonly<Record<BreakdownBy, string>> = {
  platform: "marts.cost_per_conversion_by_account_daily",
  account: "marts.cost_per_conversion_by_account_daily",
  campaign: "marts.cost_per_conversion_daily",
  ad_group: "marts.cost_per_conversion_by_ad_group_daily",
  ad: "marts.cost_per_conversion_by_ad_daily",
  network: "marts.cost_per_conversion_by_network_daily",
  action: "marts.cost_per_conversion_by_action_daily",
  device: "marts.cost_per_conversion_by_device_daily",
  country: "marts.cost_per_conversion_by_country_daily",
  keyword: "marts.cost_per_conversion_by_keyword_daily",
  search_term: "marts.cost_per_conversion_by_search_term_daily",
};

/** The mart that holds the groups of a grouping: the account-days are enough unless a campaign is asked for. */
export const martFor = ({ by, campaign }: Grouping): string =>
  campaign !== undefined && (by === "platform" || by === "account") ? martOf.campaign : martOf[by];
