import type pg from "pg";
import { expect, test } from "vitest";
import type { Config } from "../../src/config.ts";
import { storeCountingRules } from "../../src/metrics/counting.ts";
import { compareRollups } from "../../src/metrics/rollup/compare.ts";
import { rebuild, rollUpTouched } from "../../src/metrics/rollup/rollup.ts";
import { acceptAccount } from "../../src/warehouse/accept-account.ts";
import { inTransaction, lockAccount } from "../../src/warehouse/transaction.ts";
import { freshDatabase } from "../support/database.ts";
import { storeRate } from "../support/rates.ts";
import {
  load,
  prepareAccount,
  scriptedAccount,
  type ScriptedConversion,
  scriptedConnector,
  type ScriptedDays,
} from "../support/scripted.ts";

const days = ["2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05"] as const;
const [monday, tuesday, wednesday, thursday] = days;
const range = { from: monday, to: thursday };
const purchase = { action: "purchase", traffic: "paid" as const, hundredths: 150, valueCents: 900 };
const lead = { action: "lead", traffic: "paid" as const, hundredths: 100, valueCents: 0 };

const conversionsOf = (day: string) => (day === tuesday ? [purchase, lead] : [purchase]);

const dayOf = (cents: number, conversions: readonly ScriptedConversion[]) => ({
  ads: [{ campaign: "c1", ad: "a1", cents, impressions: 10, clicks: 4, conversions }],
});

/** An account in dollars whose four days are loaded; a lead came on Tuesday alone. The marts are as the facts say. */
const opened = async (reportingCurrency: string | null = "EUR") => {
  const { pool } = await freshDatabase();
  let script: ScriptedDays = Object.fromEntries(days.map((day) => [day, dayOf(1000, conversionsOf(day))]));
  const account = scriptedAccount({ platform: "linkedin", currency: "USD" });
  const connector = scriptedConnector({ platform: "linkedin", account, days: () => script });
  const accountKey = await prepareAccount(pool, connector, account);
  const pull = async () => {
    expect((await load(pool, connector, { account, accountKey, ...range })).outcome).toBe("done");
  };
  const choose = (conversions: "all" | readonly string[]) =>
    storeCountingRules(pool, "linkedin", { linkedin: { conversions } } as unknown as Config["connectors"]);
  await choose(["purchase", "lead"]);
  for (const [day, rate] of [
    [monday, "1.1"],
    [wednesday, "1.2"],
  ] as const)
    await storeRate(pool, day, "USD", rate);
  await pull();
  await rollUpTouched({ pool, reportingCurrency });
  return {
    pool,
    account,
    accountKey,
    pull,
    choose,
    say: (day: string, cents: number) =>
      void (script = { ...script, [day]: dayOf(cents, conversionsOf(day)) }),
  };
};

const marked = async (pool: pg.Pool): Promise<readonly string[]> =>
  (
    await pool.query<{ stretch: string }>(
      "select from_date || '..' || to_date as stretch from ops.touched_days order by 1",
    )
  ).rows.map(({ stretch }) => stretch);

/** Rolls up what is marked. The days that were written; what was made is what a rebuild from nothing makes. */
const written = async (pool: pg.Pool, reportingCurrency: string | null = "EUR") => {
  const moment = await pool.query<{ now: Date }>("select clock_timestamp() as now");
  await rollUpTouched({ pool, reportingCurrency });
  const { rows } = await pool.query<{ date: string }>(
    "select distinct date from figures.cost_per_conversion_by_ad_group_daily where refreshed_at > $1 order by 1",
    [moment.rows[0]?.now],
  );
  const all = { from: null, to: null };
  expect(await compareRollups({ pool, reportingCurrency }, all)).toEqual([]);
  expect(await marked(pool)).toEqual([]);
  const stale = await pool.query(
    `select from figures.day_rate r join warehouse.account a using (account_key)
     where $1::text is not null and r.rate is distinct from warehouse.rate_on(r.date, a.currency, $1)`,
    [reportingCurrency],
  );
  expect(stale.rowCount).toBe(0);
  expect(await rebuild({ pool, reportingCurrency }, all)).toBe(0);
  return rows.map(({ date }) => date);
};

test("a load marks the days whose facts it changed, and one that changed nothing marks none", async () => {
  const { pool, say, pull } = await opened();
  await pull();
  expect(await marked(pool)).toEqual([]);
  say(wednesday, 1234);
  await pull();
  expect(await marked(pool)).toEqual([`${wednesday}..${wednesday}`]);
  expect(await written(pool)).toEqual([wednesday]);
});

test("a counting rule marks the days on which it counts otherwise; the same rule again marks none", async () => {
  const { pool, choose } = await opened();
  await choose(["purchase", "lead"]);
  expect(await marked(pool)).toEqual([]);
  await choose(["purchase"]);
  expect(await marked(pool)).toEqual([`${tuesday}..${tuesday}`]);
  expect(await written(pool)).toEqual([tuesday]);
  await choose(["purchase", "lead"]);
  expect(await written(pool)).toEqual([tuesday]);
});

