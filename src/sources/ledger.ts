import type pg from "pg";
import type { Failure } from "../domain/failure.ts";
import type { Pulled, StreamMemory } from "./source.ts";

/** Which stream a row of `ops.source` is about. */
export interface StreamKey {
  readonly source: string;
  readonly stream: string;
  readonly type: string;
}

export type Counts = Readonly<Record<string, number>>;

export const readMemory = async (pool: pg.Pool, { source, stream }: StreamKey): Promise<StreamMemory> => {
  const { rows } = await pool.query<StreamMemory>(
    `select mark, last_whole_at as "lastWholeAt", state from ops.source where source = $1 and stream = $2`,
    [source, stream],
  );
  return rows[0] ?? { mark: null, lastWholeAt: null, state: {} };
};

/** Keeps which sources the config has: of others nothing is told any more. What was pulled of them is remembered. */
export const noteConfigured = async (pool: pg.Pool, sources: readonly string[]): Promise<void> => {
  await pool.query(
    "update ops.source set is_active = not is_active where is_active is distinct from (source = any ($1))",
    [sources],
  );
};

/** Keeps what a pull came to; its mark moves only with a good one. */
export const keepGood = async (
  pool: pg.Pool,
  { source, stream, type }: StreamKey,
  pulled: Pulled,
  told: { readonly startedAt: Date; readonly redacted: Counts; readonly unmapped: Counts },
): Promise<void> => {
  await pool.query(
    `insert into ops.source as s (source, stream, type, mark, state, last_good_at, last_whole_at, started_at, outcome,
                                  rows_read, rows_written, refused, redacted, unmapped)
     values ($1, $2, $3, $4, $5, case when $14 then $6::timestamptz end, case when $7 then $6::timestamptz end, $6, $8, $9, $10, $11, $12, $13)
     on conflict (source, stream) do update
     set type = excluded.type, mark = coalesce(excluded.mark, s.mark), state = s.state || excluded.state,
         last_good_at = coalesce(excluded.last_good_at, s.last_good_at), last_whole_at = coalesce(excluded.last_whole_at, s.last_whole_at),
         started_at = excluded.started_at, finished_at = now(), outcome = excluded.outcome, failures = 0,
         failure_kind = null, failure = null, remedy = null, rows_read = excluded.rows_read,
         rows_written = excluded.rows_written, refused = excluded.refused,
         redacted = case when excluded.outcome = 'unchanged' then s.redacted else excluded.redacted end,
         unmapped = case when excluded.outcome = 'unchanged' then s.unmapped else excluded.unmapped end`,
    [
      source,
      stream,
      type,
      pulled.mark ?? null,
      JSON.stringify(pulled.state ?? {}),
      told.startedAt,
      pulled.whole === true,
      pulled.unchanged === true ? "unchanged" : "done",
      pulled.rowsRead,
      pulled.rowsWritten,
      pulled.refused ?? 0,
      JSON.stringify(told.redacted),
      JSON.stringify(told.unmapped),
      pulled.fresh !== false,
    ],
  );
};

export const keepFailed = async (
  pool: pg.Pool,
  { source, stream, type }: StreamKey,
  failure: Failure,
  startedAt: Date,
): Promise<void> => {
  await pool.query(
    `insert into ops.source as s (source, stream, type, started_at, outcome, failures, failure_kind, failure, remedy)
     values ($1, $2, $3, $4, 'failed', 1, $5, $6, $7)
     on conflict (source, stream) do update
     set type = excluded.type, started_at = excluded.started_at, finished_at = now(), outcome = 'failed',
         failures = s.failures + 1, failure_kind = excluded.failure_kind, failure = excluded.failure,
         remedy = excluded.remedy`,
    [source, stream, type, startedAt, failure.kind, failure.message, failure.remedy],
  );
};
