import { addDays, type Day } from "../../src/domain/day.ts";
import { chance } from "../pattern.ts";

/** What exists in the sandbox, whatever happens on which day. Money in micros. */

export interface SandboxFunding {
  readonly id: string;
  readonly currency: string;
  readonly createdAt: string;
  readonly deleted: boolean;
}

export interface SandboxTweet {
  /** Of the promoted tweet, which stats are asked by. */
  readonly id: string;
  readonly tweetId: string;
  readonly deleted: boolean;
}

/** A line item without tweets promotes the account itself: its spend stands on no promoted tweet. */
export interface SandboxLineItem {
  readonly id: string;
  readonly name: string;
  readonly productType: "PROMOTED_TWEETS" | "PROMOTED_ACCOUNT";
  readonly status: string;
  readonly deleted: boolean;
  readonly tweets: readonly SandboxTweet[];
}

export interface SandboxCampaign {
  readonly id: string;
  readonly name: string;
  readonly currency: string;
  readonly fundingId: string;
  readonly status: string;
  readonly objective: string;
  readonly deleted: boolean;
  readonly firstDay: Day;
  readonly lastDay: Day;
  /** Spend of an average day, all placements. */
  readonly dailySpend: bigint;
  /** What one purchase is worth. */
  readonly saleAmount: bigint;
  readonly placements: readonly string[];
  readonly lineItems: readonly SandboxLineItem[];
}

export interface SandboxAccount {
  readonly id: string;
  readonly name: string;
  readonly timeZone: string;
  readonly approval: string;
  readonly deleted: boolean;
  readonly createdAt: string;
  readonly fundings: readonly SandboxFunding[];
  readonly campaigns: readonly SandboxCampaign[];
}

export interface WorldOptions {
  readonly seed: string;
  readonly accounts: number;
  readonly campaigns: number;
  readonly today: Day;
}

const blueprints = [
  ["Spring", "WEBSITE_CLICKS", "PAUSED"],
  ["Launch thread", "ENGAGEMENTS", "ACTIVE"],
  ["Retargeting (cart)", "WEBSITE_CLICKS", "ACTIVE"],
  ["Old promotion", "WEBSITE_CLICKS", "ACTIVE"],
  ["Followers", "FOLLOWERS", "ACTIVE"],
  ["Brand takeover", "REACH", "ACTIVE"],
] as const;

/** The first is an account in a zone that changes its clocks, with a second currency; the second never changes them. */
const blueprintAccounts = [
  ["acc1demo", "Northern Light", "America/Los_Angeles", ["USD", "EUR"]],
  ["acc2demo", "ノーザンライト", "Asia/Tokyo", ["JPY"]],
  ["acc3demo", "Nordlicht", "Europe/Berlin", ["EUR"]],
] as const;

/** Ids of the sandbox look like X's: short, lower case, of letters and digits. */
const shortId = (prefix: string, account: number, ...places: readonly number[]): string =>
  `${prefix}${account.toString(36)}${places.map((place) => place.toString(36).padStart(2, "0")).join("")}`;

const unitsOf = (currency: string): bigint => (currency === "JPY" ? 150_000_000n : 1_000_000n);

const lineItemsOf = (account: number, campaign: number, objective: string): SandboxLineItem[] => {
  const tweets = (lineItem: number, count: number): SandboxTweet[] =>
    Array.from({ length: count }, (_, place) => ({
      id: shortId("pt", account, campaign, lineItem, place),
      tweetId: String(
        1_850_000_000_000_000_001n + BigInt(account * 10_000 + campaign * 100 + lineItem * 10 + place),
      ),
      deleted: place === 2,
    }));
  const first: SandboxLineItem = {
    id: shortId("li", account, campaign, 0),
    name: "Main",
    productType: "PROMOTED_TWEETS",
    status: "ACTIVE",
    deleted: false,
    tweets: tweets(0, 2),
  };
  const second: SandboxLineItem =
    objective === "FOLLOWERS"
      ? {
          ...first,
          id: shortId("li", account, campaign, 1),
          name: "Account",
          productType: "PROMOTED_ACCOUNT",
          tweets: [],
        }
      : {
          ...first,
          id: shortId("li", account, campaign, 1),
          name: "Second try",
          status: "PAUSED",
          deleted: campaign % 3 === 1,
          tweets: tweets(1, 3),
        };
  return [first, second];
};