test("a rate marks the days that it converts otherwise, as one stretch, and those that had none", async () => {
  const { pool } = await opened();
  // Tuesday has a rate of its own now: Monday keeps its own, Wednesday and Thursday have a later one.
  await storeRate(pool, tuesday, "USD", "1.3");
  expect(await marked(pool)).toEqual([`${tuesday}..${tuesday}`]);
  expect(await written(pool)).toEqual([tuesday]);
  await storeRate(pool, wednesday, "USD", "1.25");
  expect(await marked(pool)).toEqual([`${wednesday}..${thursday}`]);
  expect(await written(pool)).toEqual([wednesday, thursday]);
  // The same once more, a currency of no account, and a rate that Thursday's follows on.
  await storeRate(pool, wednesday, "USD", "1.25");
  await storeRate(pool, wednesday, "DKK", "7.46");
  await storeRate(pool, "2026-02-27", "USD", "1.9");
  expect(await marked(pool)).toEqual([]);
});

test("another reporting currency makes every day again, and an unknown rate is mended when it comes", async () => {
  const { pool } = await opened();
  expect(await written(pool, "DKK")).toEqual([...days]);
  expect(await written(pool, "DKK")).toEqual([]);
  await storeRate(pool, wednesday, "DKK", "7.46");
  expect(await marked(pool)).toEqual([`${wednesday}..${thursday}`]);
  expect(await written(pool, "DKK")).toEqual([wednesday, thursday]);
  expect(await written(pool, null)).toEqual([...days]);
});

test("a new reporting currency whose marks cannot be written is not remembered either", async () => {
  const { pool } = await opened();
  await pool.query("alter table ops.touched_days add constraint broken check (false) not valid");
  await expect(rollUpTouched({ pool, reportingCurrency: "DKK" })).rejects.toThrow("broken");
  await pool.query("alter table ops.touched_days drop constraint broken");
  expect(await written(pool, "DKK")).toEqual([...days]);
});

test("an account that begins a new series marks the days that leave the old one", async () => {
  const { pool, account } = await opened();
  const acceptance = await acceptAccount(
    pool,
    { ...account, currency: "EUR" },
    { from: wednesday, now: new Date("2026-03-06T12:00:00Z") },
  );
  expect(acceptance.outcome).toBe("accepted");
  expect(await marked(pool)).toEqual([`${wednesday}..${thursday}`]);
  await written(pool);
  const { rows } = await pool.query("select date from marts.cost_per_conversion_daily order by 1");
  expect(rows).toEqual([{ date: monday }, { date: tuesday }]);
});

const waiting = async (pool: pg.Pool, count: number): Promise<void> => {
  for (;;) {
    const { rowCount } = await pool.query(
      "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    );
    if ((rowCount ?? 0) >= count) return;
  }
};

test("a mark that comes while a rollup runs does not wait for it and is the next rollup's", async () => {
  const { pool, say, pull } = await opened();
  say(tuesday, 500);
  await pull();
  const blocker = await pool.connect();
  try {
    await blocker.query("begin; lock table figures.cost_per_conversion_by_network_daily in exclusive mode");
    // It has taken Tuesday's mark and made the daily mart.
    const rollup = rollUpTouched({ pool, reportingCurrency: "EUR" });
    await waiting(pool, 1);
    say(tuesday, 700);
    await pull();
    await blocker.query("rollback");
    await rollup;
  } finally {
    blocker.release();
  }
  expect(await marked(pool)).toEqual([`${tuesday}..${tuesday}`]);
  await written(pool);
});

test.each([
  ["rate", (pool: pg.Pool) => storeRate(pool, tuesday, "USD", "1.5"), "EUR"],
  ["reporting currency", (pool: pg.Pool) => rollUpTouched({ pool, reportingCurrency: "USD" }), "USD"],
] as const)("a %s that changes while a day is made by the old is not lost", async (_, change, currency) => {
  const { pool, accountKey, say, pull } = await opened();
  say(tuesday, 500);
  await pull();
  let made: Promise<unknown> | undefined;
  let changed: Promise<unknown> | undefined;
  await inTransaction(pool, async (client) => {
    await lockAccount(client, "rollup", accountKey);
    made = rollUpTouched({ pool, reportingCurrency: "EUR" });
    await waiting(pool, 1);
    changed = change(pool);
    await waiting(pool, 2);
  });
  await Promise.all([made, changed]);
  await written(pool, currency);
});

test("a window takes its own days of a stretch and leaves the others", async () => {
  const { pool, accountKey } = await opened();
  await pool.query("insert into ops.touched_days values ($1, $2, $3)", [accountKey, monday, thursday]);
  await rebuild({ pool, reportingCurrency: "EUR" }, { from: tuesday, to: tuesday });
  expect(await marked(pool)).toEqual([`${monday}..${monday}`, `${wednesday}..${thursday}`]);
});
