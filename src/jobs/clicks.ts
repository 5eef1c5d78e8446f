import type pg from "pg";
import type { Logger } from "pino";
import type { Connector } from "../connectors/connector.ts";
import { addDays, dayAt, type DayRange, laterDay } from "../domain/day.ts";
import type { Account } from "../domain/facts.ts";
import { asFailure } from "../domain/failure.ts";
import { missingClickDays, replaceClickDay } from "../warehouse/load-clicks.ts";

/** Clicks of the youngest days still come in; a day this old is fetched for the last time. */
const settledAfterDays = 3;

/**
 * Fetches the clicks of the slice's days that are not kept yet, where the platform reports single clicks and the
 * configuration wants them. The figures stand without them: a failure is a line in the log, and the days that are
 * missing are asked for again by the next sync that covers them.
 */
export const keepClicks = async (
  { account, from, to }: DayRange & { readonly account: Account },
  options: {
    readonly pool: pg.Pool;
    readonly connector: Connector;
    readonly log: Logger;
    readonly signal: AbortSignal;
    readonly now: Date;
  },
): Promise<void> => {
  const { pool, connector, log, signal, now } = options;
  const { clicks } = connector;
  if (!clicks) return;
  const today = dayAt(now, account.timeZone);
  const oldest = laterDay(from, addDays(today, 1 - clicks.keptDays));
  if (to < oldest) return;
  const kept = { days: 0, clicks: 0 };
  try {
    for (const date of await missingClickDays(pool, account, { from: oldest, to })) {
      const day = {
        date,
        settled: date <= addDays(today, -settledAfterDays),
        clicks: clicks.day({ account, from: date, to: date, signal }),
      };
      kept.clicks += await replaceClickDay(pool, account, day, signal);
      kept.days += 1;
    }
    if (kept.days > 0) log.info(kept, "clicks are kept");
  } catch (error) {
    if (signal.aborted) return;
    const { kind, message, remedy } = asFailure(error);
    log.warn(
      { ...kept, kind, failure: message, remedy },
      "clicks are missing: their conversions join no campaign",
    );
  }
};
