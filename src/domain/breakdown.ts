/**
 * What a campaign-day can be split by beyond networks, where the settings ask for it. Each has facts and a mart of its
 * own, with the key columns after the campaign that are named here; the last of them is what the split is by.
 */
export const breakdownKeys = {
  device: ["device"],
  country: ["country"],
  keyword: ["ad_group_id", "keyword_id"],
  search_term: ["ad_group_id", "search_term"],
} as const;

export type BreakdownName = keyof typeof breakdownKeys;

export const breakdowns = Object.keys(breakdownKeys) as readonly BreakdownName[];

export const isBreakdown = (text: string): text is BreakdownName => Object.hasOwn(breakdownKeys, text);

/** What a platform does not say, and the row that completes a campaign-day. */
export const unknownPart = "unknown";

/** Kinds of devices, the same for every platform. */
export type Device = "desktop" | "mobile" | "tablet" | "tv" | "other" | typeof unknownPart;
