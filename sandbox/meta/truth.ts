import { type Day, eachDay } from "../../src/domain/day.ts";
import { amount } from "./actions.ts";
import { claims, type Event, type FactsOf } from "./facts.ts";
import type { SandboxAccount } from "./world.ts";

/** What a day of an account really came to, as decimal text; the clock's present decides what is known of it. */
interface TrueDay {
  readonly date: Day;
  readonly spend: string;
  readonly impressions: string;
  readonly clicks: string;
  readonly conversions: string;
  readonly conversionValue: string;
}

export interface MetaTruth {
  readonly accountIds: readonly string[];
  /** For the default settings: purchases and leads, seven days after a click and one after a view. */
  days(accountId: string, from: Day, to: Day): readonly TrueDay[];
}

const counted = (event: Event): boolean =>
  (event.goal === "purchase" || event.goal === "lead") &&
  (claims("7d_click", event) || claims("1d_view", event));

export const createTruth = (world: readonly SandboxAccount[], factsOf: FactsOf): MetaTruth => ({
  accountIds: world.map(({ id }) => id),
  days: (accountId, from, to) => {
    const account = world.find(({ id }) => id === accountId);
    if (!account) throw new RangeError(`no sandbox account ${accountId}`);
    return eachDay({ from, to }).flatMap((date) => {
      const facts = account.campaigns.flatMap((campaign) =>
        campaign.adSets.flatMap(({ ads }) => ads.flatMap((ad) => factsOf(account, campaign, ad, date) ?? [])),
      );
      if (facts.length === 0) return [];
      const sum = (figure: (fact: (typeof facts)[number]) => number) =>
        facts.reduce((total, fact) => total + figure(fact), 0);
      const events = facts.flatMap((fact) => fact.events.filter(counted));
      return {
        date,
        spend: amount(
          sum(({ spendMinor }) => spendMinor),
          account.places,
        ),
        impressions: String(sum(({ impressions }) => impressions)),
        clicks: String(sum(({ clicks }) => clicks)),
        conversions: String(events.length),
        conversionValue: amount(
          events.reduce((total, { valueMinor }) => total + valueMinor, 0),
          account.places,
        ),
      };
    });
  },
});
