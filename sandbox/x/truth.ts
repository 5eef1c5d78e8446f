import { type Day, eachDay } from "../../src/domain/day.ts";
import { fromMicros } from "../../src/domain/decimal.ts";
import { addFigures, type Figures, type Slot, slotsOf } from "./figures.ts";
import type { SandboxAccount } from "./world.ts";

/** What the figures of a day come to, whatever the wire made of them. Decimal text. */
export interface TruthDay {
  readonly date: Day;
  readonly spend: string;
  readonly impressions: string;
  readonly clicks: string;
  /** Purchases and custom conversions, by view and by engagement. */
  readonly conversions: string;
  readonly conversionValue: string;
}

export interface TruthCampaignDay extends TruthDay {
  readonly campaignId: string;
}

export interface Truth {
  /** Every day of the range, also those without figures. An id may name a currency: `acc1demo:EUR`. */
  readonly days: (accountId: string, from: Day, to: Day) => readonly TruthDay[];
  readonly campaignDays: (accountId: string, from: Day, to: Day) => readonly TruthCampaignDay[];
}

/** The currency of the account's oldest funding instrument. */
export const mainCurrency = ({ fundings }: SandboxAccount): string =>
  fundings.toSorted((a, b) => (a.createdAt < b.createdAt ? -1 : 1))[0]?.currency ?? "";

const told = (date: Day, figures: Figures | undefined): TruthDay => {
  const counted = figures ? [figures.web.purchases, figures.web.custom] : [];
  const sum = (values: readonly bigint[]): bigint => values.reduce((total, value) => total + value, 0n);
  return {
    date,
    spend: fromMicros(String(figures?.spend ?? 0n), "spend"),
    impressions: String(figures?.impressions ?? 0n),
    clicks: String(figures?.clicks ?? 0n),
    conversions: String(sum(counted.flatMap(({ view, engagement }) => [view, engagement]))),
    conversionValue: fromMicros(
      String(sum(counted.flatMap(({ viewAmount, engagementAmount }) => [viewAmount, engagementAmount]))),
      "value",
    ),
  };
};

export const createTruth = (
  accounts: readonly SandboxAccount[],
  figures: (slot: Slot, day: Day) => Figures | undefined,
): Truth => {
  const slotsIn = (written: string): readonly Slot[] => {
    const [id, currency] = written.split(":");
    const account = accounts.find((candidate) => candidate.id === id);
    if (!account) throw new RangeError(`the sandbox has no X account ${written}`);
    const meant = currency ?? mainCurrency(account);
    return slotsOf(account).filter(({ campaign }) => campaign.currency === meant);
  };
  const sumOf = (slots: readonly Slot[], day: Day): Figures | undefined => {
    let sum: Figures | undefined;
    for (const slot of slots) {
      const found = figures(slot, day);
      if (found) sum = addFigures(sum, found);
    }
    return sum;
  };
  return {
    days: (accountId, from, to) => {
      const slots = slotsIn(accountId);
      return eachDay({ from, to }).map((day) => told(day, sumOf(slots, day)));
    },
    campaignDays: (accountId, from, to) => {
      const slots = slotsIn(accountId);
      const ids = [...new Set(slots.map(({ campaign }) => campaign.id))];
      return eachDay({ from, to }).flatMap((day) =>
        ids.flatMap((campaignId) => {
          const sum = sumOf(
            slots.filter(({ campaign }) => campaign.id === campaignId),
            day,
          );
          return sum ? [{ ...told(day, sum), campaignId }] : [];
        }),
      );
    },
  };
};
