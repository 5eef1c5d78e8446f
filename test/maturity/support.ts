import type pg from "pg";
import type { Platform } from "../../src/domain/platform.ts";

/** Stores an account with a restatement window of 10 days; its key. */
export const storeAccount = async (
  pool: pg.Pool,
  platform: Platform,
  accountId: string,
  timeZone = "UTC",
): Promise<number> => {
  const { rows } = await pool.query<{ account_key: number }>(
    `insert into warehouse.account (platform, account_id, name, currency, time_zone, status, is_active, restatement_days)
     values ($1, $2, 'Shop', 'EUR', $3, 'ACTIVE', true, 10) returning account_key`,
    [platform, accountId, timeZone],
  );
  return rows[0]?.account_key ?? 0;
};

export interface Observation {
  readonly day: string;
  readonly at: string;
  /** NULL: the campaign-day had vanished. */
  readonly conversions: number | null;
  readonly campaign?: string;
}

/** Writes history as a sync's rollups would have. */
export const observe = async (
  pool: pg.Pool,
  accountKey: number,
  observations: readonly Observation[],
): Promise<void> => {
  const days = observations.map(({ day }) => day).sort();
  await pool.query(
    `select warehouse.ensure_partition('marts.cost_per_conversion_history', m::date)
     from generate_series(date_trunc('month', $1::date), $2::date, interval '1 month') m`,
    [days[0], days.at(-1)],
  );
  await pool.query(
    `insert into marts.cost_per_conversion_history
       (account_key, date, platform, account_id, campaign_id, observed_at, currency, spend, impressions, clicks,
        conversions, conversion_value, organic_conversions)
     select a.account_key, o.day, a.platform, a.account_id, o.campaign, o.at, a.currency,
            case when o.conversions is null then null else 100 end, 1, 1, o.conversions, 0, 0
     from warehouse.account a, unnest($2::date[], $3::timestamptz[], $4::numeric[], $5::text[])
       as o (day, at, conversions, campaign)
     where a.account_key = $1`,
    [
      accountKey,
      observations.map(({ day }) => day),
      observations.map(({ at }) => at),
      observations.map(({ conversions }) => conversions),
      observations.map(({ campaign }) => campaign ?? "1"),
    ],
  );
};

export interface Share {
  readonly age: number;
  readonly share: number;
  readonly basis: string;
  readonly days: number;
}

export const sharesOf = async (pool: pg.Pool, accountId: string): Promise<readonly Share[]> => {
  const { rows } = await pool.query<{ age: number; share: string; basis: string; days: number }>(
    `select age_days as age, share, basis, learned_from_days as days from marts.conversion_maturity
     where account_id = $1 order by age_days`,
    [accountId],
  );
  return rows.map((row) => ({ ...row, share: Number(row.share) }));
};
