import type pg from "pg";
import type { Logger } from "pino";
import type { Platform } from "../domain/platform.ts";
import { type Due, lastDue, type Schedule } from "../domain/schedule.ts";
import { inTransaction } from "../warehouse/transaction.ts";
import { insertJobs } from "../sync/ledger/add.ts";
import { sourcePlatform } from "../sync/ledger/job.ts";

/** How long after its beginning a night waits for limits; then it says what is missing, and the next one follows. */
export const nightHours = 20;

/** Begins a night: its run, a plan for each platform, its sources, the rates and the close. */
export const insertNight = async (
  client: pg.PoolClient,
  night: {
    readonly due: string;
    readonly dueAt: Date;
    readonly platforms: readonly Platform[];
    readonly sources?: readonly string[] | undefined;
  },
): Promise<string> => {
  const { rows } = await client.query<{ run_id: string }>(
    "insert into ops.run (command, plan) values ('night', $1) returning run_id",
    [night.due],
  );
  const runId = rows[0]?.run_id ?? "";
  await client.query("insert into ops.night (run_id, due, due_at, give_up_at) values ($1, $2, $3, $4)", [
    runId,
    night.due,
    night.dueAt,
    new Date(Date.now() + nightHours * 3_600_000),
  ]);
  await insertJobs(client, runId, [
    ...night.platforms.map((platform) => ({ kind: "plan", platform }) as const),
    ...(night.sources ?? []).map(
      (source) => ({ kind: "source", platform: sourcePlatform, accountId: source }) as const,
    ),
    { kind: "rates" },
    { kind: "close" },
  ]);
  return runId;
};

export interface NightOptions {
  readonly pool: pg.Pool;
  readonly log: Logger;
  readonly platforms: readonly Platform[];
  /** Sources of first-party data that are pulled with the night. */
  readonly sources?: readonly string[] | undefined;
}

/** What became of the wish to begin a night: its run, or the `due` of the night that is in its way. */
type Beginning = { readonly runId: string } | { readonly begun: string } | { readonly running: string };

const begin = ({ pool, log, platforms, sources }: NightOptions, due: Due): Promise<Beginning> =>
  inTransaction(pool, async (client) => {
    await client.query("select ops.hold('costper.night')");
    const { rows } = await client.query<{ due: string; over: boolean }>(
      `select n.due, r.finished_at is not null as over from ops.night n join ops.run r using (run_id)
       where n.due = $1 or (r.finished_at is null and n.due not like '% source %')`,
      [due.wallClock],
    );
    if (rows.some((night) => night.due === due.wallClock)) return { begun: due.wallClock };
    const running = rows.find(({ over }) => !over);
    if (running) return { running: running.due };
    const runId = await insertNight(client, { due: due.wallClock, dueAt: due.at, platforms, sources });
    log.info({ run: runId, due: due.wallClock, platforms }, "night begun");
    return { runId };
  });

/**
 * Begins the night that is due, unless it has begun before or another is still under way.
 * @returns its run, or undefined where there is nothing to begin.
 */
export const beginNight = async (options: NightOptions, due: Due): Promise<string | undefined> => {
  const found = await begin(options, due);
  if ("running" in found)
    options.log.warn({ due: due.wallClock, running: found.running }, "the night before is still under way");
  return "runId" in found ? found.runId : undefined;
};

/**
 * Begins a night that somebody asked for, whatever the schedule says: the same plan, in the same ledger.
 * @returns its run, or undefined where one is under way.
 */
export const beginNightNow = async (options: NightOptions, now: Date): Promise<string | undefined> => {
  const found = await begin(options, { at: now, wallClock: `${now.toISOString()} asked for` });
  return "runId" in found ? found.runId : undefined;
};

/** A night due later than this from now was begun by a clock that was ahead, and stands for none of today. */
const slackMs = 3_600_000;

/**
 * The night that was due while nobody was there to begin it, by the schedule as it was last known; the last one
 * only, since its plan asks for every day that is missing.
 */
export const missedNight = async (pool: pg.Pool, now: Date): Promise<Due | undefined> => {
  const { rows } = await pool.query<{ pattern: string; time_zone: string; since: Date }>(
    "select pattern, time_zone, since from ops.schedule where name = 'night'",
  );
  const known = rows[0];
  if (!known) return undefined;
  const due = lastDue({ pattern: known.pattern, timeZone: known.time_zone }, now);
  if (due.at <= known.since) return undefined;
  const begun = await pool.query(
    `select from ops.night
     where due = $1 or (due_at between $2 and $3 and due not like '% source %') limit 1`,
    [due.wallClock, due.at, new Date(now.getTime() + slackMs)],
  );
  return begun.rowCount === 0 ? due : undefined;
};

/** Notes the schedule that holds from now on, or that it was noted by a clock that was ahead. Whether it changed. */
export const noteSchedule = async (pool: pg.Pool, schedule: Schedule, now: Date): Promise<boolean> => {
  const { rowCount } = await pool.query(
    `insert into ops.schedule as s (name, pattern, time_zone, since) values ('night', $1, $2, $3)
     on conflict (name) do update set pattern = excluded.pattern, time_zone = excluded.time_zone,
                                      since = excluded.since
     where (s.pattern, s.time_zone) is distinct from (excluded.pattern, excluded.time_zone)
        or s.since > excluded.since`,
    [schedule.pattern, schedule.timeZone, now],
  );
  return (rowCount ?? 0) > 0;
};

export interface NightSummary {
  readonly done: number;
  readonly failed: number;
  /** What is missing, one entry per account and cause. */
  readonly missing: readonly {
    readonly platform: string;
    readonly account_id: string | null;
    readonly failure: string;
    readonly remedy: string | null;
    readonly slices: number;
  }[];
}

/** The result of the night, read from its ledger. */
export const summarizeNight = async (pool: pg.Pool, runId: string): Promise<NightSummary> => {
  const { rows } = await pool.query<{ done: number; failed: number }>(
    `select count(*) filter (where state = 'done')::integer as done,
            count(*) filter (where state = 'failed')::integer as failed
     from ops.job where run_id = $1 and kind in ('plan', 'slice', 'source', 'rollup')`,
    [runId],
  );
  const missing = await pool.query<NightSummary["missing"][number]>(
    `select platform, account_id, failure, min(remedy) as remedy, count(*)::integer as slices
     from ops.job where run_id = $1 and state = 'failed'
     group by platform, account_id, failure order by 1, 2`,
    [runId],
  );
  return { done: rows[0]?.done ?? 0, failed: rows[0]?.failed ?? 0, missing: missing.rows };
};

export const endNight = async (pool: pg.Pool, runId: string, outcome: "done" | "failed"): Promise<void> => {
  await pool.query("update ops.run set outcome = $2, finished_at = clock_timestamp() where run_id = $1", [
    runId,
    outcome,
  ]);
};
