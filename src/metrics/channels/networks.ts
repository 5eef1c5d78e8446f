import { profiles } from "../../connectors/registry.ts";
import type { NetworkRule } from "../../connectors/platform.ts";
import type { Channel } from "../../domain/channel.ts";
import type { Platform } from "../../domain/platform.ts";

/** What an ad platform's own click report or row says. */
export interface ClickJoin {
  readonly platform: Platform;
  /** The platform's name of the network or placement; may be empty. */
  readonly network: string;
  /** The platform's type of campaign; may be empty. */
  readonly campaignType: string;
}

/** A platform whose campaigns are known from imported costs alone: no connector is registered for it. */
const imported: Readonly<Record<Platform, readonly NetworkRule[]>> = {
  tiktok: [{ campaignType: "*", network: "*", channel: "Paid Social" }],
};

/** The channel where no rule holds: an ad was paid for, and no more is known. */
export const otherwise: Channel = "Paid Other";

/** Channel of a known ad: of the rules of its platform, the first that holds. */
export const networkRules = (): readonly (NetworkRule & { readonly platform: Platform })[] =>
  Object.entries({
    ...imported,
    ...Object.fromEntries(profiles().map(({ name, networks }) => [name, networks])),
  }).flatMap(([platform, rules]) => rules.map((rule) => ({ platform, ...rule })));

/** The channel of a click that the platform itself reports; always a paid one. */
export const channelOfNetwork = (click: ClickJoin): Channel =>
  networkRules().find(
    ({ platform, network, campaignType }) =>
      platform === click.platform &&
      (network === "*" || network.toLowerCase() === click.network.toLowerCase()) &&
      (campaignType === "*" || campaignType.toLowerCase() === click.campaignType.toLowerCase()),
  )?.channel ?? otherwise;
