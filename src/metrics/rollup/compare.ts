import { forManyRows } from "../../warehouse/planner.ts";
import { inTransaction } from "../../warehouse/transaction.ts";
import { inParts } from "../in-parts.ts";
import { ratesOf } from "./day-rates.ts";
import { alone, steps } from "./fresh.ts";
import { countDifferences, stretchOf } from "./replace.ts";
import type { RollupOptions } from "./rollup.ts";
import { martsAskedFor, storedDays } from "./stored.ts";
import { sumsOf } from "./sums.ts";

/** One account whose marts are not what its facts say. */
export interface RollupDifference {
  readonly accountKey: number;
  readonly mart: string;
  readonly rows: number;
}

/** Recomputes the marts of a range without writing and compares: an empty answer proves that rollup equals facts. */
export const compareRollups = async (
  options: RollupOptions,
  range: { readonly from: string | null; readonly to: string | null },
): Promise<readonly RollupDifference[]> => {
  const found: RollupDifference[] = [];
  for (const { accountKey, days } of await storedDays(options.pool, range.from, range.to)) {
    const differing = new Map<string, number>();
    for (const part of inParts(days)) {
      options.signal?.throwIfAborted();
      await inTransaction(options.pool, async (client) => {
        await client.query(forManyRows);
        const { reportingCurrency } = options;
        const rates = await ratesOf(client, accountKey, part, reportingCurrency);
        const scope = { client, accountKey, days: part, reportingCurrency, rates };
        const asked = await martsAskedFor(client, accountKey, part);
        const made = [...steps, ...asked.map(alone)].map((step) => [step, stretchOf(scope)] as const);
        const sums = (await sumsOf(scope)).map(([sum, rows]) => [alone(sum), rows] as const);
        for (const [step, rows] of [...made, ...sums])
          for (const [name, count] of await countDifferences(rows, step))
            differing.set(name, (differing.get(name) ?? 0) + count);
      });
    }
    for (const [mart, rows] of differing) if (rows > 0) found.push({ accountKey, mart, rows });
  }
  return found;
};
