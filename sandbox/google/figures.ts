import type { Day } from "../../src/domain/day.ts";
import { ageInDays, chance, dayFactor, maturedShare } from "../pattern.ts";
import type { SandboxAd, SandboxAdGroup, SandboxCampaign } from "./campaigns.ts";
import type { SandboxAccount, SandboxAction } from "./world.ts";

/** Conversions of one action, in hundredths; values in cents. Whole numbers, so that every sum is exact. */
export interface Credit {
  readonly action: SandboxAction;
  readonly counted: number;
  readonly countedValue: number;
  readonly all: number;
  readonly allValue: number;
}

/** The finest figures there are: one ad (or a campaign without ads) on one network and day. */
export interface Leaf {
  readonly campaign: SandboxCampaign;
  readonly adGroup: SandboxAdGroup | undefined;
  readonly ad: SandboxAd | undefined;
  readonly network: string;
  readonly costMicros: number;
  readonly impressions: number;
  readonly clicks: number;
  /** With those that were found invalid later and credited: the click report counts them too. */
  readonly reportedClicks: number;
  readonly credits: readonly Credit[];
}

interface Unit {
  readonly campaign: SandboxCampaign;
  readonly adGroup: SandboxAdGroup | undefined;
  readonly ad: SandboxAd | undefined;
}

const unitsOf = (account: SandboxAccount): Unit[] =>
  account.campaigns.flatMap((campaign): Unit[] =>
    campaign.adGroups.length === 0
      ? [{ campaign, adGroup: undefined, ad: undefined }]
      : campaign.adGroups.flatMap((adGroup) => adGroup.ads.map((ad) => ({ campaign, adGroup, ad }))),
  );

const lag = { first: 0.35, halfLifeDays: 2.5, finalAge: 28 } as const;

/** Credits of one action that have been reported at this age: they trickle in, and a few are taken back later. */
const creditOf = (
  action: SandboxAction,
  clicks: number,
  rate: number,
  age: number,
  key: string,
): Credit | undefined => {
  const final = Math.floor(clicks * rate * action.share + chance(key, action.id));
  const share = maturedShare(age, lag);
  let [events, all] = [0, 0];
  for (let event = 0; event < final; event += 1) {
    const draw = chance(key, action.id, event);
    const retracted = age >= 12 && draw < 0.02;
    if (draw >= share || retracted) continue;
    // Data-driven attribution hands out parts of a conversion.
    const part = draw * 1_000 - Math.floor(draw * 1_000);
    const hundredths = part < 0.3 ? 1 + Math.floor(part * 330) : 100;
    events += hundredths;
    all += hundredths + (part > 0.92 ? 33 : 0);
  }
  if (all === 0) return undefined;
  const value = (hundredths: number) => Math.round((hundredths * action.valueCents) / 100);
  const counted = action.primary ? events : 0;
  return { action, counted, countedValue: value(counted), all, allValue: value(all) };
};

const ordinaryLeaves = (account: SandboxAccount, day: Day, today: Day, seed: string): Leaf[] => {
  const age = ageInDays(day, today);
  const busy = dayFactor(day) * (age === 0 ? 0.4 : 1);
  const dayOfMonth = Number(day.slice(8));
  const leaves: Leaf[] = [];
  for (const unit of unitsOf(account))
    for (const [network, networkShare] of unit.campaign.networks) {
      const { campaign, adGroup, ad } = unit;
      const key = [seed, account.id, campaign.id, adGroup?.id, ad?.id, network, day].join("/");
      // The removed campaign ran in the first weeks of each month; the day after, a late conversion is all there is.
      const resting = campaign.removed && dayOfMonth > 20;
      const late = resting && dayOfMonth === 21 && network === "SEARCH" ? account.actions[0] : undefined;
      const impressions = resting
        ? 0
        : Math.floor(
            campaign.impressions *
              (ad?.weight ?? 1) *
              networkShare *
              busy *
              (0.6 + 0.8 * chance(key, "seen")),
          );
      const found = Math.floor(
        impressions * campaign.clickRate * (0.7 + 0.6 * chance(key, "clicked")) + chance(key),
      );
      const billed = Math.floor(found * campaign.clickMicros * (0.8 + 0.4 * chance(key, "cost")));
      // Clicks found invalid some days later are credited.
      const credited = age >= 4 && found > 1 && chance(key, "invalid") < 0.05;
      const credits = late
        ? [{ action: late, counted: 100, countedValue: late.valueCents, all: 100, allValue: late.valueCents }]
        : account.actions.flatMap(
            (action) => creditOf(action, found, campaign.conversionRate, age, key) ?? [],
          );
      if (impressions + found + credits.length === 0) continue;
      leaves.push({
        campaign,
        adGroup,
        ad,
        network,
        impressions: Math.max(impressions, found),
        clicks: credited ? found - 1 : found,
        reportedClicks: found,
        costMicros: credited ? Math.floor(billed * 0.97) : billed,
        credits,
      });
    }
  return leaves;
};

/** A weekday's figures of the large account, by arithmetic alone. */
const bulkLeaves = (account: SandboxAccount, weekday: number, restated: boolean): Leaf[] => {
  const [purchase] = account.actions;
  return unitsOf(account).map((unit, index): Leaf => {
    const impressions = 200 + ((index * 37 + weekday * 101) % 800);
    const clicks = Math.floor(impressions / 20) + (restated && index % 50 === 7 ? 1 : 0);
    const converts = purchase !== undefined && (index + weekday) % 4 === 0;
    const hundredths = 25 + ((index * 13) % 300);
    const value = Math.round(((purchase?.valueCents ?? 0) * hundredths) / 100);
    return {
      ...unit,
      network: "SEARCH",
      impressions,
      clicks,
      reportedClicks: clicks,
      costMicros: clicks * (350_000 + ((index * 7_919) % 900_000)),
      credits: converts
        ? [{ action: purchase, counted: hundredths, countedValue: value, all: hundredths, allValue: value }]
        : [],
    };
  });
};

export const weekdayOf = (day: Day): number => new Date(`${day}T00:00:00Z`).getUTCDay();

const keptDays = 600;

/** Figures by account and day as they are known on `today`; days already worked out are kept for a while. */
export const createFigures = (seed: string, restated = false) => {
  const kept = new Map<string, readonly Leaf[]>();
  return (account: SandboxAccount, day: Day, today: Day): readonly Leaf[] => {
    if (day > today) return [];
    if (account.bulk) return bulkLeaves(account, weekdayOf(day), restated);
    const key = `${account.id} ${day} ${today}`;
    const before = kept.get(key);
    if (before) return before;
    const leaves = ordinaryLeaves(account, day, today, seed);
    if (kept.size >= keptDays) kept.clear();
    kept.set(key, leaves);
    return leaves;
  };
};

export type Figures = ReturnType<typeof createFigures>;
