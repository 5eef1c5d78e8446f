import type pg from "pg";
import type { Logger } from "pino";
import type { Day } from "../domain/day.ts";

/**
 * Says whose amounts stay unknown in the reporting currency, and for which days: a missing rate gives NULL, and NULL
 * is easily overlooked.
 */
export const warnOfMissingRates = async (options: {
  readonly pool: pg.Pool;
  readonly log: Logger;
  /** The first day that the sync was about; nothing to say where it was about none. */
  readonly from: Day | undefined;
}): Promise<void> => {
  const { pool, log, from } = options;
  if (from === undefined) return;
  const { rows } = await pool.query<{
    platform: string;
    account: string;
    currency: string;
    reporting_currency: string;
    days: string;
    first: Day;
    last: Day;
  }>(
    `select platform, account_id as account, currency, reporting_currency, count(distinct date) as days,
            min(date) as first, max(date) as last
     from marts.cost_per_conversion_daily
     where date >= $1 and reporting_currency is not null and spend_reporting is null
     group by platform, account_id, currency, reporting_currency order by platform, account_id`,
    [from],
  );
  for (const { days, ...row } of rows)
    log.warn(
      { ...row, days: Number(days) },
      "no exchange rate: amounts in the reporting currency are unknown on these days; costper import rates adds rates",
    );
};
