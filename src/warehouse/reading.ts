import { type Kysely, type RawBuilder, sql } from "kysely";
import type { DB } from "./schema.ts";
import { setLocal } from "./transaction.ts";

/** Runs one statement of an answer and gives its rows. */
export type Read = <Row>(statement: RawBuilder<unknown>) => Promise<readonly Row[]>;

const timeoutMs = 20_000;

/**
 * Answers are small look-ups of what is in memory: to compile them or to start workers for them takes longer than they
 * do, and a page is as near by its index as by its neighbour.
 */
const settings = sql.raw(
  setLocal({
    statement_timeout: String(timeoutMs),
    work_mem: "32MB",
    jit: "off",
    max_parallel_workers_per_gather: "0",
    random_page_cost: "1.1",
  }),
);

/** Work on one snapshot, read-only, each statement given up after a while. */
export const onSnapshot = <Answer>(
  db: Kysely<DB>,
  work: (snapshot: Kysely<DB>) => Promise<Answer>,
): Promise<Answer> =>
  db
    .transaction()
    .setIsolationLevel("repeatable read")
    .setAccessMode("read only")
    .execute(async (transaction) => {
      await settings.execute(transaction);
      return work(transaction);
    });

/**
 * Answers from one moment: every statement sees the same snapshot, so that totals and rows agree while a rollup runs.
 * Read-only, and given up after a while.
 */
export const reading = <Answer>(db: Kysely<DB>, answer: (read: Read) => Promise<Answer>): Promise<Answer> =>
  onSnapshot(db, (snapshot) =>
    answer(async <Row>(statement: RawBuilder<unknown>) => {
      const { rows } = await statement.execute(snapshot);
      return rows as Row[];
    }),
  );
