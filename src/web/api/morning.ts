import * as z from "zod";
import type { Schedule } from "../../domain/schedule.ts";
import { type Missing, readMissing } from "../../metrics/missing.ts";
import type { Configured } from "../../metrics/morning/accounts.ts";
import type { Morning } from "../../metrics/morning/answer.ts";
import { morning as tell } from "../../metrics/morning/morning.ts";
import type { CurrencyChoice } from "./answers.ts";
import { chooseCurrency } from "./money.ts";
import { currencyKey, filterKeys } from "./query.ts";
import { rangeKeys } from "./ranges.ts";
import type { Read } from "./read.ts";

const backs = { day: 1, week: 7, four_weeks: 28 } as const;

export const morningQuery = z.strictObject({
  ...currencyKey,
  platform: filterKeys.platform,
  /** The day to tell of; else the last one that every account has. */
  date: rangeKeys.to,
  days: z.coerce.number().int("is not a number of days").min(1).max(31, "must be at most 31").default(1),
  against: z.enum(["day", "week", "four_weeks"], "is none of day, week, four_weeks").default("week"),
});

export interface MorningAnswer extends Morning {
  readonly currency: CurrencyChoice;
}

/** Who is asking: what is configured, when nights are due and on whose clock, and what time it is. */
export interface WhoAsks {
  readonly configured: Configured | undefined;
  readonly schedule: Schedule;
  readonly now: Date;
}

/** What no figure of the dashboard tells of; every view says it. */
export const missing = async (
  read: Read,
  asker: WhoAsks,
): Promise<{ readonly missing: readonly Missing[] }> => ({ missing: await readMissing({ read, ...asker }) });

export const missingQuery = z.strictObject({});

/** Yesterday's cost per conversion, how it moved at equal age, and what moved it. */
export const morning = async (
  read: Read,
  { currency: asked, platform, date, days, against }: z.infer<typeof morningQuery>,
  asker: WhoAsks,
): Promise<MorningAnswer> => {
  const currency = await chooseCurrency(read, asked);
  const told = await tell({
    read,
    now: asker.now,
    configured: asker.configured,
    timeZone: asker.schedule.timeZone,
    money: { reporting: currency.mode === "reporting" ? currency.code : null },
    currency: currency.mode === "account" ? (currency.code ?? undefined) : undefined,
    platform,
    day: date,
    days,
    // A longer period is set against the whole periods before it: the same weekdays, and no day on both sides.
    back: Math.ceil(days / backs[against]) * backs[against],
  });
  return { ...told, currency };
};
