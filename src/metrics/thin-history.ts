import type pg from "pg";

export interface ThinHistoryOptions {
  readonly pool: pg.Pool;
  /** Reporting days younger than this keep every change. */
  readonly keepDays: number;
  readonly now: Date;
}

/** Days just past the limit are looked at every night; older ones only when the setting has changed. */
const recentDays = 45;

/**
 * Leaves of each campaign-day older than `keepDays` the first and the last row of its history: what was believed at
 * first and the final figures. Returns the number of rows deleted.
 */
export const thinHistory = async ({ pool, keepDays, now }: ThinHistoryOptions): Promise<number> => {
  const { rows } = await pool.query<{ keep_days: string }>(
    "select value as keep_days from ops.rollup_setting where name = 'history_keep_days'",
  );
  const isNew = rows[0]?.keep_days !== String(keepDays);
  const { rowCount } = await pool.query(
    `delete from marts.cost_per_conversion_history h
     using (
       select account_key, date, campaign_id, min(observed_at) as first, max(observed_at) as last
       from marts.cost_per_conversion_history
       where date < $1::timestamptz::date - $2::integer and ($3 or date >= $1::timestamptz::date - $2 - ${String(recentDays)})
       group by account_key, date, campaign_id having count(*) > 2
     ) long
     where h.date < $1::timestamptz::date - $2 and ($3 or h.date >= $1::timestamptz::date - $2 - ${String(recentDays)})
       and (h.account_key, h.date, h.campaign_id) = (long.account_key, long.date, long.campaign_id)
       and h.observed_at > long.first and h.observed_at < long.last`,
    [now, keepDays, isNew],
  );
  await pool.query(
    `insert into ops.rollup_setting (name, value) values ('history_keep_days', $1)
     on conflict (name) do update set value = excluded.value`,
    [String(keepDays)],
  );
  return rowCount ?? 0;
};
