import { addDays, type Day } from "../../src/domain/day.ts";
import { chance } from "../pattern.ts";

/** What exists in the sandbox, whatever happens on which day. */

export interface SandboxGoal {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  /** False: left out of bidding, so that only the columns `All...` have it. */
  readonly bidding: boolean;
  /** Share of a campaign's conversions. */
  readonly share: number;
  readonly valueCents: number;
}

export interface SandboxAd {
  readonly id: string;
  readonly title: string;
  readonly weight: number;
}

export interface SandboxAdGroup {
  readonly id: string;
  readonly name: string;
  readonly ads: readonly SandboxAd[];
}

export interface SandboxCampaign {
  readonly id: string;
  readonly name: string;
  readonly adDistribution: "Search" | "Audience" | "CrossNetwork";
  /** Label of the column `Network`, and its share of the campaign. */
  readonly networks: readonly (readonly [label: string, share: number])[];
  /** None: the campaign has no ads (Performance Max), so that only campaign reports know it. */
  readonly adGroups: readonly SandboxAdGroup[];
  /** On an average day. */
  readonly impressions: number;
  readonly clickRate: number;
  readonly clickCents: number;
  readonly conversionRate: number;
  readonly lastDay: Day;
}

export interface SandboxAccount {
  readonly id: string;
  /** For people only, never an id. */
  readonly number: string;
  readonly name: string;
  readonly customerId: string;
  /** Reached through an agency link: the user's role lists it apart. */
  readonly linked: boolean;
  readonly currency: string;
  /** Microsoft's name of the zone in account calls, and in reports. */
  readonly zone: string;
  readonly reportZone: string;
  readonly iana: string;
  readonly status: "Active" | "Inactive";
  readonly campaigns: readonly SandboxCampaign[];
  readonly goals: readonly SandboxGoal[];
  /** A large account for load tests: figures by arithmetic alone. */
  readonly bulk: boolean;
}

export interface WorldOptions {
  readonly seed: string;
  readonly accounts: number;
  readonly campaigns: number;
  readonly bulkAds: number;
  readonly today: Day;
}

export const ownCustomerId = "500000011";
export const linkedCustomerId = "500000022";
export const bulkAccountId = "700009001";
export const linkedAccountId = "700008001";
export const inactiveAccountId = "700008002";
/** The nth open account of the user's own customer, from 0. */
export const accountId = (index: number): string => String(700_000_021 + index);

const forEver = "9999-12-31";

const ownedSearch = "Bing and Yahoo! search";
// The label that is being rolled out: accounts have the one or the other.
const ownedSearchNew = "Microsoft sites and select traffic";

type Blueprint = readonly [
  name: string,
  adDistribution: SandboxCampaign["adDistribution"],
  networks: readonly (readonly [string, number])[],
  adGroups: number,
  impressions: number,
  clickRate: number,
  clickCents: number,
  conversionRate: number,
];

const search = [
  [ownedSearch, 0.78],
  ["Syndicated search partners", 0.17],
  ["AOL search", 0.05],
] as const;

const blueprints: readonly Blueprint[] = [
  ["Brand", "Search", search, 2, 420, 0.07, 64, 0.09],
  ['Shoes, "summer"\nsale', "Search", search, 3, 900, 0.035, 88, 0.04],
  ["Reach", "Audience", [["Audience", 1]], 1, 3_000, 0.004, 31, 0.01],
  // No ads in the reports: what it spends is the campaign's alone.
  [
    "Performance Max",
    "CrossNetwork",
    [
      [ownedSearch, 0.6],
      ["Audience", 0.4],
    ],
    0,
    700,
    0.02,
    71,
    0.05,
  ],
  [
    "Generic, exact",
    "Search",
    [
      [ownedSearch, 0.9],
      ["Content", 0.06],
      // A label that nobody has heard of.
      ["Copilot answers", 0.04],
    ],
    2,
    800,
    0.03,
    97,
    0.05,
  ],
  ["Spring launch (deleted)", "Search", search, 1, 500, 0.03, 80, 0.04],
];

// Beyond 2^53: a JS number would change them.
const adIdOf = (campaign: number, group: number, ad: number): string =>
  String(84_387_456_123_450_001n + BigInt(campaign) * 10_000n + BigInt(group * 100 + ad));

