import { type Day, eachDay } from "../../src/domain/day.ts";
import type { Leaf } from "./figures.ts";
import type { SandboxAccount } from "./world.ts";

/** What the figures of a day come to, whatever the wire made of them. Decimal text. */
export interface TruthDay {
  readonly date: Day;
  readonly spend: string;
  readonly impressions: string;
  readonly clicks: string;
  /** Of goals included in bidding. */
  readonly conversions: string;
  readonly conversionValue: string;
  /** Of every goal. */
  readonly allConversions: string;
  readonly viewThroughConversions: string;
}

export interface TruthCampaignDay extends TruthDay {
  readonly campaignId: string;
}

export interface Truth {
  /** Every day of the range, also those without figures. */
  days(accountId: string, from: Day, to: Day): readonly TruthDay[];
  campaignDays(accountId: string, from: Day, to: Day): readonly TruthCampaignDay[];
}

/** Hundredths (cents too) as decimal text. */
export const hundredths = (value: number): string => {
  const digits = String(Math.abs(value)).padStart(3, "0");
  return `${value < 0 ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
};

const total = (date: Day, leaves: readonly Leaf[]): TruthDay => {
  const sum = (figure: (leaf: Leaf) => number) => leaves.reduce((all, leaf) => all + figure(leaf), 0);
  const credits = (figure: (credit: Leaf["credits"][number]) => number) =>
    hundredths(sum((leaf) => leaf.credits.reduce((all, credit) => all + figure(credit), 0)));
  return {
    date,
    spend: hundredths(sum(({ spendCents }) => spendCents)),
    impressions: String(sum(({ impressions }) => impressions)),
    clicks: String(sum(({ clicks }) => clicks)),
    conversions: credits(({ qualified }) => qualified),
    conversionValue: credits(({ qualifiedValue }) => qualifiedValue),
    allConversions: credits(({ all }) => all),
    viewThroughConversions: credits(({ viewThrough }) => viewThrough),
  };
};

export const createTruth = (
  accounts: readonly SandboxAccount[],
  leavesOf: (account: SandboxAccount, day: Day) => readonly Leaf[],
): Truth => {
  const known = (id: string): SandboxAccount => {
    const account = accounts.find((candidate) => candidate.id === id);
    if (!account) throw new RangeError(`the sandbox has no Microsoft account ${id}`);
    return account;
  };
  return {
    days: (id, from, to) => eachDay({ from, to }).map((day) => total(day, leavesOf(known(id), day))),
    campaignDays: (id, from, to) =>
      eachDay({ from, to }).flatMap((day) => {
        const leaves = leavesOf(known(id), day);
        return [...new Set(leaves.map(({ campaign }) => campaign.id))].map((campaignId) => ({
          ...total(
            day,
            leaves.filter(({ campaign }) => campaign.id === campaignId),
          ),
          campaignId,
        }));
      }),
  };
};
