import { chance } from "../pattern.ts";

/** The campaigns of the sandbox with their ads. Fields are keyed by their GAQL names. */

export type Fields = Readonly<Record<string, unknown>>;

export interface SandboxAd {
  readonly id: string;
  readonly fields: Fields;
  /** Share of its campaign's delivery. */
  readonly weight: number;
}

export interface SandboxAdGroup {
  readonly id: string;
  readonly fields: Fields;
  readonly ads: readonly SandboxAd[];
}

export interface SandboxCampaign {
  readonly id: string;
  readonly fields: Fields;
  readonly removed: boolean;
  /** None for Performance Max, which reports by campaign alone. */
  readonly adGroups: readonly SandboxAdGroup[];
  readonly networks: readonly (readonly [name: string, share: number])[];
  readonly impressions: number;
  readonly clickRate: number;
  readonly clickMicros: number;
  readonly conversionRate: number;
}

interface Plan {
  readonly name: string;
  readonly type: string;
  readonly networks: SandboxCampaign["networks"];
  readonly impressions: number;
  readonly clickRate: number;
  readonly clickMicros: number;
  readonly conversionRate: number;
  readonly adGroups: number;
  readonly status?: string;
}

const search: SandboxCampaign["networks"] = [
  ["SEARCH", 0.8],
  ["SEARCH_PARTNERS", 0.2],
];
const everywhere: SandboxCampaign["networks"] = [
  ["SEARCH", 0.4],
  ["YOUTUBE", 0.25],
  ["CONTENT", 0.2],
  ["GMAIL", 0.1],
  ["MIXED", 0.05],
];

const plan = (
  [name, type, status]: readonly [string, string, string?],
  networks: Plan["networks"],
  [impressions, clickRate, clickMicros, conversionRate, adGroups]: readonly number[],
): Plan => ({
  name,
  type,
  networks,
  impressions: impressions ?? 0,
  clickRate: clickRate ?? 0,
  clickMicros: clickMicros ?? 0,
  conversionRate: conversionRate ?? 0,
  adGroups: adGroups ?? 0,
  ...(status === undefined ? {} : { status }),
});

const plans: readonly Plan[] = [
  plan(["Brand", "SEARCH"], search, [1_800, 0.12, 410_000, 0.09, 2]),
  plan(["Generic – Schuhe & Größen", "SEARCH"], search, [2_600, 0.05, 1_240_000, 0.03, 2]),
  plan(["Competitors", "SEARCH"], search, [900, 0.03, 2_310_000, 0.015, 1]),
  plan(["Leads 東京 🚀", "SEARCH"], search, [700, 0.06, 1_870_001, 0.05, 1]),
  plan(["Remarketing", "DISPLAY"], [["CONTENT", 1]], [14_000, 0.006, 330_000, 0.02, 1]),
  plan(["Prospecting", "DISPLAY"], [["CONTENT", 1]], [22_000, 0.003, 270_003, 0.006, 1]),
  plan(["Performance Max", "PERFORMANCE_MAX"], everywhere, [9_000, 0.02, 690_007, 0.05, 0]),
  plan(["Performance Max: shop", "PERFORMANCE_MAX"], everywhere, [5_000, 0.02, 540_000, 0.06, 0]),
  plan(
    ["Video reach", "VIDEO"],
    [
      ["YOUTUBE", 0.9],
      ["GOOGLE_TV", 0.1],
    ],
    [16_000, 0.002, 910_000, 0.004, 1],
  ),
  plan(
    ["Demand Gen", "DEMAND_GEN"],
    [
      ["DISCOVER", 0.6],
      ["GMAIL", 0.4],
    ],
    [8_000, 0.01, 450_000, 0.02, 1],
  ),
  plan(["Something newer", "UNKNOWN"], [["MAPS", 1]], [1_000, 0.02, 800_000, 0.01, 1]),
  plan(["Old spring sale", "SEARCH", "REMOVED"], search, [1_500, 0.04, 760_000, 0.03, 1]),
];

// Beyond 2^53, where a JSON number would lose digits.
const largeId = (account: number, index: number): string =>
  String(9_007_199_254_740_993n + BigInt(account) * 100_000n + BigInt(index));