const campaignsOf = (account: number, options: WorldOptions, newLabel: boolean, lastDay: Day) =>
  Array.from({ length: options.campaigns }, (_, place): SandboxCampaign => {
    const [name, adDistribution, networks, groups, impressions, clickRate, clickCents, rate] =
      blueprints[place % blueprints.length] ?? (blueprints[0] as Blueprint);
    const round = Math.floor(place / blueprints.length);
    const number = 8_000_000_031 + account * 10_000 + place;
    return {
      id: String(number),
      name: round === 0 ? name : `${name} ${String(round + 1)}`,
      adDistribution,
      networks: networks.map(([label, share]) => [
        newLabel && label === ownedSearch ? ownedSearchNew : label,
        share,
      ]),
      adGroups: Array.from({ length: groups }, (_, group) => ({
        id: String(1_300_000_000_000 + (account * 10_000 + place) * 10 + group),
        name: group === 0 ? "Main" : `Variant ${String(group)}`,
        ads: [0, 1].map((ad) => ({
          id: adIdOf(account * 1_000 + place, group, ad),
          title: ad === 0 ? "Free delivery, today" : "",
          weight: (ad === 0 ? 0.65 : 0.35) / groups,
        })),
      })),
      impressions: Math.round(impressions * (0.7 + 0.6 * chance(options.seed, "size", number))),
      clickRate,
      clickCents,
      conversionRate: rate,
      lastDay: name.includes("deleted") && lastDay === forEver ? addDays(options.today, -12) : lastDay,
    };
  });

const goalsOf = (index: number): readonly SandboxGoal[] => [
  {
    id: String(41 + index * 10),
    name: "Purchase",
    type: "Event",
    bidding: true,
    share: 0.6,
    valueCents: 8_400,
  },
  { id: String(42 + index * 10), name: "Lead, form", type: "Url", bidding: true, share: 0.3, valueCents: 0 },
  {
    id: String(43 + index * 10),
    name: "Newsletter",
    type: "Event",
    bidding: false,
    share: 0.5,
    valueCents: 150,
  },
];

const bulkCampaigns = (ads: number): readonly SandboxCampaign[] => {
  const perCampaign = 400;
  return Array.from({ length: Math.ceil(ads / perCampaign) }, (_, place) => ({
    id: String(8_900_000_000 + place),
    name: `Catalogue ${String(place)}`,
    adDistribution: "Search",
    networks: [[ownedSearch, 1]],
    adGroups: Array.from(
      { length: Math.ceil(Math.min(perCampaign, ads - place * perCampaign) / 20) },
      (_, group) => ({
        id: String(1_390_000_000_000 + place * 100 + group),
        name: `Group ${String(group)}`,
        ads: Array.from({ length: Math.min(20, ads - place * perCampaign - group * 20) }, (_, ad) => ({
          id: adIdOf(900_000 + place, group, ad),
          title: `Offer ${String(ad)}`,
          weight: 1,
        })),
      }),
    ),
    impressions: 0,
    clickRate: 0,
    clickCents: 0,
    conversionRate: 0,
    lastDay: forEver,
  }));
};

const pacific = {
  zone: "PacificTimeUSCanadaTijuana",
  reportZone: "PacificTimeUSCanadaTijuana",
  iana: "America/Los_Angeles",
} as const;
const amsterdam = {
  zone: "AmsterdamBerlinBernRomeStockholmVienna",
  reportZone: "AmsterdamBerlinBernRomeStockholmVienna",
  iana: "Europe/Berlin",
} as const;
// One of the four whose spelling differs between account and report calls.
const athens = {
  zone: "AthensBuckarestIstanbul",
  reportZone: "AthensIslandanbulMinsk",
  iana: "Europe/Athens",
} as const;

export const createWorld = (options: WorldOptions): readonly SandboxAccount[] => {
  const open = Array.from({ length: options.accounts }, (_, index): SandboxAccount => ({
    id: accountId(index),
    number: `DEMO${String(1_234 + index)}`,
    name: ["Demo Inc.", "Nordlicht DACH"][index] ?? `Account ${String(index + 1)}`,
    // Ten accounts a customer.
    customerId: String(BigInt(ownCustomerId) + 100n * BigInt(Math.floor(index / 10))),
    linked: false,
    currency: index % 2 === 0 ? "USD" : "EUR",
    ...(index % 2 === 0 ? pacific : amsterdam),
    status: "Active",
    campaigns: campaignsOf(index, options, index % 2 === 1, forEver),
    goals: goalsOf(index),
    bulk: false,
  }));
  const linked: SandboxAccount = {
    id: linkedAccountId,
    number: "LINK0001",
    name: "Client of the agency",
    customerId: linkedCustomerId,
    linked: true,
    currency: "EUR",
    ...athens,
    status: "Active",
    campaigns: campaignsOf(801, options, false, forEver),
    goals: goalsOf(80),
    bulk: false,
  };
  const inactive: SandboxAccount = {
    id: inactiveAccountId,
    number: "OLD00001",
    name: "Old shop",
    customerId: ownCustomerId,
    linked: false,
    currency: "EUR",
    ...amsterdam,
    status: "Inactive",
    campaigns: campaignsOf(802, { ...options, campaigns: 1 }, false, addDays(options.today, -40)),
    goals: goalsOf(81),
    bulk: false,
  };
  const bulk: SandboxAccount = {
    ...inactive,
    id: bulkAccountId,
    number: "BULK0001",
    name: "Catalogue",
    status: "Active",
    campaigns: bulkCampaigns(options.bulkAds),
    bulk: true,
  };
  return [...open, linked, inactive, ...(options.bulkAds > 0 ? [bulk] : [])];
};
