import { type Day, type DayRange, eachDay } from "../../src/domain/day.ts";
import { fromMicros } from "../../src/domain/decimal.ts";
import type { CampaignFigures } from "./figures.ts";
import type { SandboxAccount, SandboxCampaign } from "./world.ts";

/** What the figures of a day come to, whatever the wire made of them. Decimal text. */
export interface TruthDay {
  readonly date: Day;
  readonly spend: string;
  readonly impressions: string;
  readonly clicks: string;
  /** Paid website conversions and one-click leads. */
  readonly conversions: string;
  readonly conversionValue: string;
  /** Viral website conversions and viral one-click leads. */
  readonly organicConversions: string;
}

export interface TruthCampaignDay extends TruthDay {
  readonly campaignId: string;
}

export interface Truth {
  /** Every day of the range, also those without figures. */
  days(accountId: string, from: Day, to: Day): readonly TruthDay[];
  campaignDays(accountId: string, from: Day, to: Day): readonly TruthCampaignDay[];
}

interface Sum {
  spend: bigint;
  impressions: bigint;
  clicks: bigint;
  conversions: bigint;
  conversionValue: bigint;
  organicConversions: bigint;
}

const nothing = (): Sum => ({
  spend: 0n,
  impressions: 0n,
  clicks: 0n,
  conversions: 0n,
  conversionValue: 0n,
  organicConversions: 0n,
});

const add = (sum: Sum, figures: CampaignFigures): void => {
  sum.spend += figures.spend;
  sum.impressions += BigInt(figures.impressions);
  sum.clicks += BigInt(figures.clicks);
  sum.conversions += BigInt(figures.oneClickLeads);
  sum.organicConversions += BigInt(figures.viralOneClickLeads);
  for (const rule of figures.rules) {
    sum.conversions += BigInt(rule.conversions);
    sum.conversionValue += rule.value;
    sum.organicConversions += BigInt(rule.viral);
  }
};

const told = (date: Day, sum: Sum): TruthDay => ({
  date,
  spend: fromMicros(sum.spend.toString(), "spend"),
  impressions: sum.impressions.toString(),
  clicks: sum.clicks.toString(),
  conversions: sum.conversions.toString(),
  conversionValue: fromMicros(sum.conversionValue.toString(), "value"),
  organicConversions: sum.organicConversions.toString(),
});

export const createTruth = (
  accounts: readonly SandboxAccount[],
  figures: (account: SandboxAccount, campaign: SandboxCampaign, day: Day) => CampaignFigures | undefined,
): Truth => {
  const known = (accountId: string): SandboxAccount => {
    const account = accounts.find(({ id }) => id === accountId);
    if (!account) throw new RangeError(`the sandbox has no LinkedIn account ${accountId}`);
    return account;
  };
  const range = (from: Day, to: Day): DayRange => ({ from, to });
  return {
    days: (accountId, from, to) =>
      eachDay(range(from, to)).map((day) => {
        const account = known(accountId);
        const sum = nothing();
        for (const campaign of account.campaigns) {
          const found = figures(account, campaign, day);
          if (found) add(sum, found);
        }
        return told(day, sum);
      }),
    campaignDays: (accountId, from, to) =>
      eachDay(range(from, to)).flatMap((day) => {
        const account = known(accountId);
        return account.campaigns.flatMap((campaign) => {
          const found = figures(account, campaign, day);
          if (!found) return [];
          const sum = nothing();
          add(sum, found);
          return [{ ...told(day, sum), campaignId: campaign.id }];
        });
      }),
  };
};
