import { dayAt, type Day } from "../../src/domain/day.ts";
import { arrived, chance, dayFactor, maturedShare } from "../pattern.ts";
import type { Goal, SandboxAccount, SandboxAd, SandboxCampaign } from "./world.ts";

/** A conversion as it happened; the wire names it several times over. */
export interface Event {
  readonly goal: Goal;
  /** The shortest window that claims it. */
  readonly window: "1d_click" | "7d_click" | "28d_click" | "1d_view" | "1d_ev";
  /** In the currency's smallest unit. */
  readonly valueMinor: number;
  readonly onPixel: boolean;
  /** Whether the rule of custom conversion 777 matches it. */
  readonly custom: boolean;
  /** In [0, 1): where on Meta it was seen. */
  readonly place: number;
}

export interface AdFacts {
  readonly impressions: number;
  readonly clicks: number;
  readonly spendMinor: number;
  readonly events: readonly Event[];
}

/** Figures move for 28 days after the day they are reported for. */
const lag = { first: 0.65, halfLifeDays: 2, finalAge: 28 } as const;

const windows = [
  [0.5, "1d_click"],
  [0.7, "7d_click"],
  [0.8, "28d_click"],
  [0.95, "1d_view"],
  [1, "1d_ev"],
] as const;

const eventsOf = (
  account: SandboxAccount,
  goal: Goal,
  ad: SandboxAd,
  day: Day,
  age: number,
): readonly Event[] => {
  const total = Math.max(0, Math.floor(chance(ad.id, day, goal, "total") * 3 - 0.5));
  const share = maturedShare(age, lag);
  const shown = arrived(total, share, [ad.id, day, goal]);
  return Array.from({ length: shown }, (_, index): Event => {
    const draw = (what: string) => chance(ad.id, day, goal, index, what);
    const window = windows.find(([below]) => draw("window") < below)?.[1] ?? "1d_click";
    const euros = goal === "purchase" ? 15 + draw("value") * 90 : 0;
    return {
      goal,
      window,
      valueMinor: Math.round(euros * account.unitsPerEuro * 10 ** account.places),
      onPixel: draw("channel") < 0.8,
      custom: goal === "purchase" && draw("custom") < 0.4,
      place: draw("place"),
    };
  });
};

export type FactsOf = (
  account: SandboxAccount,
  campaign: SandboxCampaign,
  ad: SandboxAd,
  day: Day,
) => AdFacts | undefined;

const dayMs = 86_400_000;

/** Days begin on the minute everywhere. */
const minuteOf = (instant: Date): number => Math.floor(instant.getTime() / 60_000) * 60_000;

/** Calendar arithmetic is dear, and each fact asks for the same few days. */
const remembered = <Key extends readonly (string | number)[]>(compute: (...key: Key) => number) => {
  const known = new Map<string, number>();
  return (...key: Key): number => {
    const name = key.join(" ");
    const value = known.get(name) ?? compute(...key);
    known.set(name, value);
    return value;
  };
};

/** What an ad's day came to as it is known now; undefined where it neither delivered nor converted. */
export const createFacts = (clock: () => Date, seed: string): FactsOf => {
  const known = new Map<string, AdFacts | undefined>();
  const today = remembered((now: number, zone: string) => Date.parse(dayAt(new Date(now), zone)));
  const factor = remembered((day: Day) => dayFactor(day));
  const compute = (
    account: SandboxAccount,
    campaign: SandboxCampaign,
    ad: SandboxAd,
    day: Day,
    age: number,
  ): AdFacts | undefined => {
    if (chance(seed, ad.id, day.slice(0, 7), "flight") > 0.75) return undefined;
    const partial = age === 0 ? 0.4 : 1;
    const size = (0.4 + chance(ad.id, "size")) * factor(day) * partial;
    const impressions = Math.round((400 + chance(seed, ad.id, day, "impressions") * 2_600) * size);
    const clicks = Math.floor(impressions * (0.008 + chance(seed, ad.id, day, "clicks") * 0.02));
    const euros = clicks * (0.2 + chance(seed, ad.id, day, "price") * 0.5);
    return {
      impressions,
      clicks,
      spendMinor: Math.round(euros * account.unitsPerEuro * 10 ** account.places),
      events: campaign.goals.flatMap((goal) => eventsOf(account, goal, ad, day, age)),
    };
  };
  return (account, campaign, ad, day) => {
    const age = Math.round((today(minuteOf(clock()), account.timeZone) - Date.parse(day)) / dayMs);
    if (age < 0) return undefined;
    const key = `${account.id} ${ad.id} ${day} ${Math.min(age, lag.finalAge)}`;
    if (!known.has(key)) known.set(key, compute(account, campaign, ad, day, age));
    return known.get(key);
  };
};

/** Whether an attribution window claims an event: click windows nest, view and engaged view stand apart. */
export const claims = (window: string, event: Event): boolean => {
  if (window === event.window) return true;
  if (window === "7d_click") return event.window === "1d_click";
  return window === "28d_click" && (event.window === "1d_click" || event.window === "7d_click");
};
