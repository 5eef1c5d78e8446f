import { createHash } from "node:crypto";
import type { Day } from "../../src/domain/day.ts";
import type { Leaf } from "./figures.ts";
import type { SandboxAccount } from "./world.ts";

/** One click of the click report. */
export interface SandboxClick {
  readonly gclid: string;
  readonly leaf: Leaf;
}

/** Every click of a day; an id belongs to the click for good, whatever is credited later. */
export const clicksOf = (account: SandboxAccount, day: Day, leaves: readonly Leaf[]): SandboxClick[] =>
  leaves.flatMap((leaf) => {
    const { campaign, adGroup, ad, network, reportedClicks } = leaf;
    const key = [account.id, day, campaign.id, adGroup?.id, ad?.id, network].join("/");
    return Array.from({ length: reportedClicks }, (_, index) => ({
      gclid: `Cj0KCQiA${createHash("sha1")
        .update(`${key}/${String(index)}`)
        .digest("base64url")}`,
      leaf,
    }));
  });

/** The rows of `click_view`: one a click, whatever was selected beside. */
export const clickRows = (account: SandboxAccount, day: Day, leaves: readonly Leaf[]): object[] =>
  clicksOf(account, day, leaves).map(({ gclid, leaf: { campaign, adGroup, ad, network } }) => ({
    clickView: {
      resourceName: `customers/${account.id}/clickViews/${day}~${gclid}`,
      gclid,
      ...(adGroup && ad && { adGroupAd: `customers/${account.id}/adGroupAds/${adGroup.id}~${ad.id}` }),
    },
    campaign: { resourceName: `customers/${account.id}/campaigns/${campaign.id}`, id: campaign.id },
    ...(adGroup && {
      adGroup: { resourceName: `customers/${account.id}/adGroups/${adGroup.id}`, id: adGroup.id },
    }),
    segments: { date: day, adNetworkType: network },
  }));