const campaignsOf = (
  account: number,
  fundings: readonly SandboxFunding[],
  { campaigns, seed, today }: WorldOptions,
): SandboxCampaign[] =>
  Array.from({ length: campaigns }, (_, place) => {
    const [name, objective, status] = blueprints[place % blueprints.length] ?? blueprints[0];
    const round = Math.floor(place / blueprints.length);
    // Every third campaign of an account with two currencies is paid from the second.
    const funding = (place % 3 === 2 ? fundings.at(-1) : fundings[0]) ?? { id: "", currency: "USD" };
    const deleted = name === "Old promotion";
    const units = unitsOf(funding.currency);
    const id = shortId("c", account, place);
    return {
      id,
      name: round === 0 ? name : `${name} ${round + 1}`,
      currency: funding.currency,
      fundingId: funding.id,
      status,
      objective,
      deleted,
      firstDay: addDays(today, -730 + (place % 40)),
      lastDay: deleted ? addDays(today, -6) : "9999-12-31",
      dailySpend: BigInt(Math.round(20 + 90 * chance(seed, "spend", id))) * units,
      saleAmount: BigInt(Math.round(15 + 60 * chance(seed, "sale", id))) * units + units / 2n,
      placements:
        name === "Brand takeover"
          ? ["ALL_ON_TWITTER", "SPOTLIGHT", "TREND"]
          : place % 4 === 0
            ? ["ALL_ON_TWITTER", "PUBLISHER_NETWORK"]
            : ["ALL_ON_TWITTER"],
      lineItems: lineItemsOf(account, place, objective),
    };
  });

export const createWorld = (options: WorldOptions): readonly SandboxAccount[] => {
  const make = (index: number, id: string, name: string, zone: string, currencies: readonly string[]) => {
    // The oldest instrument is a deleted one: it still gives the account its currency.
    const fundings = currencies.flatMap((currency, place): SandboxFunding[] => [
      {
        id: shortId("fi", index, place, 0),
        currency,
        createdAt: `${2019 + place}-03-0${place + 1}T09:00:00Z`,
        deleted: place === 0,
      },
      {
        id: shortId("fi", index, place, 1),
        currency,
        createdAt: `${2022 + place}-06-0${place + 1}T09:00:00Z`,
        deleted: false,
      },
    ]);
    const alive = fundings.filter(({ deleted }) => !deleted);
    return {
      id,
      name,
      timeZone: zone,
      approval: "ACCEPTED",
      deleted: false,
      createdAt: "2019-03-01T08:00:00Z",
      fundings: [...fundings].reverse(),
      campaigns: campaignsOf(
        index,
        currencies
          .map((currency) => alive.filter((funding) => funding.currency === currency).at(-1))
          .filter((funding) => funding !== undefined),
        options,
      ),
    };
  };
  const open = Array.from({ length: options.accounts }, (_, index) => {
    const [id, name, zone, currencies] = blueprintAccounts[index] ?? [
      `acc${index + 1}demo`,
      `Account ${index + 1}`,
      ["America/New_York", "Europe/London", "Asia/Kolkata"][index % 3] ?? "UTC",
      [["USD", "GBP", "INR"][index % 3] ?? "USD"],
    ];
    return make(index + 1, id, name, zone, currencies);
  });
  // Shut long ago, and listed only with the deleted ones.
  const gone = { ...make(0, "acc0gone", "Old agency account", "UTC", ["USD"]), deleted: true };
  return [
    ...open,
    {
      ...gone,
      campaigns: gone.campaigns
        .slice(0, 1)
        .map((campaign) => ({ ...campaign, lastDay: addDays(options.today, -40) })),
    },
  ];
};
