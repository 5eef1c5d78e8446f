import type pg from "pg";
import { putRates, touchConverted } from "../../src/metrics/rates/put.ts";
import { inTransaction } from "../../src/warehouse/transaction.ts";

/** One euro in another currency on a day, put in place as the product's writers of rates do. */
export const storeRate = (pool: pg.Pool, date: string, quote: string, rate: string): Promise<void> =>
  inTransaction(pool, async (client) => {
    const values = "select $1::date, 'EUR', $2::text, $3::numeric, 'test'";
    await touchConverted(client, [await putRates(client, values, [date, quote, rate])]);
  });
