import type { Database } from "../../src/warehouse/database.ts";
import type pg from "pg";
import { addDays, eachDay } from "../../src/domain/day.ts";
import { alertSettings, type AlertSettings } from "../../src/alerts/rule/settings.ts";

/** A day of one campaign; what is left out is 0. */
export interface CampaignDay {
  readonly account: string;
  readonly campaign: string;
  readonly date: string;
  readonly spend?: number | string;
  readonly conversions?: number | string;
  readonly clicks?: number;
  readonly value?: number;
  readonly projected?: number;
}

export interface Account {
  readonly platform: string;
  readonly id: string;
  readonly currency: string;
  readonly zone: string;
  readonly key: number;
}

/** Accounts by id, written to a fresh warehouse. */
export const seedAccounts = async (
  { pool }: Database,
  accounts: readonly (Partial<Account> & { readonly id: string })[],
): Promise<ReadonlyMap<string, Account>> => {
  const made = new Map<string, Account>();
  for (const { platform = "meta", id, currency = "EUR", zone = "Europe/Copenhagen" } of accounts) {
    const { rows } = await pool.query<{ account_key: number }>(
      `insert into warehouse.account (platform, account_id, name, currency, time_zone, status, is_active, restatement_days)
       values ($1, $2, $3, $4, $5, 'ACTIVE', true, 28) returning account_key`,
      [platform, id, `account ${id}`, currency, zone],
    );
    made.set(id, { platform, id, currency, zone, key: rows[0]?.account_key ?? 0 });
  }
  return made;
};

/** Marks every day of the range as fetched whole. */
export const seedGoodDays = async (
  { pool }: Database,
  accounts: ReadonlyMap<string, Account>,
  from: string,
  to: string,
): Promise<void> => {
  for (const { platform, id } of accounts.values())
    await pool.query(
      `insert into ops.account_day (platform, account_id, date, state, difference)
       select $1, $2, d::date, 'complete', 0 from unnest($3::text[]) d
       on conflict (platform, account_id, date) do update set state = 'complete', difference = 0`,
      [platform, id, eachDay({ from, to })],
    );
};

export const seedFigures = async (
  { pool }: Database,
  accounts: ReadonlyMap<string, Account>,
  days: readonly CampaignDay[],
): Promise<void> => {
  const months = new Set(days.map(({ date }) => `${date.slice(0, 7)}-01`));
  for (const month of months)
    await pool.query("select warehouse.ensure_partition('figures.cost_per_conversion_daily', $1)", [month]);
  for (const day of days) {
    const account = accounts.get(day.account);
    if (account === undefined) throw new Error(`no account ${day.account}`);
    await pool.query(
      `insert into warehouse.campaign (account_key, campaign_id, name, status, type)
       values ($1, $2, $3, 'ACTIVE', '') on conflict do nothing`,
      [account.key, day.campaign, `Campaign ${day.campaign}`],
    );
    await pool.query(
      `insert into figures.cost_per_conversion_daily (account_key, date, campaign_id, currency, spend, impressions,
         clicks, conversions, conversion_value, organic_conversions, refreshed_at)
       values ($1, $2, $3, $4, $5, 0, $6, $7, $8, 0, now())
       on conflict (account_key, date, campaign_id) do update
         set spend = excluded.spend, conversions = excluded.conversions, clicks = excluded.clicks`,
      [
        account.key,
        day.date,
        day.campaign,
        account.currency,
        day.spend ?? 0,
        day.clicks ?? 0,
        day.conversions ?? 0,
        day.value ?? 0,
      ],
    );
    await seedProjection(pool, account, day);
  }
  await seedAccountDays(pool);
};

/** An account's days as the rollup would add them up. */
export const seedAccountDays = async (pool: pg.Pool): Promise<void> => {
  await pool.query(
    `insert into figures.cost_per_conversion_by_account_daily (account_key, date, impressions, clicks, refreshed_at,
       campaigns, currency, spend, conversions, conversion_value, organic_conversions)
     select account_key, date, sum(impressions), sum(clicks), now(), count(*), max(currency), sum(spend),
            sum(conversions), sum(conversion_value), sum(organic_conversions)
     from figures.cost_per_conversion_daily group by account_key, date
     on conflict (account_key, date) do nothing`,
  );
};

/** Days are final, but for one with a projection: it is a day old, at an age whose share gives just that. */
const seedProjection = async (pool: pg.Pool, account: Account, day: CampaignDay): Promise<void> => {
  await pool.query(
    `insert into ops.rollup_day (account_key, today) values ($1, coalesce($2::date, '9999-01-01'))
     on conflict (account_key) do update set today = least(rollup_day.today, excluded.today)`,
    [account.key, day.projected === undefined ? null : addDays(day.date, 1)],
  );
  if (day.projected !== undefined)
    await pool.query(
      `insert into marts.conversion_maturity (platform, account_id, age_days, share, learned_from_days, basis)
       values ($1, $2, 1, $3, 30, 'account')`,
      [account.platform, account.id, Number(day.conversions) / day.projected],
    );
};

/** One rule as a person writes it, checked as the configuration is. */
export const ruleFrom = (written: Record<string, unknown>): AlertSettings => {
  const [rule] = alertSettings().parse([
    { name: "costly", metric: "cost_per_conversion", notify: ["ops"], ...written },
  ]);
  if (rule === undefined) throw new Error("no rule");
  return rule;
};

export interface StoredAlert {
  readonly rule: string;
  readonly state: string;
  readonly value: string | null;
  readonly threshold: string | null;
  readonly currency: string | null;
  readonly spend: string | null;
  readonly conversions: string | null;
  readonly labels: Record<string, string>;
  readonly explanation: string;
}

export const storedAlerts = async ({ pool }: Database, rule?: string): Promise<readonly StoredAlert[]> => {
  const { rows } = await pool.query<StoredAlert>(
    `select rule, state, trim_scale(value)::text as value, trim_scale(threshold)::text as threshold, currency,
            trim_scale(spend)::text as spend, trim_scale(conversions)::text as conversions, labels, explanation
     from ops.alert where $1::text is null or rule = $1 order by rule, series`,
    [rule ?? null],
  );
  return rows;
};

export const at = (day: string): Date => new Date(`${day}T09:00:00Z`);
