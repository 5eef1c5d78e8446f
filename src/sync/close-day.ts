import type pg from "pg";
import type { Logger } from "pino";
import { learnMaturity } from "../metrics/maturity/learn.ts";
import { thinHistory } from "../metrics/thin-history.ts";

/**
 * What is due once a day, between a sync's figures and its last rollup: what the history teaches about maturity, and,
 * where `history.keepDays` is set, less of what is old. Nothing where it was done today.
 */
export const closeDay = async (options: {
  readonly pool: pg.Pool;
  readonly log: Logger;
  readonly now: Date;
  readonly keepDays: number | undefined;
}): Promise<void> => {
  const { pool, log, now, keepDays } = options;
  const isNewDay = await learnMaturity({ pool, now });
  if (!isNewDay || keepDays === undefined) return;
  const rows = await thinHistory({ pool, keepDays, now });
  log.info({ rows, keepDays }, "history thinned");
};
