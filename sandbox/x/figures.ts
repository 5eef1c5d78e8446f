import { type Day, dayAt } from "../../src/domain/day.ts";
import { ageInDays, arrived, chance, dayFactor, maturedShare } from "../pattern.ts";
import type { SandboxAccount, SandboxCampaign, SandboxLineItem, SandboxTweet } from "./world.ts";

/** Conversions of one web type, by what the person did before. Money and quantities in micros. */
export interface WebFigures {
  readonly view: bigint;
  readonly engagement: bigint;
  readonly viewAmount: bigint;
  readonly engagementAmount: bigint;
  readonly viewQuantity: bigint;
  readonly engagementQuantity: bigint;
}

export type WebType = "purchases" | "sign_ups" | "site_visits" | "custom";

export const webTypes: readonly WebType[] = ["purchases", "sign_ups", "site_visits", "custom"];

/** What one place of delivery came to on one day. */
export interface Figures {
  readonly spend: bigint;
  readonly impressions: bigint;
  readonly clicks: bigint;
  readonly urlClicks: bigint;
  readonly engagements: bigint;
  readonly web: Readonly<Record<WebType, WebFigures>>;
}

/** The finest place at which something happens: a tweet, or a line item without any, on a placement. */
export interface Slot {
  readonly account: SandboxAccount;
  readonly campaign: SandboxCampaign;
  readonly lineItem: SandboxLineItem;
  readonly tweet: SandboxTweet | undefined;
  readonly placement: string;
}

export const slotsOf = (account: SandboxAccount): readonly Slot[] =>
  account.campaigns.flatMap((campaign) =>
    campaign.lineItems.flatMap((lineItem) =>
      (lineItem.tweets.length === 0 ? [undefined] : lineItem.tweets).flatMap((tweet) =>
        campaign.placements.map((placement) => ({ account, campaign, lineItem, tweet, placement })),
      ),
    ),
  );

/** For how long X may still change a day: spend, and web conversions. */
export const restatedDays = { spend: 14, web: 30 } as const;

const webLag = { first: 0.6, halfLifeDays: 4, finalAge: restatedDays.web };

const slotKey = ({ campaign, lineItem, tweet, placement }: Slot): string =>
  `${campaign.id} ${lineItem.id} ${tweet?.id ?? ""} ${placement}`;

/** Whether the slot has any figures on a day that has begun. */
export const isActive = (seed: string, slot: Slot, day: Day, asOf: Day): boolean =>
  day >= slot.campaign.firstDay &&
  day <= slot.campaign.lastDay &&
  day <= asOf &&
  chance(seed, slotKey(slot), day, "pause") >= 0.15;

const placementShare: Readonly<Record<string, number>> = {
  ALL_ON_TWITTER: 1,
  PUBLISHER_NETWORK: 0.2,
  SPOTLIGHT: 0.5,
  TREND: 0.4,
};

/** Per click of a campaign for the web: conversions by view and by engagement. */
const rates: Readonly<Record<WebType, readonly [view: number, engagement: number]>> = {
  purchases: [0.01, 0.03],
  sign_ups: [0.01, 0.02],
  site_visits: [0.2, 0.4],
  custom: [0.005, 0.01],
};

const noWeb: WebFigures = {
  view: 0n,
  engagement: 0n,
  viewAmount: 0n,
  engagementAmount: 0n,
  viewQuantity: 0n,
  engagementQuantity: 0n,
};

/** @param percent of what it would have been; changed by a test after the fact */
export const figuresOf = (
  seed: string,
  slot: Slot,
  day: Day,
  now: Date,
  percent: number,
): Figures | undefined => {
  const asOf = dayAt(now, slot.account.timeZone);
  if (percent === 0 || !isActive(seed, slot, day, asOf)) return undefined;
  const key = slotKey(slot);
  const draw = (what: string): number => chance(seed, key, day, what);
  const age = ageInDays(day, asOf);
  const slots = slot.campaign.lineItems.reduce((sum, { tweets }) => sum + Math.max(1, tweets.length), 0);
  const partOfDay = age === 0 ? (now.getUTCHours() + 1) / 24 : 1;
  const level =
    (dayFactor(day) *
      (0.7 + 0.6 * draw("level")) *
      partOfDay *
      (placementShare[slot.placement] ?? 1) *
      percent) /
    (100 * slots);
  // Credits for overspending and junk clicks: spend falls for two weeks.
  const revised = 1 + 0.03 * Math.max(0, 1 - age / restatedDays.spend);
  const spend = (slot.campaign.dailySpend * BigInt(Math.round(level * revised * 1_000_000))) / 1_000_000n;
  const perUnit = slot.campaign.currency === "JPY" ? 150 : 1;
  // People come back and buy days after the last delivery: conversions alone.
  const alone = draw("pause") < 0.2;
  const clicks = Math.round(
    (Number(slot.campaign.dailySpend) * level) / perUnit / 1_000_000 / (0.4 + draw("cost of a click")),
  );
  const impressions = Math.round(clicks / (0.01 + 0.02 * draw("rate"))) + 3;
  const share = maturedShare(age, webLag);
  const events = (what: string, expected: number): bigint =>
    BigInt(arrived(Math.floor(expected + draw(what)), share, [seed, key, day, what]));
  const webOf = (type: WebType): WebFigures => {
    if (slot.campaign.objective !== "WEBSITE_CLICKS" && type !== "site_visits") return noWeb;
    const [viewRate, engagementRate] = rates[type];
    const view = events(`${type} view`, clicks * viewRate);
    const engagement = events(`${type} engagement`, clicks * engagementRate);
    const amount = type === "purchases" ? slot.campaign.saleAmount : 0n;
    return {
      view,
      engagement,
      viewAmount: view * amount,
      engagementAmount: engagement * amount,
      viewQuantity: view * 1_000_000n,
      engagementQuantity: engagement * 2_000_000n,
    };
  };
  const delivery = alone
    ? { spend: 0n, impressions: 0n, clicks: 0n, urlClicks: 0n, engagements: 0n }
    : {
        spend: draw("free") < 0.05 ? 0n : spend,
        impressions: BigInt(impressions),
        clicks: BigInt(clicks),
        urlClicks: BigInt(Math.floor(clicks * 0.4)),
        engagements: BigInt(Math.floor(clicks * 1.3)),
      };
  return {
    ...delivery,
    web: {
      purchases: webOf("purchases"),
      sign_ups: webOf("sign_ups"),
      site_visits: webOf("site_visits"),
      custom: webOf("custom"),
    },
  };
};

const addWeb = (a: WebFigures, b: WebFigures): WebFigures => ({
  view: a.view + b.view,
  engagement: a.engagement + b.engagement,
  viewAmount: a.viewAmount + b.viewAmount,
  engagementAmount: a.engagementAmount + b.engagementAmount,
  viewQuantity: a.viewQuantity + b.viewQuantity,
  engagementQuantity: a.engagementQuantity + b.engagementQuantity,
});

export const addFigures = (a: Figures | undefined, b: Figures): Figures =>
  a === undefined
    ? b
    : {
        spend: a.spend + b.spend,
        impressions: a.impressions + b.impressions,
        clicks: a.clicks + b.clicks,
        urlClicks: a.urlClicks + b.urlClicks,
        engagements: a.engagements + b.engagements,
        web: {
          purchases: addWeb(a.web.purchases, b.web.purchases),
          sign_ups: addWeb(a.web.sign_ups, b.web.sign_ups),
          site_visits: addWeb(a.web.site_visits, b.web.site_visits),
          custom: addWeb(a.web.custom, b.web.custom),
        },
      };
