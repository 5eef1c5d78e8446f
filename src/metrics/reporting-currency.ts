import type pg from "pg";
import type { Logger } from "pino";
import type { Day } from "../domain/day.ts";
import { asFailure } from "../domain/failure.ts";
import { refreshRates } from "./rates/refresh.ts";

/**
 * Fetches the exchange rates that the reporting currency needs, where an account has another one. Without rates
 * amounts in it stay NULL: a bank that does not answer is a warning, and no reason to hold back the night.
 */
export const refreshReportingRates = async (options: {
  readonly pool: pg.Pool;
  readonly reportingCurrency: string | null;
  readonly endpoint: string;
  readonly from: Day;
  readonly now: Date;
  readonly log: Logger;
  readonly signal: AbortSignal;
}): Promise<void> => {
  const { pool, reportingCurrency, log, signal } = options;
  if (reportingCurrency === null) return;
  const foreign = await pool.query("select from warehouse.account where currency <> $1 limit 1", [
    reportingCurrency,
  ]);
  if (foreign.rowCount === 0) return;
  try {
    await refreshRates(options);
  } catch (error) {
    signal.throwIfAborted();
    log.warn(
      { failure: asFailure(error).message },
      "exchange rates are not up to date: amounts in the reporting currency stay unknown where a rate is missing",
    );
  }
};
