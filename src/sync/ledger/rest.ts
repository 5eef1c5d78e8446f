import type pg from "pg";
import type { Failure } from "../../domain/failure.ts";
import type { Platform } from "../../domain/platform.ts";
import { type Job, jobColumns, jobOf, type JobRow, unfinished } from "./job.ts";

/** What is left of a run: whether anything is, and what ends it or opens it again as a whole. */

/**
 * Ends the slices that cannot succeed after a failure of their whole account or platform, and returns them.
 * @param state - `done` where the account is closed, and lacks nothing
 */
export const stopRest = async (
  pool: pg.Pool,
  job: Pick<Job, "runId" | "platform" | "accountId">,
  failure: Failure,
  state: "failed" | "done" = "failed",
): Promise<readonly Job[]> => {
  if (failure.scope === "slice") return [];
  const { rows } = await pool.query<JobRow>(
    `update ops.job j
     set state = $7, failure_kind = $4, failure = $5, remedy = $6, lease_until = null,
         finished_at = clock_timestamp(), changed_at = clock_timestamp()
     where run_id = $1 and platform = $2 and ($3::text is null or account_id = $3) and kind = 'slice'
       and state in ('pending', 'deferred')
     returning ${jobColumns}`,
    [
      job.runId,
      job.platform,
      failure.scope === "account" ? job.accountId : null,
      failure.kind,
      failure.message,
      failure.remedy,
      state,
    ],
  );
  return rows.map(jobOf);
};

/** Gives up what a platform's pause holds back for longer than its night lasts, and returns it. */
export const giveUpPaused = async (pool: pg.Pool): Promise<readonly Job[]> => {
  const { rows } = await pool.query<JobRow>(
    `update ops.job j
     set state = 'failed', failure_kind = 'busy', finished_at = clock_timestamp(), changed_at = clock_timestamp(),
         failure = 'the platform''s limit holds beyond the end of the night',
         remedy = 'you need do nothing: what is loaded is kept, and the next night asks for the rest'
     from ops.night n, ops.pause p
     where n.run_id = j.run_id and j.state in ('pending', 'deferred') and j.kind in ('plan', 'slice')
       and p.platform = j.platform and p.account_id in ('', coalesce(j.account_id, '')) and p.until > n.give_up_at
     returning ${jobColumns}`,
  );
  return rows.map(jobOf);
};

/** Ends what no worker takes any more, since its platform left the config while its night ran, and returns it. */
export const endUnconfigured = async (
  pool: pg.Pool,
  platforms: readonly Platform[],
): Promise<readonly Job[]> => {
  const { rows } = await pool.query<JobRow>(
    `update ops.job j
     set state = 'done', failure = 'the config has this platform no more', lease_until = null,
         finished_at = clock_timestamp(), changed_at = clock_timestamp()
     from ops.night n
     where n.run_id = j.run_id and j.kind in ('plan', 'slice', 'rollup') and j.platform <> all ($1)
       and (j.state in ('pending', 'deferred') or j.state = 'running' and j.lease_until < clock_timestamp())
     returning ${jobColumns}`,
    [platforms],
  );
  return rows.map(jobOf);
};

/** Of a run that is gone on with: what was not done is to be done, as if nobody had tried. */
export const reopen = async (pool: pg.Pool, runId: string): Promise<void> => {
  await pool.query(
    `update ops.job set state = 'pending', attempts = 0, crashes = 0, lease_until = null, not_before = null,
                        failure_kind = null, failure = null, remedy = null, finished_at = null,
                        changed_at = clock_timestamp()
     where run_id = $1 and (state <> 'done' or kind = 'rollup')`,
    [runId],
  );
};

/** How many slices of each platform a run still has to do. */
export const openSlices = async (pool: pg.Pool, runId: string): Promise<ReadonlyMap<string, number>> => {
  const { rows } = await pool.query<{ platform: string; slices: number }>(
    `select platform, count(*)::integer as slices from ops.job
     where run_id = $1 and kind = 'slice' and state in ${unfinished} group by platform`,
    [runId],
  );
  return new Map(rows.map(({ platform, slices }) => [platform, slices]));
};

/** Whether a run has still to do any of a platform's jobs, or (null) of those that belong to none. */
export const isOpen = async (pool: pg.Pool, runId: string, platform: Platform | null): Promise<boolean> => {
  const { rowCount } = await pool.query(
    `select from ops.job
     where run_id = $1 and state in ${unfinished}
       and case when $2::text is null then kind not in ('slice', 'rollup')
                else kind in ('slice', 'rollup') and platform = $2 end
     limit 1`,
    [runId, platform],
  );
  return rowCount === 1;
};
