import { sandboxPlatforms } from "../../sandbox/platforms.ts";
import type { Day } from "../../src/domain/day.ts";
import type { TrueDay, TrueWorld } from "./truth-connector.ts";

/** A day is asked for twice a night, delivery and conversions apart: the last answers are kept. */
const remembered = (
  clock: () => Date,
  days: TrueWorld["days"],
): ((accountId: string, from: Day, to: Day) => readonly TrueDay[]) => {
  const kept = new Map<string, readonly TrueDay[]>();
  return (accountId, from, to) => {
    const key = `${accountId} ${from} ${to} ${String(clock().getTime())}`;
    const before = kept.get(key);
    if (before) return before;
    const found = days(accountId, from, to);
    if (kept.size > 20) kept.clear();
    kept.set(key, found);
    return found;
  };
};

/** The sandboxes whose restatement follows the clock, with the depth that their connectors state for them. */
export const trueWorlds = (clock: () => Date): readonly TrueWorld[] =>
  Object.entries(sandboxPlatforms).map(([platform, { truth }]) => {
    const { days, ...world } = truth(clock);
    return { platform, ...world, days: remembered(clock, days) };
  });
