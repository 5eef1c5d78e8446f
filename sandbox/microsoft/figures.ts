import type { Day } from "../../src/domain/day.ts";
import { ageInDays, arrived, chance, dayFactor, maturedShare } from "../pattern.ts";
import type { SandboxAccount, SandboxAd, SandboxAdGroup, SandboxCampaign, SandboxGoal } from "./world.ts";

/** Conversions of one goal, in hundredths; values in cents. Whole numbers, so that every sum is exact. */
export interface Credit {
  readonly goal: SandboxGoal;
  readonly qualified: number;
  readonly qualifiedValue: number;
  readonly all: number;
  readonly allValue: number;
  readonly viewThrough: number;
}

/** The finest figures there are: one ad (or a campaign without ads) on one network and day. */
export interface Leaf {
  readonly campaign: SandboxCampaign;
  readonly adGroup: SandboxAdGroup | undefined;
  readonly ad: SandboxAd | undefined;
  readonly network: string;
  /** Of a part of it: the labels of what it is the part of. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly spendCents: number;
  readonly impressions: number;
  readonly clicks: number;
  readonly credits: readonly Credit[];
}

/** A campaign-day that a test changed after the fact, in percent; 0: its rows vanish. */
export type Restatements = ReadonlyMap<string, number>;

export const restatementKey = (campaignId: string, day: Day): string => `${campaignId} ${day}`;

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

const lag = { first: 0.4, halfLifeDays: 3, finalAge: 30 } as const;

const creditOf = (
  goal: SandboxGoal,
  clicks: number,
  unit: Unit,
  age: number,
  key: string,
): Credit | undefined => {
  const expected = clicks * unit.campaign.conversionRate * goal.share;
  const events = arrived(Math.floor(expected + chance(key, goal.id)), maturedShare(age, lag), [key, goal.id]);
  // Some conversions are shared among clicks: fractions are real.
  const all = events * 100 + (events > 0 && chance(key, goal.id, "part") < 0.3 ? 50 : 0);
  const audience = unit.campaign.adDistribution === "Audience";
  const viewThrough = audience && chance(key, goal.id, "view") < 0.2 ? 100 : 0;
  if (all === 0 && viewThrough === 0) return undefined;
  const allValue = Math.round((all * goal.valueCents) / 100);
  return {
    goal,
    all,
    allValue,
    qualified: goal.bidding ? all : 0,
    qualifiedValue: goal.bidding ? allValue : 0,
    viewThrough,
  };
};

const ordinaryLeaves = (
  account: SandboxAccount,
  day: Day,
  today: Day,
  seed: string,
  restated: Restatements,
): Leaf[] => {
  const age = ageInDays(day, today);
  const busy = dayFactor(day) * (age === 0 ? 0.4 : 1);
  const leaves: Leaf[] = [];
  for (const unit of unitsOf(account)) {
    const { campaign, adGroup, ad } = unit;
    const percent = restated.get(restatementKey(campaign.id, day)) ?? 100;
    if (percent === 0) continue;
    for (const [network, share] of campaign.networks) {
      const key = [seed, account.id, campaign.id, adGroup?.id, ad?.id, network, day].join("/");
      const rests = day > campaign.lastDay;
      // A campaign that has ended still gets a late conversion: a row without impressions.
      const late = rests && ageInDays(campaign.lastDay, day) === 1 ? account.goals[0] : undefined;
      if (rests && !late) continue;
      const level = (ad?.weight ?? 1) * share * busy * (0.6 + 0.8 * chance(key, "seen")) * (percent / 100);
      const impressions = rests ? 0 : Math.floor(campaign.impressions * level);
      const found = Math.floor(
        impressions * campaign.clickRate * (0.7 + 0.6 * chance(key, "clicked")) + chance(key),
      );
      const billed = rests ? 0 : Math.floor(found * campaign.clickCents * (0.8 + 0.4 * chance(key, "cost")));
      // Clicks found invalid about a week later are credited; where it was the only one, its row vanishes.
      const credited = age >= 7 && found > 0 && chance(key, "invalid") < 0.05;
      const clicks = rests ? 0 : credited ? found - 1 : found;
      const credits = late
        ? [
            {
              goal: late,
              qualified: 100,
              qualifiedValue: late.valueCents,
              all: 100,
              allValue: late.valueCents,
              viewThrough: 0,
            },
          ]
        : account.goals.flatMap((goal) => creditOf(goal, found, unit, age, key) ?? []);
      if (impressions + clicks + credits.length === 0) continue;
      leaves.push({
        campaign,
        adGroup,
        ad,
        network,
        impressions,
        clicks,
        spendCents: credited ? Math.floor((billed * (found - 1)) / found) : billed,
        credits,
      });
    }
  }
  return leaves;
};

/** The large account's figures, by arithmetic alone. */
const bulkLeaves = (account: SandboxAccount, day: Day): Leaf[] => {
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
  const [goal] = account.goals;
  return unitsOf(account).map((unit, index): Leaf => {
    const impressions = 200 + ((index * 37 + weekday * 101) % 800);
    const clicks = Math.floor(impressions / 20);
    const all = (index + weekday) % 4 === 0 ? 100 + 50 * (index % 3) : 0;
    const value = goal ? Math.round((goal.valueCents * all) / 100) : 0;
    return {
      ...unit,
      network: unit.campaign.networks[0]?.[0] ?? "",
      impressions,
      clicks,
      spendCents: clicks * (35 + ((index * 7_919) % 90)),
      credits:
        goal && all > 0
          ? [{ goal, qualified: all, qualifiedValue: value, all, allValue: value, viewThrough: 0 }]
          : [],
    };
  });
};

const keptDays = 600;

/** Figures by account and day as they are known on `today`; days already worked out are kept for a while. */
export const createFigures = (seed: string, restated: Restatements) => {
  const kept = new Map<string, readonly Leaf[]>();
  return {
    /** Forgets what was worked out: a restatement changed it. */
    forget: () => kept.clear(),
    of(account: SandboxAccount, day: Day, today: Day): readonly Leaf[] {
      if (day > today) return [];
      // Its figures depend on the weekday alone.
      const key = account.bulk
        ? `${account.id} ${String(new Date(`${day}T00:00:00Z`).getUTCDay())}`
        : `${account.id} ${day} ${today}`;
      const before = kept.get(key);
      if (before) return before;
      const leaves = account.bulk
        ? bulkLeaves(account, day)
        : ordinaryLeaves(account, day, today, seed, restated);
      if (kept.size >= keptDays) kept.clear();
      kept.set(key, leaves);
      return leaves;
    },
  };
};

export type Figures = ReturnType<typeof createFigures>;
