import type pg from "pg";

/** What an analyst was ended for. */
export interface Ended {
  readonly role: string;
  readonly seconds: number;
}

/** Beyond the role's own time limit, which ends a query with a better message where it was left on. */
const usualGraceMs = 5_000;

/**
 * Ends the sessions of analysts that go on beyond the time they were granted: a role may take a limit off itself, so
 * only another can keep it. A transaction that is left open is one too, and so is a lock that is held without one.
 */
export const endOverrun = async (pool: pg.Pool, graceMs = usualGraceMs): Promise<readonly Ended[]> => {
  const { rows } = await pool.query<Ended>(
    `with over as (
       select a.pid, a.usename::text as role,
              round(extract(epoch from clock_timestamp() - coalesce(a.xact_start, a.state_change)))::integer as seconds
       from pg_stat_activity a join ops.analyst g on g.role_name = a.usename
       where clock_timestamp() - coalesce(a.xact_start, a.state_change)
               > (g.statement_timeout_ms + $1::bigint) * interval '1 millisecond'
         and (a.xact_start is not null
              or exists (select from pg_locks l where l.pid = a.pid and l.locktype = 'advisory' and l.granted))
         and (pg_has_role(a.usesysid, 'usage') or pg_has_role('pg_signal_backend', 'usage'))
         and a.pid <> pg_backend_pid()
     )
     select role, seconds from over where pg_terminate_backend(pid) order by role`,
    [String(graceMs)],
  );
  return rows;
};
