/**
 * How often anything is tried, and after which pause: every such number, from the inside out. Which failures are tried
 * again at all stands in `failureRules`; a platform's own pace, in its folder.
 */
export const retries = {
  /** One request, seconds apart; and how many pauses that its platform asks for it waits out. */
  request: { attempts: 5, firstDelayMs: 1_000, longestDelayMs: 30_000, pauses: 10 },
  /** One request at GA4, whose errors have a quota of their own: ten an hour. */
  ga4Request: { attempts: 3 },
  /** The download of rates. */
  rates: { attempts: 3, firstDelayMs: 1_000 },
  /** One stream of rows that breaks after its first ones, asked again from its start. */
  stream: { attempts: 3 },
  /** Publishing, where slices collide: one collision, one slice that was overtaken, two deadlocks. */
  publish: { attempts: 5 },
  /** A job of a night, minutes apart; how long a limit without an end is waited for; workers that die over one. */
  job: {
    attempts: 5,
    firstDelayMs: 30_000,
    longestDelayMs: 15 * 60_000,
    busyDelayMs: 60_000,
    crashes: 12,
  },
  /** A job that somebody watches, who wants to know soon: its requests have waited for limits already. */
  watchedJob: { attempts: 2, firstDelayMs: 3_000, longestDelayMs: 3_000 },
  /** A notice that its receiver does not take. */
  notice: { firstDelayMs: 30_000, longestDelayMs: 6 * 3_600_000 },
} as const;
