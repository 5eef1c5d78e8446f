import { type Day, eachDay } from "../../src/domain/day.ts";
import { fromUnits } from "../../src/domain/decimal.ts";
import type { Figures } from "./figures.ts";
import type { SandboxAccount } from "./world.ts";

/** What really happened on an account-day, added up apart from everything that goes over the wire. */
interface TruthDay {
  readonly date: Day;
  /** In the account's currency, as decimal text with six places. */
  readonly spend: string;
  readonly impressions: string;
  readonly clicks: string;
  /** What the platform counts in metrics.conversions, with two places. */
  readonly conversions: string;
  readonly conversionValue: string;
}

export interface Truth {
  /** The days of the inclusive range on which anything happened, as it is known at the sandbox's clock. */
  days(accountId: string, from: Day, to: Day): TruthDay[];
}

export const createTruth = (
  world: readonly SandboxAccount[],
  figures: Figures,
  todayOf: (account: SandboxAccount) => Day,
): Truth => ({
  days(accountId, from, to) {
    const account = world.find(({ id }) => id === accountId);
    if (!account) throw new RangeError(`the sandbox has no account ${accountId}`);
    return eachDay({ from, to }).flatMap((date) => {
      let [micros, impressions, clicks, conversions, value] = [0n, 0n, 0n, 0n, 0n];
      const leaves = figures(account, date, todayOf(account));
      for (const leaf of leaves) {
        micros += BigInt(leaf.costMicros);
        impressions += BigInt(leaf.impressions);
        clicks += BigInt(leaf.clicks);
        for (const credit of leaf.credits) {
          conversions += BigInt(credit.counted);
          value += BigInt(credit.countedValue);
        }
      }
      return leaves.length === 0
        ? []
        : [
            {
              date,
              spend: fromUnits(micros, 6),
              impressions: String(impressions),
              clicks: String(clicks),
              conversions: fromUnits(conversions, 2),
              conversionValue: fromUnits(value, 2),
            },
          ];
    });
  },
});