const adOf = (
  accountId: string,
  adGroupId: string,
  id: string,
  status: string,
  weight: number,
): SandboxAd => ({
  id,
  weight,
  fields: {
    "ad_group_ad.resource_name": `customers/${accountId}/adGroupAds/${adGroupId}~${id}`,
    "ad_group_ad.status": status,
    "ad_group_ad.ad.resource_name": `customers/${accountId}/ads/${id}`,
    "ad_group_ad.ad.id": id,
    "ad_group_ad.ad.name": weight > 0.2 ? `Ad ${id.slice(-3)} “v2”` : undefined,
    "ad_group_ad.ad.type": "RESPONSIVE_SEARCH_AD",
    "ad_group_ad.ad.final_urls": ["https://example.com/landing"],
  },
});

const adGroupOf = (
  accountId: string,
  id: string,
  name: string,
  ads: readonly (readonly [id: string, status: string, weight: number])[],
): SandboxAdGroup => ({
  id,
  fields: {
    "ad_group.resource_name": `customers/${accountId}/adGroups/${id}`,
    "ad_group.id": id,
    "ad_group.name": name,
    "ad_group.status": "ENABLED",
    "ad_group.type": "SEARCH_STANDARD",
  },
  ads: ads.map(([adId, status, weight]) => adOf(accountId, id, adId, status, weight)),
});

const campaignFields = (
  accountId: string,
  id: string,
  name: string,
  status: string,
  type: string,
): Fields => ({
  "campaign.resource_name": `customers/${accountId}/campaigns/${id}`,
  "campaign.id": id,
  "campaign.name": name,
  "campaign.status": status,
  "campaign.advertising_channel_type": type,
  "campaign.advertising_channel_sub_type": "UNSPECIFIED",
});

/** A dozen campaigns of every kind for the account of that number. */
export const campaignsOf = (
  accountId: string,
  account: number,
  seed: string,
  most = plans.length,
): SandboxCampaign[] =>
  plans.slice(0, most).map((given, index) => {
    const id = String(21_000_000_001 + account * 1_000 + index);
    const adGroups = Array.from({ length: given.adGroups }, (_, group) => {
      const adGroupId = String(150_000_000_001 + account * 10_000 + index * 10 + group);
      const count = 3 + Math.floor(chance(seed, accountId, id, group, "ads") * 4);
      const weight = 1 / count / given.adGroups;
      return adGroupOf(
        accountId,
        adGroupId,
        `Group ${String(group + 1)}`,
        Array.from({ length: count }, (_, ad) => [
          // The first ad of the first campaign sits in both of its ad groups.
          largeId(account, index * 100 + (index === 0 && ad === 0 ? 0 : group * 20 + ad)),
          ad === 1 ? "REMOVED" : "ENABLED",
          weight,
        ]),
      );
    });
    const status = given.status ?? (index === 5 ? "PAUSED" : "ENABLED");
    return {
      ...given,
      id,
      adGroups,
      removed: status === "REMOVED",
      fields: campaignFields(accountId, id, given.name, status, given.type),
    };
  });

/** Campaigns of 200 ads each, for an account that is large. */
export const bulkCampaignsOf = (accountId: string, ads: number): SandboxCampaign[] => {
  const perCampaign = 200;
  return Array.from({ length: Math.ceil(ads / perCampaign) }, (_, index): SandboxCampaign => {
    const id = String(30_000_000_000 + index);
    const count = Math.min(perCampaign, ads - index * perCampaign);
    const half = Math.ceil(count / 2);
    return {
      id,
      fields: campaignFields(accountId, id, `Bulk ${String(index)}`, "ENABLED", "SEARCH"),
      removed: false,
      networks: search,
      impressions: 0,
      clickRate: 0,
      clickMicros: 0,
      conversionRate: 0,
      adGroups: [0, 1].map((group) =>
        adGroupOf(
          accountId,
          String(160_000_000_000 + index * 2 + group),
          `Group ${String(group)}`,
          Array.from({ length: group === 0 ? half : count - half }, (_, ad) => [
            String(700_000_000_000 + index * perCampaign + group * half + ad),
            "ENABLED",
            0,
          ]),
        ),
      ),
    };
  });
};
