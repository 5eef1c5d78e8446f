import type pg from "pg";
import type { Logger } from "pino";
import type { Config } from "../config.ts";
import { inTransaction } from "../warehouse/transaction.ts";
import { insertNight } from "./night.ts";
import { lastDue } from "../domain/schedule.ts";

const dayMs = 86_400_000;

/**
 * Begins the runs of sources that have a time of their own and are due: each is a small night with its source, its
 * rollup and its alerts. What was due more than a day ago is not caught up: the next time reads the same.
 */
export const beginDueSources = async (options: {
  readonly pool: pg.Pool;
  readonly log: Logger;
  readonly config: Pick<Config, "sources" | "timezone">;
  readonly now: Date;
}): Promise<readonly string[]> => {
  const { pool, log, config, now } = options;
  const begun: string[] = [];
  for (const [name, { enabled, schedule }] of Object.entries(config.sources)) {
    if (!enabled || schedule === undefined) continue;
    const due = lastDue({ pattern: schedule, timeZone: config.timezone }, now);
    if (now.getTime() - due.at.getTime() > dayMs) continue;
    const key = `${due.wallClock} source ${name}`;
    const runId = await inTransaction(pool, async (client) => {
      await client.query("select ops.hold('costper.night')");
      const known = await client.query(
        `select from ops.night join ops.run using (run_id)
         where due = $1 or (finished_at is null and due like '% source ' || $2) limit 1`,
        [key, name],
      );
      if (known.rowCount !== 0) return undefined;
      return insertNight(client, { due: key, dueAt: due.at, platforms: [], sources: [name] });
    });
    if (runId === undefined) continue;
    log.info({ run: runId, source: name, due: due.wallClock }, "source is due");
    begun.push(runId);
  }
  return begun;
};
