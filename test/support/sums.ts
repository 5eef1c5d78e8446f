import type pg from "pg";
import type { Day } from "../../src/domain/day.ts";
import { alone } from "../../src/metrics/rollup/fresh.ts";
import { replaceMarts } from "../../src/metrics/rollup/replace.ts";
import { sumsOf } from "../../src/metrics/rollup/sums.ts";
import { inTransaction } from "../../src/warehouse/transaction.ts";

/** Brings the sums up to date with marts that a test wrote itself, as the rollup that writes them does. */
export const addUpSums = (
  pool: pg.Pool,
  accountKey: number,
  days: readonly Day[],
  now: Date | string = new Date(),
): Promise<void> =>
  inTransaction(pool, async (client) => {
    await client.query("set local jit = off");
    const rates = days.map(() => null);
    for (const [sum, stretch] of await sumsOf({ client, accountKey, days, reportingCurrency: null, rates }))
      await replaceMarts({ ...stretch, now }, alone(sum));
  });
