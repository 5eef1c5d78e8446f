import type { Channel } from "../../domain/channel.ts";
import type { SourceLists } from "./lists.ts";

/** What the rules look at: normalised text, `(not set)` where there is none. */
export interface Tags {
  readonly source: string;
  readonly medium: string;
  readonly campaign: string;
}

export const hasPaidMedium = (medium: string): boolean =>
  medium.includes("cp") || medium === "ppc" || medium === "retargeting" || medium.startsWith("paid");

const displayMediums = new Set(["display", "banner", "expandable", "interstitial", "cpm"]);

export const hasDisplayMedium = (medium: string): boolean => displayMediums.has(medium);

export const isCrossNetwork = (campaign: string): boolean => campaign.includes("cross-network");

// Before "shop" only an e, a non-letter or the start: eshop and e-shop, but not workshop or bishop.
const shopPattern = /([^a-df-z]|^)shop|shopping/;

const socialMediums = new Set([
  "social",
  "social-network",
  "social-media",
  "sm",
  "social network",
  "social media",
]);
const referralMediums = new Set(["referral", "app", "link"]);
const emailPattern = /e[-_ ]?mail/;

/** A visit with what the lists say about it, each looked up once. */
interface Visit extends Tags {
  readonly category: ReturnType<SourceLists["category"]>;
  readonly assistant: boolean;
  readonly paid: boolean;
  readonly shop: boolean;
}

/**
 * GA4's rules for manually tagged traffic, in Google's order: the first that holds decides. The place of AI Assistant is
 * not published; it stands before Referral, which its medium never fits.
 */
export const channelRules: readonly (readonly [Channel, (visit: Visit) => boolean])[] = [
  ["Direct", (v) => v.source === "(direct)" && (v.medium === "(none)" || v.medium === "(not set)")],
  ["Cross-network", (v) => isCrossNetwork(v.campaign)],
  ["Paid Shopping", (v) => v.paid && (v.category === "shopping" || v.shop)],
  ["Paid Search", (v) => v.paid && v.category === "search"],
  ["Paid Social", (v) => v.paid && v.category === "social"],
  ["Paid Video", (v) => v.paid && v.category === "video"],
  ["Display", (v) => hasDisplayMedium(v.medium)],
  ["Paid Other", (v) => v.paid],
  ["Organic Shopping", (v) => v.category === "shopping" || v.shop],
  ["Organic Social", (v) => v.category === "social" || socialMediums.has(v.medium)],
  ["Organic Video", (v) => v.category === "video" || v.medium.includes("video")],
  ["Organic Search", (v) => v.category === "search" || v.medium === "organic"],
  ["AI Assistant", (v) => v.medium === "ai-assistant" || v.assistant],
  ["Referral", (v) => referralMediums.has(v.medium)],
  ["Email", (v) => emailPattern.test(v.source) || emailPattern.test(v.medium)],
  ["Affiliates", (v) => v.medium === "affiliate"],
  ["Audio", (v) => v.medium === "audio"],
  ["SMS", (v) => v.source === "sms" || v.medium === "sms"],
  [
    "Mobile Push Notifications",
    (v) =>
      v.medium.endsWith("push") ||
      v.medium.includes("mobile") ||
      v.medium.includes("notification") ||
      v.source === "firebase",
  ],
];

/** The channel of tags; Unassigned where no rule holds. */
export const channelOfTags = (tags: Tags, lists: SourceLists): Channel => {
  const visit: Visit = {
    ...tags,
    category: lists.category(tags.source),
    assistant: lists.isAssistant(tags.source),
    paid: hasPaidMedium(tags.medium),
    shop: shopPattern.test(tags.campaign),
  };
  for (const [channel, holds] of channelRules) if (holds(visit)) return channel;
  return "Unassigned";
};
