import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../../domain/failure.ts";
import type { Platform } from "../../domain/platform.ts";
import { unlessAborted } from "./exchange.ts";

/**
 * Who may talk to a platform, and since when. One per process and platform; where several processes share a
 * platform application, `shared` carries pauses and places between them.
 */
export interface Limits {
  /**
   * Runs `call` once there is a free slot and no pause covers the account or the whole application.
   * @throws Failure `busy` where the pause is longer than this process is willing to wait.
   */
  run<T>(accountId: string | null, signal: AbortSignal, call: () => Promise<T>): Promise<T>;
  /** Nobody calls for this account (null: for the whole application) before `until`; `why` is for people. */
  pause(accountId: string | null, until: Date, why?: string): void;
}

/** How many requests may be under way at once. */
export interface Room {
  readonly platform: number;
  readonly account: number;
}

/** Lets several processes know of each other's pauses, and keeps all of them together within a platform's limits. */
export interface SharedLimits {
  /** The instant until which the account or the application is paused, if it is. */
  until(platform: Platform, accountId: string | null): Promise<Date | undefined>;
  pause(platform: Platform, accountId: string | null, until: Date): Promise<void>;
  /** Waits for a place among the requests of all processes; what it gives leaves the place. */
  place(platform: Platform, accountId: string | null, room: Room, signal: AbortSignal): Promise<() => void>;
  /** Gives up every place that this process holds. */
  close(): Promise<void>;
}

export interface LimitsOptions {
  readonly platform: Platform;
  /** Requests under way at once, for the application and for one account. */
  readonly platformConcurrency: number;
  readonly accountConcurrency: number;
  /** The longest pause that a call waits out; a longer one fails as `busy`. */
  readonly maxWaitMs: number;
  readonly now: () => Date;
  readonly shared?: SharedLimits;
}

/** A counting semaphore, first come first served; a slot that is freed goes straight to the next in line. */
export const semaphore = (slots: number) => {
  let free = slots;
  const waiting: (() => void)[] = [];
  return {
    async acquire(signal: AbortSignal): Promise<void> {
      signal.throwIfAborted();
      if (free > 0) {
        free -= 1;
        return;
      }
      await new Promise<void>((resolve, reject) => {
        const onAbort = () => {
          const place = waiting.indexOf(take);
          if (place >= 0) waiting.splice(place, 1);
          reject(signal.reason as Error);
        };
        const take = () => {
          signal.removeEventListener("abort", onAbort);
          resolve();
        };
        waiting.push(take);
        signal.addEventListener("abort", onAbort, { once: true });
      });
    },
    release(): void {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    },
  };
};

const applicationWide = "";

/** A day's quota is the longest limit of any platform; a pause beyond it comes of a wrong unit or clock. */
export const longestPauseHours = 25;

const laterOf = (a: Date | undefined, b: Date | undefined): Date | undefined =>
  a && b && a < b ? b : (a ?? b);

export const createLimits = (options: LimitsOptions): Limits => {
  const application = semaphore(options.platformConcurrency);
  const accounts = new Map<string, ReturnType<typeof semaphore>>();
  const pauses = new Map<string, Date>();
  const reasons = new Map<string, string>();

  const { platform, shared } = options;
  const room: Room = { platform: options.platformConcurrency, account: options.accountConcurrency };

  const pausedUntil = async (accountId: string | null, signal: AbortSignal): Promise<Date | undefined> => {
    const until = shared && (await unlessAborted(shared.until(platform, accountId), signal, platform));
    const latest = Math.max(pauses.get(accountId ?? applicationWide)?.getTime() ?? 0, until?.getTime() ?? 0);
    return latest > options.now().getTime() ? new Date(latest) : undefined;
  };

  const reasonOf = (accountId: string | null): string =>
    reasons.get(accountId ?? applicationWide) ?? "the platform's limit is reached";

  const waitOutPauses = async (accountId: string | null, signal: AbortSignal): Promise<void> => {
    for (;;) {
      const [application, account] = await Promise.all([
        pausedUntil(null, signal),
        accountId === null ? undefined : pausedUntil(accountId, signal),
      ]);
      const until = laterOf(application, account);
      if (!until) return;
      const waitMs = until.getTime() - options.now().getTime();
      if (waitMs > options.maxWaitMs)
        throw new Failure({
          kind: "busy",
          platform: options.platform,
          ...(until === application ? { scope: "platform" as const } : {}),
          ...(accountId === null ? {} : { accountId }),
          message: `${reasonOf(until === application ? null : accountId)}; the limit holds until ${until.toISOString()}`,
          remedy: "what is loaded is kept; run the sync again after that time",
          retryAt: until,
        });
      await sleep(waitMs, undefined, { signal });
    }
  };

  return {
    async run(accountId, signal, call) {
      const key = accountId ?? applicationWide;
      let account = accounts.get(key);
      if (!account) accounts.set(key, (account = semaphore(options.accountConcurrency)));
      await account.acquire(signal);
      try {
        // The pause is waited out before an application slot is taken: a throttled account holds up nobody else.
        await waitOutPauses(accountId, signal);
        await application.acquire(signal);
        try {
          const leave = await shared?.place(platform, accountId, room, signal);
          try {
            return await call();
          } finally {
            leave?.();
          }
        } finally {
          application.release();
        }
      } finally {
        account.release();
      }
    },
    pause(accountId, asked, why) {
      const longest = new Date(options.now().getTime() + longestPauseHours * 3_600_000);
      const until = asked < longest ? asked : longest;
      const key = accountId ?? applicationWide;
      const before = pauses.get(key);
      if (!before || before < until) {
        pauses.set(key, until);
        if (why === undefined) reasons.delete(key);
        else reasons.set(key, why);
      }
      void shared?.pause(platform, accountId, until).catch(() => undefined);
    },
  };
};
