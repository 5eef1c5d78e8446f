import { expect, test } from "vitest";
import { listAlerts } from "../../src/alerts/state/list.ts";
import { replay } from "../../src/alerts/replay.ts";
import { eachDay } from "../../src/domain/day.ts";
import type { Database } from "../../src/warehouse/database.ts";
import { freshDatabase } from "../support/database.ts";
import { ruleFrom, seedAccounts, seedFigures, seedGoodDays } from "./seed.ts";

const range = { from: "2026-03-10", to: "2026-03-14" };
const now = new Date("2026-04-20T12:00:00Z");

/** Each day was first seen with one conversion on the next morning; `late` more were known two days after that. */
const restated = async (
  days: Readonly<Record<string, { spend: number; late: number }>>,
): Promise<Database> => {
  const database = await freshDatabase();
  const accounts = await seedAccounts(database, [{ id: "1" }]);
  await seedGoodDays(database, accounts, "2026-03-01", "2026-03-30");
  await seedFigures(
    database,
    accounts,
    Object.entries(days).map(([date, { spend, late }]) => ({
      account: "1",
      campaign: "a",
      date,
      spend,
      conversions: 1 + late,
    })),
  );
  await database.pool.query(
    "select warehouse.ensure_partition('marts.cost_per_conversion_history', '2026-03-01')",
  );
  const key = accounts.get("1")?.key;
  for (const [date, { spend, late }] of Object.entries(days))
    for (const [after, conversions] of [
      [1, 1],
      [3, 1 + late],
    ])
      if (after === 1 || late > 0)
        await database.pool.query(
          `insert into marts.cost_per_conversion_history (account_key, date, platform, account_id, campaign_id,
             observed_at, currency, spend, impressions, clicks, conversions, conversion_value, organic_conversions)
           values ($1, $2::date, 'meta', '1', 'a', $2::date + $3::int + time '03:30', 'EUR', $4, 0, 0, $5, 0, 0)`,
          [key, date, after, spend, conversions],
        );
  return database;
};

test("a replay says what would have fired on the figures of then, and what later figures took back", async () => {
  const { db } = await restated({
    "2026-03-10": { spend: 10, late: 0 },
    "2026-03-11": { spend: 50, late: 4 },
    "2026-03-12": { spend: 10, late: 0 },
    "2026-03-13": { spend: 90, late: 0 },
    "2026-03-14": { spend: 90, late: 0 },
  });
  const settings = ruleFrom({ above: 40, window: "1d" });
  expect(await replay({ db, settings, range, now })).toMatchObject({
    rule: "costly",
    days: 5,
    daysWithoutData: 0,
    fired: 2,
    takenBack: 1,
    firings: [
      { date: "2026-03-11", valueThen: "50", valueNow: "10", takenBack: true },
      { date: "2026-03-13", valueThen: "90", valueNow: "90", takenBack: false },
    ],
  });
  expect(await listAlerts(db)).toEqual([]);
});

test("a replay waits as long as the rule does", async () => {
  const { db } = await restated(
    Object.fromEntries(eachDay(range).map((date) => [date, { spend: 90, late: 0 }])),
  );
  const settings = ruleFrom({ above: 40, window: "1d", for: "3d" });
  expect((await replay({ db, settings, range, now })).firings).toMatchObject([{ date: "2026-03-12" }]);
});

test("a day that had not come in by then is no data rather than a day without spend", async () => {
  const database = await restated({ "2026-03-11": { spend: 90, late: 0 } });
  await database.pool.query("update marts.cost_per_conversion_history set observed_at = '2026-04-01'");
  const settings = ruleFrom({ above: 40, window: "1d" });
  expect(await replay({ db: database.db, settings, range, now })).toMatchObject({
    fired: 0,
    daysWithoutData: 1,
  });
});

test.each([
  ["by network", { by: "network", above: 1 }, /by network, whose past states are not kept/],
  ["about costper's own work", { metric: "freshness", above: 1 }, /freshness, whose past is not kept/],
])("a rule %s cannot be replayed, and says so", async (_, written, message) => {
  const { db } = await restated({});
  await expect(replay({ db, settings: ruleFrom(written), range, now })).rejects.toThrow(message);
});
