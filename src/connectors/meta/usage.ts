import type { AnswerHeaders } from "../wire/exchange.ts";
import { jsonOrUndefined } from "../wire/json.ts";

/** How much of a limit is used, in percent, and for how long a caller that hit it is kept out. */
interface Meter {
  readonly percent: number;
  readonly regainMs: number;
}

/** The worst meters of one answer: of the ad account, and of the whole application. */
export interface Usage {
  readonly account: Meter;
  readonly application: Meter;
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const most = (fields: Fields, ...names: readonly string[]): number =>
  Math.max(0, ...names.map((name) => Number(fields[name])).filter(Number.isFinite));

/**
 * Reads the four usage headers ("Rate Limits"). The business header is keyed by business or by account, and holds a
 * list for each: the worst entry of all counts. `estimated_time_to_regain_access` is in minutes,
 * `reset_time_duration` in seconds.
 */
export const readUsage = (headers: AnswerHeaders): Usage => {
  const read = (name: string): Fields => {
    // An unreadable meter is an unknown one.
    const value = jsonOrUndefined(headers.get(name) ?? "");
    return isFields(value) ? value : {};
  };
  const business = Object.values(read("x-business-use-case-usage"))
    .flatMap((entries): readonly unknown[] => (Array.isArray(entries) ? entries : [entries]))
    .filter(isFields);
  const adAccount = read("x-ad-account-usage");
  const insights = read("x-fb-ads-insights-throttle");
  const app = read("x-app-usage");
  const accountPercent = Math.max(
    most(adAccount, "acc_id_util_pct"),
    most(insights, "acc_id_util_pct"),
    ...business.map((entry) => most(entry, "call_count", "total_cputime", "total_time")),
  );
  const regainMinutes = Math.max(
    0,
    ...business.map((entry) => most(entry, "estimated_time_to_regain_access")),
  );
  const resetSeconds = most(adAccount, "reset_time_duration");
  return {
    account: {
      percent: accountPercent,
      regainMs: regainMinutes > 0 ? regainMinutes * 60_000 : accountPercent >= 90 ? resetSeconds * 1_000 : 0,
    },
    application: {
      percent: Math.max(
        most(app, "call_count", "total_cputime", "total_time"),
        most(insights, "app_id_util_pct"),
      ),
      regainMs: most(app, "estimated_time_to_regain_access") * 60_000,
    },
  };
};

const minuteMs = 60_000;

/** How long a throttled caller stays away where no header says so. */
export const defaultRegainMs = 5 * minuteMs;

/** At this much of any meter no new report is started; a reading counts for half a minute. */
export const noNewJobs = { percent: 75, readingMs: minuteMs / 2 } as const;

/** For how long nobody should call, by a meter's reading: undefined below 90 %. */
export const pauseMs = ({ percent, regainMs }: Meter): number | undefined => {
  if (percent >= 100) return regainMs || defaultRegainMs;
  if (percent >= 90) return Math.min(regainMs || minuteMs / 2, defaultRegainMs);
  return undefined;
};
