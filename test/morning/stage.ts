import { addDays } from "../../src/domain/day.ts";
import type { Configured } from "../../src/metrics/morning/accounts.ts";
import type { Morning } from "../../src/metrics/morning/answer.ts";
import { morning, type MorningQuestion } from "../../src/metrics/morning/morning.ts";
import type { Database } from "../../src/warehouse/database.ts";
import { reading } from "../../src/warehouse/reading.ts";
import { type Account, type CampaignDay, seedAccounts, seedFigures, seedGoodDays } from "../alerts/seed.ts";

export const day = "2026-03-14";
export const weekBefore = "2026-03-07";

/** The accounts of the stage, with whole days from the first to the last, fetched at 03:41 of the next morning. */
export const stage = async (
  database: Database,
  accounts: readonly (Partial<Account> & { readonly id: string })[],
  { from = "2026-02-20", to = day }: { readonly from?: string; readonly to?: string } = {},
): Promise<ReadonlyMap<string, Account>> => {
  const made = await seedAccounts(database, accounts);
  await seedGoodDays(database, made, from, to);
  await database.pool.query(
    "update ops.account_day set fetched_at = (date + 1)::timestamp at time zone 'Europe/Copenhagen' + interval '3 hours 41 minutes'",
  );
  return made;
};

/** What a night found: figures of days as they were known then, and that it looked at the fortnight before it. */
export const night = async (
  { pool }: Database,
  accounts: ReadonlyMap<string, Account>,
  on: string,
  known: readonly CampaignDay[],
): Promise<void> => {
  const at = `${on} 03:41 Europe/Copenhagen`;
  for (const { platform, id } of accounts.values())
    await pool.query(
      `insert into ops.slice (platform, account_id, from_date, to_date, outcome, started_at, finished_at)
       values ($1, $2, $3, $4, 'done', $5::timestamptz - interval '5 minutes', $5)`,
      [platform, id, addDays(on, -14), addDays(on, -1), at],
    );
  for (const { account, campaign, date, spend = 0, conversions = 0, clicks = 0 } of known) {
    const { key, platform, id, currency } = accounts.get(account) ?? {};
    await pool.query(
      "select warehouse.ensure_partition('marts.cost_per_conversion_history', date_trunc('month', $1::date)::date)",
      [date],
    );
    await pool.query(
      `insert into marts.cost_per_conversion_history (account_key, date, platform, account_id, campaign_id, observed_at,
         currency, spend, impressions, clicks, conversions, conversion_value, organic_conversions)
       values ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10, 0, 0)`,
      [key, date, platform, id, campaign, at, currency, spend, clicks, conversions],
    );
  }
};

/** How complete days of these ages are, and that today is the morning after the day. */
export const ripening = async (
  { pool }: Database,
  shares: Readonly<Record<number, number>>,
): Promise<void> => {
  await pool.query("update ops.rollup_day set today = $1", [addDays(day, 1)]);
  for (const [age, share] of Object.entries(shares))
    await pool.query(
      `insert into marts.conversion_maturity (platform, account_id, age_days, share, learned_from_days, basis)
       select platform, account_id, $1, $2, 30, 'account' from warehouse.account`,
      [age, share],
    );
};

export const ask = (
  { db }: Database,
  asked: Partial<Omit<MorningQuestion, "read">> & { readonly configured?: Configured } = {},
): Promise<Morning> =>
  reading(db, (read) =>
    morning({
      read,
      now: new Date("2026-03-15T08:00:00Z"),
      timeZone: "Europe/Copenhagen",
      configured: undefined,
      money: { reporting: null },
      ...asked,
    }),
  );

export { seedFigures };
