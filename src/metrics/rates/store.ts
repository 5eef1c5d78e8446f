import { type Kysely, sql } from "kysely";
import type { Day } from "../../domain/day.ts";
import type { DB } from "../../warehouse/schema.ts";
import type { PublishedRate } from "./parse.ts";

export const ecbSource = "ecb";

/** Rows of one insert; the history has some 200,000. */
const batchSize = 5_000;

export interface StoredRates {
  /** Rates that are new or changed. */
  readonly written: number;
  readonly days: ReadonlySet<Day>;
}

// An imported rate is somebody's own choice: what the bank publishes does not replace it.
const upsert = async (db: Kysely<DB>, batch: readonly PublishedRate[]): Promise<number> => {
  const { numAffectedRows } = await sql`
    insert into warehouse.exchange_rate as kept (rate_date, base, quote, rate, source)
    select rate_date, 'EUR', quote, rate, ${ecbSource}
    from unnest(
      ${batch.map(({ date }) => date)}::date[],
      ${batch.map(({ currency }) => currency)}::text[],
      ${batch.map(({ rate }) => rate)}::numeric[]
    ) as file (rate_date, quote, rate)
    on conflict (base, quote, rate_date) do update set rate = excluded.rate, loaded_at = excluded.loaded_at
    where kept.source = ${ecbSource} and kept.rate is distinct from excluded.rate`.execute(db);
  return Number(numAffectedRows ?? 0);
};

/** Stores a file, all of it or, where the stream throws, nothing. */
export const storeRates = (db: Kysely<DB>, rates: AsyncIterable<PublishedRate>): Promise<StoredRates> =>
  db.transaction().execute(async (transaction) => {
    const days = new Set<Day>();
    let written = 0;
    let batch: PublishedRate[] = [];
    const flush = async () => {
      written += await upsert(transaction, batch);
      batch = [];
    };
    for await (const rate of rates) {
      days.add(rate.date);
      if (batch.push(rate) >= batchSize) await flush();
    }
    await flush();
    return { written, days };
  });

/** The first and last day of the bank's rates in the warehouse; undefined where there are none. */
export const storedRange = async (
  db: Kysely<DB>,
): Promise<{ readonly first: Day; readonly last: Day } | undefined> => {
  const { first, last } = await db
    .selectFrom("warehouse.exchange_rate")
    .select((eb) => [eb.fn.min("rate_date").as("first"), eb.fn.max("rate_date").as("last")])
    .where("source", "=", ecbSource)
    .executeTakeFirstOrThrow();
  return first === null || last === null ? undefined : { first, last };
};
