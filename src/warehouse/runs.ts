import type pg from "pg";
import type { DayRange } from "../domain/day.ts";
import type { FailureKind } from "../domain/failure.ts";
import type { Platform } from "../domain/platform.ts";
import { often } from "./connection/client.ts";
import { tryLease } from "./lease.ts";

/** A sync in progress. Its lease is held by the process: one that was killed leaves a run that can be continued. */
export interface Run {
  readonly id: string;
  /** Whether it goes on with what an interrupted run of the same plan had begun. */
  readonly continued: boolean;
  finish(outcome: "done" | "failed" | "interrupted"): Promise<void>;
}

const insertRun = async (pool: pg.Pool, command: string, plan: string): Promise<string> => {
  const { rows } = await pool.query<{ run_id: string }>(
    "insert into ops.run (command, plan) values ($1, $2) returning run_id",
    [command, plan],
  );
  return rows[0]?.run_id ?? "";
};

const leaseOf = (runId: string): string => `run ${runId}`;

/** Starts a run, or continues the one that asked for exactly the same and was cut off. */
export const startRun = async (pool: pg.Pool, command: string, plan: string): Promise<Run> => {
  const cutOff = await pool.query<{ run_id: string }>(
    `select run_id from ops.run
     where plan = $1 and command = $2 and (outcome is null or outcome = 'interrupted')
       and started_at = (select max(started_at) from ops.run where plan = $1 and command = $2)`,
    [plan, command],
  );
  const before = cutOff.rows[0]?.run_id;
  const continued = before === undefined ? undefined : await tryLease(pool, leaseOf(before));
  const runId = before !== undefined && continued ? before : await insertRun(pool, command, plan);
  const lease = continued ?? (await tryLease(pool, leaseOf(runId)));
  await pool.query(
    `update ops.slice set outcome = 'cancelled', finished_at = now() where run_id = $1 and outcome = 'running'`,
    [runId],
  );
  return {
    id: runId,
    continued: continued !== undefined,
    async finish(outcome) {
      try {
        await pool.query("update ops.run set outcome = $2, finished_at = now() where run_id = $1", [
          runId,
          outcome,
        ]);
      } finally {
        await lease?.release();
      }
    },
  };
};

export interface SliceRecord extends DayRange {
  readonly runId: string | null;
  readonly platform: Platform;
  readonly accountId: string;
  readonly attempts: number;
}

/** Notes that a slice has begun; its id also marks its rows in staging. */
export const beginSlice = async (pool: pg.Pool, slice: SliceRecord): Promise<string> => {
  const { rows } = await pool.query<{ slice_id: string }>(
    often(
      `insert into ops.slice (run_id, platform, account_id, from_date, to_date, attempts)
     values ($1, $2, $3, $4, $5, $6) returning slice_id`,
      [slice.runId, slice.platform, slice.accountId, slice.from, slice.to, slice.attempts],
    ),
  );
  return rows[0]?.slice_id ?? "";
};

export interface SliceEnd {
  readonly outcome: "done" | "failed" | "cancelled";
  readonly failureKind?: FailureKind;
  readonly failure?: string;
  readonly remedy?: string;
  readonly rowsRead?: number;
  readonly rowsWritten?: number;
  readonly platformSpend?: string;
  readonly ourSpend?: string;
}

export const endSlice = async (pool: pg.Pool, sliceId: string, end: SliceEnd): Promise<void> => {
  await pool.query(
    often(
      `update ops.slice
     set outcome = $2, failure_kind = $3, failure = $4, remedy = $5, rows_read = $6, rows_written = $7,
         platform_spend = $8, our_spend = $9, finished_at = clock_timestamp()
     where slice_id = $1`,
      [
        sliceId,
        end.outcome,
        end.failureKind ?? null,
        end.failure ?? null,
        end.remedy ?? null,
        end.rowsRead ?? 0,
        end.rowsWritten ?? 0,
        end.platformSpend ?? null,
        end.ourSpend ?? null,
      ],
    ),
  );
};
