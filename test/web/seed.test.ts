import { expect, test } from "vitest";
import { freshDatabase } from "../support/database.ts";
import { seedMarts } from "../support/seed-marts.ts";

const differences = `
  select count(*)::int as differing from (
    (select account_key, date, sum(spend), sum(conversions), sum(clicks), count(*)::int, bool_and(is_final)
     from marts.cost_per_conversion_daily group by 1, 2
     except select account_key, date, spend, conversions, clicks, campaigns, is_final from marts.cost_per_conversion_by_account_daily)
    union all
    (select account_key, date, spend, conversions, clicks, campaigns, is_final from marts.cost_per_conversion_by_account_daily
     except select account_key, date, sum(spend), sum(conversions), sum(clicks), count(*)::int, bool_and(is_final)
     from marts.cost_per_conversion_daily group by 1, 2)) d`;

test("the account-day summary follows every insert, update and delete of the daily mart", async () => {
  const { pool } = await freshDatabase();
  await seedMarts(pool, { accounts: 1, campaigns: 3, days: 40, lastDay: "2026-11-20" });
  const differing = async (): Promise<number | undefined> =>
    (await pool.query<{ differing: number }>(differences)).rows[0]?.differing;
  expect(await differing()).toBe(0);

  await pool.query(
    "update figures.cost_per_conversion_daily set spend = spend + 1 where date > '2026-11-10'",
  );
  expect(await differing()).toBe(0);
  await pool.query(
    "delete from figures.cost_per_conversion_daily where date = '2026-11-15' or campaign_id like '%2'",
  );
  expect(await differing()).toBe(0);
  const { rows } = await pool.query(
    "select from marts.cost_per_conversion_by_account_daily where date = '2026-11-15'",
  );
  expect(rows).toHaveLength(0);

  await pool.query("truncate figures.cost_per_conversion_daily");
  expect(await differing()).toBe(0);
});
