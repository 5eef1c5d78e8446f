import type pg from "pg";
import pino from "pino";
import { expect, test } from "vitest";
import { addDays } from "../../src/domain/day.ts";
import type { Account } from "../../src/domain/facts.ts";
import { planPlatform } from "../../src/sync/plan.ts";
import { rollUpTouched } from "../../src/metrics/rollup/rollup.ts";
import { freshDatabase } from "../support/database.ts";
import { load, prepareAccount, scriptedAccount, scriptedConnector } from "../support/scripted.ts";

const firstNight = new Date("2026-03-10T04:00:00Z");
const nightAfter = (nights: number): Date => new Date(firstNight.getTime() + nights * 86_400_000);

/** A platform that delivers every day; tests rewrite its list of accounts and hold back days. */
const opened = async () => {
  const { pool } = await freshDatabase();
  let accounts: readonly Account[] = [scriptedAccount()];
  const day = {
    ads: [{ campaign: "c1", ad: "a1", cents: 10_000, impressions: 100, clicks: 10, conversions: [] }],
  };
  const connector = scriptedConnector({
    accounts: () => accounts,
    days: () =>
      Object.fromEntries(Array.from({ length: 40 }, (_, index) => [addDays("2026-02-20", index), day])),
  });
  const log = pino({ level: "silent" });
  const pulled: string[] = [];
  const night = async (nights: number, skips: (from: string) => boolean = () => false) => {
    const plan = await planPlatform({
      pool,
      connector,
      log,
      signal: new AbortController().signal,
      now: nightAfter(nights),
      named: undefined,
      range: {},
      lookbackDays: 2,
    });
    pulled.length = 0;
    for (const slice of plan.slices) {
      if (skips(slice.from)) continue;
      await prepareAccount(pool, connector, slice.account);
      await load(pool, connector, slice);
      pulled.push(`${slice.account.id} ${slice.from} ${slice.to}`);
    }
    await rollUpTouched({ pool, reportingCurrency: null });
    return plan;
  };
  return { pool, night, pulled, reach: (...now: Account[]) => (accounts = now) };
};

const states = async (pool: pg.Pool, accountId = "1") =>
  (
    await pool.query<{ day: string }>(
      "select date || ' ' || state as day from ops.account_day where account_id = $1 order by date",
      [accountId],
    )
  ).rows.map(({ day }) => day);

const spend = async (pool: pg.Pool) =>
  (
    await pool.query<{ days: string; spend: string; currencies: string }>(
      "select count(*) as days, sum(spend)::float8 as spend, string_agg(distinct currency, ',') as currencies from marts.cost_per_conversion_daily",
    )
  ).rows[0];

test.each<[string, Partial<Account>, string]>([
  ["currency", { currency: "USD" }, "the account's currency changed from EUR to USD"],
  [
    "time zone",
    { timeZone: "America/New_York" },
    "the account's time zone changed from UTC to America/New_York",
  ],
])("an account whose %s changed is stopped and says so; the others go on", async (_, change, message) => {
  const { pool, night, reach, pulled } = await opened();
  reach(scriptedAccount(), scriptedAccount({ id: "2" }));
  await night(0);
  reach(scriptedAccount(change), scriptedAccount({ id: "2" }));
  const plan = await night(1);
  expect(plan.failures).toMatchObject([{ accountId: "1", failure: { kind: "account", message } }]);
  expect(pulled).toEqual(["2 2026-03-09 2026-03-10"]);
  expect(await states(pool)).toEqual(["2026-03-08 complete", "2026-03-09 complete", "2026-03-10 failed"]);
  expect(await spend(pool)).toEqual({ days: "5", spend: 500, currencies: "EUR" });
  // Back to what it was, the missing day is asked for again.
  reach(scriptedAccount(), scriptedAccount({ id: "2" }));
  await night(2);
  expect(await states(pool)).toEqual([
    "2026-03-08 complete",
    "2026-03-09 complete",
    "2026-03-10 complete",
    "2026-03-11 complete",
  ]);
});

test("a time zone under another of its names is no change", async () => {
  const { night, reach } = await opened();
  reach(scriptedAccount({ timeZone: "Europe/Kiev" }));
  await night(0);
  reach(scriptedAccount({ timeZone: "Europe/Kyiv" }));
  expect((await night(1)).failures).toEqual([]);
});

test("an account that moves to another manager simply goes on", async () => {
  const { pool, night, reach } = await opened();
  reach(scriptedAccount({ via: "100" }));
  await night(0);
  reach(scriptedAccount({ via: "200" }), scriptedAccount({ via: "300" }));
  const plan = await night(1);
  expect(plan.failures).toEqual([]);
  expect(plan.slices.map(({ account }) => account.via)).toEqual(["200"]);
  expect((await pool.query("select from warehouse.account")).rowCount).toBe(1);
  expect(await states(pool)).toEqual(["2026-03-08 complete", "2026-03-09 complete", "2026-03-10 complete"]);
});

test("an account that vanishes from discovery keeps its figures, its days are not_fetched, and are fetched once it is back", async () => {
  const { pool, night, reach, pulled } = await opened();
  await night(0);
  reach();
  expect((await night(1)).failures).toMatchObject([{ accountId: "1", failure: { kind: "account" } }]);
  await night(4);
  expect(await spend(pool)).toMatchObject({ days: "2", spend: 200 });
  expect(await states(pool)).toEqual([
    "2026-03-08 complete",
    "2026-03-09 complete",
    "2026-03-10 not_fetched",
    "2026-03-11 not_fetched",
    "2026-03-12 not_fetched",
    "2026-03-13 not_fetched",
  ]);
  reach(scriptedAccount());
  await night(5);
  expect(pulled).toEqual(["1 2026-03-13 2026-03-14", "1 2026-03-10 2026-03-12"]);
  expect((await states(pool)).every((day) => day.endsWith(" complete"))).toBe(true);
});

test("a gap is fetched by the next night without being asked, and days between two ranges are known to be missing", async () => {
  const { pool, night, pulled } = await opened();
  await night(0);
  // Nights 1 to 3 never ran; on the 4th the newest slice was cut off.
  await night(4, (from) => from === "2026-03-12");
  expect(await states(pool)).toContain("2026-03-12 not_fetched");
  await night(5);
  expect(pulled.at(-1)).toBe("1 2026-03-10 2026-03-12");
  expect((await states(pool)).filter((day) => !day.endsWith(" complete"))).toEqual([]);
  await night(6);
  expect(pulled).toEqual(["1 2026-03-14 2026-03-15"]);
});
