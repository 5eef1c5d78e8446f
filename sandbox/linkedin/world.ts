import { addDays, type Day } from "../../src/domain/day.ts";
import { chance } from "../pattern.ts";

/** What exists in the sandbox, whatever happens on which day. */

export interface SandboxRule {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly enabled: boolean;
  readonly method: string;
  readonly attributionType: "LAST_TOUCH_BY_CAMPAIGN" | "LAST_TOUCH_BY_CONVERSION";
  readonly clickWindowDays: number;
  readonly viewWindowDays: number;
  /** What one conversion is worth, in millionths of the account's currency. */
  readonly value: bigint;
}

export interface SandboxCampaign {
  readonly id: string;
  readonly accountId: string;
  readonly groupId: string;
  readonly name: string;
  readonly status: string;
  readonly type: string;
  readonly objective: string;
  /** False: the search leaves it out, though its figures name it. */
  readonly listed: boolean;
  readonly firstDay: Day;
  readonly lastDay: Day;
  /** Spend of an average day in millionths. */
  readonly dailySpend: bigint;
  readonly creativeIds: readonly string[];
}

export interface SandboxAccount {
  readonly id: string;
  readonly name: string;
  readonly currency: string;
  readonly status: string;
  readonly test: boolean;
  readonly campaigns: readonly SandboxCampaign[];
  readonly rules: readonly SandboxRule[];
}

export interface WorldOptions {
  readonly seed: string;
  readonly accounts: number;
  readonly campaigns: number;
  readonly today: Day;
}

const blueprints = [
  ["Lead magnet Q4", "LEAD_GENERATION", "SPONSORED_UPDATES", "ACTIVE"],
  ["Demo request, DACH", "WEBSITE_CONVERSION", "SPONSORED_UPDATES", "ACTIVE"],
  ["Retargeting (site visitors)", "WEBSITE_CONVERSION", "SPONSORED_UPDATES", "ACTIVE"],
  ["Spring launch", "WEBSITE_CONVERSION", "SPONSORED_UPDATES", "REMOVED"],
  ["Brand: engineers", "BRAND_AWARENESS", "SPONSORED_UPDATES", "ACTIVE"],
  ["InMail to CTOs", "LEAD_GENERATION", "SPONSORED_INMAILS", "PAUSED"],
  ["Webinar signups", "WEBSITE_CONVERSION", "SPONSORED_UPDATES", "COMPLETED"],
  ["Text ads, always on", "WEBSITE_VISIT", "TEXT_AD", "ACTIVE"],
  ["Trial, finance sector", "WEBSITE_CONVERSION", "SPONSORED_UPDATES", "ACTIVE"],
  ["Job seekers' spotlight", "WEBSITE_VISIT", "DYNAMIC", "ARCHIVED"],
] as const;

const accountNames = ["Nordlicht DACH", "Northern Light US", "Nordlicht Nordics", "Northern Light APAC"];

const units = 1_000_000n;

const campaignsOf = (accountId: string, index: number, closed: boolean, options: WorldOptions) =>
  Array.from({ length: closed ? 2 : options.campaigns }, (_, place): SandboxCampaign => {
    const [name, objective, type, status] = blueprints[place % blueprints.length] ?? blueprints[0];
    const id = String(252_000_000 + index * 1_000_000 + place * 13);
    const round = Math.floor(place / blueprints.length);
    const ended = closed ? 40 : status === "REMOVED" ? 5 : status === "COMPLETED" ? 20 : undefined;
    return {
      id,
      accountId,
      groupId: String(616_471_600 + index * 100 + (place % 3)),
      name: round === 0 ? name : `${name} ${round + 1}`,
      status: closed ? "REMOVED" : status,
      type,
      objective,
      // One campaign of the second account is in no listing.
      listed: !(index === 1 && place === 4),
      firstDay: addDays(options.today, -730 + (place % 60)),
      lastDay: ended === undefined ? "9999-12-31" : addDays(options.today, -ended),
      dailySpend: BigInt(Math.round(35 + 120 * chance(options.seed, "spend", id))) * units,
      creativeIds: [`${id}01`, `${id}02`],
    };
  });

const rulesOf = (index: number): SandboxRule[] => [
  {
    id: String(13_703_580 + index * 10),
    name: "Demo request",
    type: "LEAD",
    enabled: true,
    method: "INSIGHT_TAG_URL_MATCH_RULES",
    attributionType: "LAST_TOUCH_BY_CAMPAIGN",
    clickWindowDays: 30,
    viewWindowDays: 7,
    value: 25n * units,
  },
  {
    id: String(13_703_581 + index * 10),
    name: "Trial signup",
    type: "SIGN_UP",
    enabled: true,
    method: "CONVERSIONS_API",
    attributionType: "LAST_TOUCH_BY_CONVERSION",
    clickWindowDays: 90,
    viewWindowDays: 30,
    value: (125n * units) / 10n,
  },
  {
    id: String(13_703_582 + index * 10),
    name: "Whitepaper (old form)",
    type: "KEY_PAGE_VIEW",
    enabled: false,
    method: "IMAGE_PIXEL",
    attributionType: "LAST_TOUCH_BY_CAMPAIGN",
    clickWindowDays: 30,
    viewWindowDays: 7,
    value: 0n,
  },
];

export const createWorld = (options: WorldOptions): readonly SandboxAccount[] => {
  const open = Array.from({ length: options.accounts }, (_, index): SandboxAccount => {
    const id = String(507_404_993 + index * 1_111);
    return {
      id,
      name: accountNames[index] ?? `Account ${index + 1}`,
      currency: index % 2 === 1 ? "USD" : "EUR",
      status: "ACTIVE",
      test: false,
      campaigns: campaignsOf(id, index, false, options),
      rules: rulesOf(index),
    };
  });
  const special = (id: string, index: number, name: string, status: string, test: boolean) => ({
    id,
    name,
    currency: "EUR",
    status,
    test,
    campaigns: campaignsOf(id, index, true, options),
    rules: rulesOf(index),
  });
  return [
    ...open,
    special("509999001", 90, "Old agency account", "REMOVED", false),
    special("509999002", 91, "Test account", "ACTIVE", true),
  ];
};
