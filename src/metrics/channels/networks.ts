import type { AdPlatform } from "./click-ids.ts";
import type { Channel } from "../../domain/channel.ts";

/** What an ad platform's own click report or row says. */
export interface ClickJoin {
  readonly platform: AdPlatform;
  /** The platform's name of the network or placement; may be empty. */
  readonly network: string;
  /** The platform's type of campaign (Google: advertising_channel_type); may be empty. */
  readonly campaignType: string;
}

interface NetworkRule {
  readonly platform: AdPlatform;
  /** `*`: any. */
  readonly network: string;
  readonly campaignType: string;
  readonly channel: Channel;
}

const rule = (
  platform: AdPlatform,
  campaignType: string,
  network: string,
  channel: Channel,
): NetworkRule => ({
  platform,
  network,
  campaignType,
  channel,
});

/**
 * Channel of a known ad, first match first. Google's MIXED and its own surfaces count as Cross-network, as do campaign
 * types that run everywhere. The last lines of Google serve campaigns whose network is not known.
 */
export const networkRules: readonly NetworkRule[] = [
  rule("google", "PERFORMANCE_MAX", "*", "Cross-network"),
  rule("google", "DEMAND_GEN", "*", "Cross-network"),
  rule("google", "SMART", "*", "Cross-network"),
  rule("google", "SHOPPING", "SEARCH", "Paid Shopping"),
  rule("google", "SHOPPING", "SEARCH_PARTNERS", "Paid Shopping"),
  rule("google", "*", "SEARCH", "Paid Search"),
  rule("google", "*", "SEARCH_PARTNERS", "Paid Search"),
  rule("google", "*", "CONTENT", "Display"),
  rule("google", "*", "YOUTUBE", "Paid Video"),
  rule("google", "*", "YOUTUBE_SEARCH", "Paid Video"),
  rule("google", "*", "YOUTUBE_WATCH", "Paid Video"),
  rule("google", "*", "GOOGLE_TV", "Paid Video"),
  rule("google", "*", "MIXED", "Cross-network"),
  rule("google", "*", "GOOGLE_OWNED_CHANNELS", "Cross-network"),
  rule("google", "*", "GMAIL", "Cross-network"),
  rule("google", "*", "DISCOVER", "Cross-network"),
  rule("google", "*", "MAPS", "Cross-network"),
  rule("google", "SHOPPING", "*", "Paid Shopping"),
  rule("google", "DISPLAY", "*", "Display"),
  rule("google", "VIDEO", "*", "Paid Video"),
  rule("google", "*", "*", "Paid Search"),
  rule("meta", "*", "audience_network", "Display"),
  rule("meta", "*", "*", "Paid Social"),
  rule("linkedin", "*", "*", "Paid Social"),
  rule("microsoft", "*", "AUDIENCE", "Display"),
  rule("microsoft", "*", "*", "Paid Search"),
  rule("tiktok", "*", "*", "Paid Social"),
  rule("x", "*", "*", "Paid Social"),
];

/** The channel of a click that the platform itself reports; always a paid one. */
export const channelOfNetwork = (click: ClickJoin): Channel =>
  networkRules.find(
    ({ platform, network, campaignType }) =>
      platform === click.platform &&
      (network === "*" || network.toLowerCase() === click.network.toLowerCase()) &&
      (campaignType === "*" || campaignType.toLowerCase() === click.campaignType.toLowerCase()),
  )?.channel ?? "Paid Other";
