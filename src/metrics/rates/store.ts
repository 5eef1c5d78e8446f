import type pg from "pg";
import type { Day } from "../../domain/day.ts";
import { inTransaction } from "../../warehouse/transaction.ts";
import type { PublishedRate } from "./parse.ts";
import { putRates, type RatesPut, touchConverted } from "./put.ts";

export const ecbSource = "ecb";

/** Rows of one insert; the history has some 200,000. */
const batchSize = 5_000;

export interface StoredRates {
  /** Rates that are new or changed. */
  readonly written: number;
  readonly days: ReadonlySet<Day>;
}

// An imported rate is somebody's own choice: what the bank publishes does not replace it.
const putBatch = (client: pg.ClientBase, batch: readonly PublishedRate[]): Promise<RatesPut> =>
  putRates(
    client,
    `select rate_date, 'EUR', quote, rate, '${ecbSource}'
     from unnest($1::date[], $2::text[], $3::numeric[]) as file (rate_date, quote, rate)`,
    [batch.map(({ date }) => date), batch.map(({ currency }) => currency), batch.map(({ rate }) => rate)],
    `kept.source <> '${ecbSource}'`,
  );

/** Stores a file, all of it or, where the stream throws, nothing, and marks the days that it converts anew. */
export const storeRates = (
  pool: pg.Pool,
  rates: AsyncIterable<PublishedRate>,
  signal: AbortSignal,
): Promise<StoredRates> =>
  inTransaction(
    pool,
    async (client) => {
      const days = new Set<Day>();
      const put: RatesPut[] = [];
      let batch: PublishedRate[] = [];
      const flush = async () => {
        put.push(await putBatch(client, batch));
        batch = [];
      };
      for await (const rate of rates) {
        days.add(rate.date);
        if (batch.push(rate) >= batchSize) await flush();
      }
      await flush();
      await touchConverted(client, put);
      return { written: put.reduce((sum, { inserted, changed }) => sum + inserted + changed, 0), days };
    },
    signal,
  );

/** The first and last day of the bank's rates in the warehouse; undefined where there are none. */
export const storedRange = async (
  pool: pg.Pool,
): Promise<{ readonly first: Day; readonly last: Day } | undefined> => {
  const { rows } = await pool.query<{ first: Day | null; last: Day | null }>(
    "select min(rate_date) as first, max(rate_date) as last from warehouse.exchange_rate where source = $1",
    [ecbSource],
  );
  const { first = null, last = null } = rows[0] ?? {};
  return first === null || last === null ? undefined : { first, last };
};
