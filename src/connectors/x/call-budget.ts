import type { Quota } from "./limit-headers.ts";

/** Synchronous stats: 250 calls in 15 minutes by the documentation, where no header says otherwise. */
const documented = { calls: 250, windowMs: 15 * 60_000 } as const;
/** Left for others who use the same token. */
const spare = 10;

interface Window {
  left: number;
  resetAt: number;
}

/** How many synchronous calls are left, for all slices of the process together. */
export interface CallBudget {
  /** Sets so many calls aside. False where there are too few left: jobs have no such limit. */
  take(accountId: string, calls: number): boolean;
  note(accountId: string, quota: Quota): void;
  /** The limit is reached, whatever was thought to be left. */
  exhaust(accountId: string, until: Date): void;
}

export const createCallBudget = (now: () => Date): CallBudget => {
  const windows = new Map<string, Window>();
  // Accounts whose own limit decides; all others share that of the user.
  const ownLimit = new Set<string>();
  const user = "";

  const windowOf = (key: string): Window => {
    const known = windows.get(key);
    if (known && known.resetAt > now().getTime()) return known;
    const begun = { left: documented.calls, resetAt: now().getTime() + documented.windowMs };
    windows.set(key, begun);
    return begun;
  };
  const keyOf = (accountId: string): string => (ownLimit.has(accountId) ? accountId : user);

  return {
    take(accountId, calls) {
      const window = windowOf(keyOf(accountId));
      if (calls > window.left - spare) return false;
      window.left -= calls;
      return true;
    },
    note(accountId, { of, remaining, resetAt }) {
      if (of === "account") ownLimit.add(accountId);
      if (remaining === undefined) return;
      const window = windowOf(keyOf(accountId));
      const isNew = resetAt !== undefined && resetAt.getTime() - window.resetAt > 60_000;
      // What was set aside is not yet taken off the platform's own count.
      window.left = isNew ? remaining : Math.min(window.left, remaining);
      if (resetAt !== undefined) window.resetAt = resetAt.getTime();
    },
    exhaust(accountId, until) {
      windows.set(keyOf(accountId), { left: 0, resetAt: until.getTime() });
    },
  };
};
