import { expect, test } from "vitest";
import { eachDay } from "../../src/domain/day.ts";
import { freshDatabase } from "../support/database.ts";
import { seedMarts } from "../support/seed-marts.ts";
import { addUpSums } from "../support/sums.ts";

const differences = `
  select count(*)::int as differing from (
    (select account_key, date, sum(spend), sum(conversions), sum(clicks), count(*)::int, bool_and(is_final)
     from marts.cost_per_conversion_daily group by 1, 2
     except select account_key, date, spend, conversions, clicks, campaigns, is_final from marts.cost_per_conversion_by_account_daily)
    union all
    (select account_key, date, spend, conversions, clicks, campaigns, is_final from marts.cost_per_conversion_by_account_daily
     except select account_key, date, sum(spend), sum(conversions), sum(clicks), count(*)::int, bool_and(is_final)
     from marts.cost_per_conversion_daily group by 1, 2)) d`;

test("the account days of a seeded warehouse are its daily mart added up", async () => {
  const { pool } = await freshDatabase();
  await seedMarts(pool, { accounts: 1, campaigns: 3, days: 40, lastDay: "2026-11-20" });
  const differing = async (): Promise<number | undefined> =>
    (await pool.query<{ differing: number }>(differences)).rows[0]?.differing;
  expect(await differing()).toBe(0);
  await pool.query(
    "update figures.cost_per_conversion_daily set spend = spend + 1 where date > '2026-11-10'",
  );
  expect(await differing()).toBe(60);
  const { rows } = await pool.query<{ account_key: number }>("select account_key from warehouse.account");
  for (const { account_key } of rows)
    await addUpSums(pool, account_key, eachDay({ from: "2026-11-11", to: "2026-11-20" }));
  expect(await differing()).toBe(0);
});
