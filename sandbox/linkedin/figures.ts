import { type Day, dayAt } from "../../src/domain/day.ts";
import { ageInDays, arrived, chance, dayFactor, maturedShare } from "../pattern.ts";
import type { SandboxAccount, SandboxCampaign } from "./world.ts";

/** Website conversions of one rule, or (`ruleId` empty) of a rule that no longer exists. */
interface RuleFigures {
  readonly ruleId: string;
  readonly conversions: number;
  readonly postClick: number;
  /** In millionths. */
  readonly value: bigint;
  readonly viral: number;
}

/** What one campaign came to on one day. Money in millionths. */
export interface CampaignFigures {
  readonly spend: bigint;
  readonly impressions: number;
  readonly clicks: number;
  readonly landingPageClicks: number;
  readonly oneClickLeads: number;
  readonly messageLeads: number;
  readonly qualifiedLeads: number;
  readonly viralImpressions: number;
  readonly viralClicks: number;
  readonly viralOneClickLeads: number;
  readonly rules: readonly RuleFigures[];
}

/** A campaign-day that the test changed after the fact: figures times `factor` / 100, or no row at all with 0. */
export type Restatements = ReadonlyMap<string, number>;

export const restatementKey = (campaignId: string, day: Day): string => `${campaignId} ${day}`;

// Website conversions come in over 72 hours and the rest over the rule's window.
const lag = { first: 0.45, halfLifeDays: 3, finalAge: 33 };

export const figuresOf = (
  seed: string,
  account: SandboxAccount,
  campaign: SandboxCampaign,
  day: Day,
  now: Date,
  restatements: Restatements,
): CampaignFigures | undefined => {
  const asOf = dayAt(now, "utc");
  if (day < campaign.firstDay || day > campaign.lastDay || day > asOf) return undefined;
  const percent = restatements.get(restatementKey(campaign.id, day)) ?? 100;
  if (percent === 0) return undefined;
  const draw = (what: string): number => chance(seed, campaign.id, day, what);
  // Now and then a campaign is not delivered at all.
  if (draw("pause") < 0.04) return undefined;

  const partOfDay = day === asOf ? (now.getUTCHours() + 1) / 24 : 1;
  const level = dayFactor(day) * (0.75 + 0.5 * draw("level")) * partOfDay * (percent / 100);
  const spend = (campaign.dailySpend * BigInt(Math.round(level * 10_000))) / 10_000n;
  const spendUnits = Number(spend / 10_000n) / 100;
  const clicks = Math.round(spendUnits / (4 + 3 * draw("cpc")));
  const impressions = Math.round(clicks / (0.004 + 0.003 * draw("ctr"))) + 1;
  const age = ageInDays(day, asOf);
  const share = maturedShare(age, lag);
  const events = (what: string, expected: number): number =>
    arrived(Math.floor(expected + draw(what)), share, [seed, campaign.id, day, what]);

  const leadForm = campaign.objective === "LEAD_GENERATION";
  const perRule = leadForm ? 0.02 : campaign.objective === "WEBSITE_CONVERSION" ? 0.05 : 0.01;
  const rules = [...account.rules.map(({ id, value }) => ({ id, value })), { id: "", value: 5_000_000n }].map(
    ({ id, value }, place): RuleFigures => {
      const conversions = events(`rule ${place}`, (clicks * perRule) / (1 + place));
      return {
        ruleId: id,
        conversions,
        postClick: Math.ceil(conversions * 0.7),
        value: value * BigInt(conversions),
        viral: events(`viral rule ${place}`, (clicks * perRule) / (8 + 4 * place)),
      };
    },
  );
  const leads = leadForm ? events("lead", clicks * 0.08) : 0;
  const inMail = campaign.type === "SPONSORED_INMAILS";
  return {
    spend: draw("free") < 0.02 ? 0n : spend,
    impressions,
    clicks,
    landingPageClicks: Math.floor(clicks * 0.9),
    oneClickLeads: inMail ? 0 : leads,
    messageLeads: inMail ? leads : 0,
    qualifiedLeads: Math.floor(leads * 0.4),
    viralImpressions: Math.floor(impressions * 0.02),
    viralClicks: Math.floor(clicks * 0.05),
    viralOneClickLeads: leadForm ? events("viral lead", clicks * 0.01) : 0,
    rules,
  };
};
