import { XRefusal } from "./wire.ts";

/** Which sets of limit headers answers carry: `account` beside the user's, `user` alone, or none at all. */
export type LimitHeaders = "account" | "user" | "none";

const windowMs = 15 * 60_000;

interface Window {
  endsAt: number;
  used: number;
}

/** Requests in windows of 15 minutes. The user's own quota looks endless where an account's decides. */
export const createLimits = (clock: () => Date) => {
  const windows = new Map<string, Window>();
  return {
    headers: "account" as LimitHeaders,
    reset: (): void => windows.clear(),
    /** Headers for the answer. @throws XRefusal 429 where the window is used up */
    admit(name: string, limit: number, perAccount: boolean): Record<string, string> {
      const now = clock().getTime();
      const before = windows.get(name);
      const window = before && before.endsAt > now ? before : { endsAt: now + windowMs, used: 0 };
      windows.set(name, window);
      window.used += 1;
      const set = (prefix: string, most: number, left: number): Record<string, string> => ({
        [`${prefix}-limit`]: String(most),
        [`${prefix}-remaining`]: String(Math.max(0, left)),
        [`${prefix}-reset`]: String(Math.ceil(window.endsAt / 1_000)),
      });
      const own = { limit, left: limit - window.used };
      const headers =
        this.headers === "none"
          ? {}
          : perAccount && this.headers === "account"
            ? {
                ...set("x-rate-limit", 1_000_000, 999_000),
                ...set("x-account-rate-limit", own.limit, own.left),
              }
            : set("x-rate-limit", own.limit, own.left);
      if (own.left < 0)
        throw new XRefusal(429, "TOO_MANY_REQUESTS", "Rate limit exceeded", undefined, headers);
      return headers;
    },
  };
};
