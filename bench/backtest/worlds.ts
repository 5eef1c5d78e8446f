import { createGoogleSandbox } from "../../sandbox/google/index.ts";
import { createLinkedinSandbox } from "../../sandbox/linkedin/index.ts";
import { createMetaSandbox } from "../../sandbox/meta/index.ts";
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
export const trueWorlds = (clock: () => Date): readonly TrueWorld[] => {
  const google = createGoogleSandbox({ clock, accounts: 2 });
  const meta = createMetaSandbox({ clock });
  const linkedin = createLinkedinSandbox({ clock });
  return [
    {
      platform: "google",
      finalAfterDays: 33,
      accounts: google.accounts.filter(({ status }) => status === "ENABLED"),
      days: remembered(clock, (id, from, to) => google.truth.days(id, from, to)),
    },
    {
      platform: "meta",
      finalAfterDays: 29,
      accounts: meta.truth.accountIds.map((id) => ({ id, timeZone: "UTC" })),
      days: remembered(clock, (id, from, to) => meta.truth.days(id, from, to)),
    },
    {
      platform: "linkedin",
      finalAfterDays: 93,
      accounts: linkedin.accounts
        .filter(({ status, test }) => status === "ACTIVE" && !test)
        .map(({ id }) => ({ id, timeZone: "UTC" })),
      days: remembered(clock, (id, from, to) => linkedin.truth.days(id, from, to)),
    },
  ];
};
