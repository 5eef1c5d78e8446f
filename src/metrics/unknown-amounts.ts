import type pg from "pg";
import type { Logger } from "pino";
import type { Day } from "../domain/day.ts";

const sentences = {
  noRate:
    "no exchange rate: amounts in the reporting currency are unknown on these days; costper import rates adds rates",
  tooLarge:
    "amounts of more than twelve digits: those in the reporting currency are unknown on these days; check the values of conversions, or report in a currency of larger units",
};

/**
 * Says whose amounts stay unknown in the reporting currency, for which days, and why: unknown is NULL, and NULL is easily
 * overlooked.
 */
export const warnOfUnknownAmounts = async (options: {
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
    rated: boolean;
    days: string;
    first: Day;
    last: Day;
  }>(
    `select m.platform, m.account_id as account, m.currency, m.reporting_currency, r.rate is not null as rated,
            count(distinct m.date) as days, min(m.date) as first, max(m.date) as last
     from marts.cost_per_conversion_by_account_daily m
     left join figures.day_rate r on r.account_key = m.account_key and r.date = m.date
     where m.date >= $1 and m.reporting_currency is not null
       and (m.spend_reporting is null or m.conversion_value_reporting is null)
     group by m.platform, m.account_id, m.currency, m.reporting_currency, rated order by m.platform, m.account_id, rated`,
    [from],
  );
  for (const { days, rated, ...row } of rows)
    log.warn({ ...row, days: Number(days) }, rated ? sentences.tooLarge : sentences.noRate);
};
