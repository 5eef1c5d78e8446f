import { expect, test } from "vitest";
import { thinHistory } from "../../src/metrics/thin-history.ts";
import { observe, storeAccount } from "../maturity/support.ts";
import { freshDatabase } from "../support/database.ts";

const now = new Date("2026-12-31T04:00:00Z");

test("old history keeps the first and the last change of each campaign-day, recent history keeps all", async () => {
  const { pool } = await freshDatabase();
  const key = await storeAccount(pool, "google", "1");
  const changes = (day: string, campaign: string) =>
    [1, 2, 3, 4].map((age) => ({
      day,
      campaign,
      at: new Date(Date.parse(day) + age * 86_400_000).toISOString(),
      conversions: age === 4 ? null : age,
    }));
  await observe(pool, key, [
    ...changes("2026-01-05", "a"),
    ...changes("2026-01-05", "b").slice(0, 2),
    ...changes("2026-12-01", "a"),
  ]);
  const left = async () =>
    (
      await pool.query<{ kept: string }>(
        `select date || ' ' || campaign_id || ' ' || coalesce(conversions::int::text, 'gone') as kept
         from marts.cost_per_conversion_history order by date, campaign_id, observed_at`,
      )
    ).rows.map(({ kept }) => kept);
  expect(await thinHistory({ pool, keepDays: 270, now })).toBe(2);
  expect(await left()).toEqual([
    "2026-01-05 a 1",
    "2026-01-05 a gone",
    "2026-01-05 b 1",
    "2026-01-05 b 2",
    "2026-12-01 a 1",
    "2026-12-01 a 2",
    "2026-12-01 a 3",
    "2026-12-01 a gone",
  ]);
  expect(await thinHistory({ pool, keepDays: 270, now })).toBe(0);
});
