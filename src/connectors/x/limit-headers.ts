import type { AnswerHeaders } from "../wire/exchange.ts";

/** What an answer says of the quota that decides over its call. */
export interface Quota {
  /** Whether it is the account's own, or the user's. */
  readonly of: "account" | "user";
  readonly remaining: number | undefined;
  readonly resetAt: Date | undefined;
}

const numberIn = (headers: AnswerHeaders, name: string): number | undefined => {
  const text = headers.get(name)?.trim();
  return text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : undefined;
};

/**
 * Where the account's headers are there they decide: the user's then show a large global quota ("Rate limiting").
 * Any of them may be missing.
 */
export const quotaIn = (headers: AnswerHeaders): Quota | undefined => {
  for (const [of, prefix] of [
    ["account", "x-account-rate-limit"],
    ["user", "x-rate-limit"],
  ] as const) {
    const remaining = numberIn(headers, `${prefix}-remaining`);
    const reset = numberIn(headers, `${prefix}-reset`);
    if (remaining === undefined && reset === undefined && numberIn(headers, `${prefix}-limit`) === undefined)
      continue;
    return { of, remaining, resetAt: reset === undefined ? undefined : new Date(reset * 1_000) };
  }
  return undefined;
};
