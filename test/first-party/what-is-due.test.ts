import { expect, test } from "vitest";
import { eraseLeads } from "../../src/imports/ledger/erase.ts";
import type { FirstPartySettings } from "../../src/metrics/first-party/settings.ts";
import { acceptAccount } from "../../src/warehouse/accept-account.ts";
import { storeAccount } from "../../src/warehouse/accounts.ts";
import type { Database } from "../../src/warehouse/database.ts";
import { storeEntities } from "../../src/warehouse/dimensions.ts";
import { replaceClickDay } from "../../src/warehouse/load-clicks.ts";
import { inTransaction } from "../../src/warehouse/transaction.ts";
import { freshDatabase } from "../support/database.ts";
import { storeRate } from "../support/rates.ts";
import { scriptedAccount } from "../support/scripted.ts";
import { load, rollUp, rollUpWhole, seedCampaign, seedSpend } from "./support.ts";

const sales =
  "conversion_id,conversion_name,converted_at,value,currency,order_id,lead_id,source,medium,campaign,campaign_id,gclid";
const people = "lead_id,created_at,stage,stage_at,score,score_at,source,medium";
const google = scriptedAccount({
  platform: "google",
  id: "1",
  timeZone: "Europe/Copenhagen",
  status: "ENABLED",
});

/** A shop with a sale, a lead or a click on each of six days, spend on all of them, and marts that are as they should be. */
const shop = async (
  settings: Partial<FirstPartySettings> = { reportingCurrency: "EUR", qualifiedScore: "50" },
) => {
  const database = await freshDatabase();
  await seedCampaign(database, { platform: "google", account: "1", id: "11", name: "Brand", type: "SEARCH" });
  await seedCampaign(database, { platform: "google", account: "1", id: "12", name: "Twin" });
  await seedCampaign(database, { platform: "google", account: "1", id: "13", name: "Twin" });
  for (const day of [1, 2, 3, 4, 5, 6])
    await seedSpend(database, {
      platform: "google",
      account: "1",
      campaign: "11",
      date: `2026-11-0${String(day)}`,
      spend: "10",
    });
  for (const day of ["2026-10-28", "2026-11-01"]) await storeRate(database.pool, day, "USD", "2");
  await load(
    database,
    "conversions",
    sales,
    "S1,purchase,2026-11-01T12:00:00Z,30,EUR,,,google,cpc,,11,",
    "S2,purchase,2026-11-02T12:00:00Z,30,USD,O1,,google,cpc,Twin,,",
    "S3,purchase,2026-11-03T12:00:00Z,30,EUR,O1,,google,cpc,,,",
    "S4,purchase,2026-11-04T12:00:00Z,30,EUR,,L1,,,,,",
    "S5,purchase,2026-11-05T12:00:00Z,30,EUR,,,google,cpc,,,gc1",
    "S6,purchase,2026-11-06T12:00:00Z,30,EUR,,,facebook,social,,77,",
  );
  await load(
    database,
    "leads",
    people,
    "L1,2026-11-01T10:00:00Z,lead,2026-11-01T10:00:00Z,60,2026-11-03T10:00:00Z,newsletter,email",
    // What one of them is the only one to show, was never seen without it, and that concerns every day.
    "L2,2026-11-06T10:00:00Z,customer,2026-11-06T10:00:00Z,60,2026-11-06T10:00:00Z,google,cpc",
  );
  await rollUp(database, settings);
  return {
    database,
    /** Rolls up what is marked: the days whose rows it touched. Making everything touches no row after it. */
    written: async (now: Partial<FirstPartySettings> = settings): Promise<readonly string[]> => {
      const before = await rows(database);
      await rollUp(database, now);
      const after = await rows(database);
      await rollUpWhole(database, now);
      expect(daysBetween(after, await rows(database))).toEqual([]);
      expect((await database.pool.query("select from ops.touched_first_party")).rowCount).toBe(0);
      return daysBetween(before, after);
    },
  };
};

/** Every row of the marts with its moment, and its day. */
const rows = async (database: Database): Promise<ReadonlyMap<string, string>> => {
  const marts = [
    "channel_daily",
    "paid_cost_per_conversion_first_party_daily",
    "excluded_conversions",
    "kpi_daily",
  ];
  const told = await database.pool.query<{ row: string; date: string }>(
    marts
      .map((mart) => `select '${mart} ' || m::text as row, date::text as date from marts.${mart} m`)
      .join(" union all "),
  );
  return new Map(told.rows.map(({ row, date }) => [row, date]));
};

/** The days of the rows that only one of both has. */
const daysBetween = (
  one: ReadonlyMap<string, string>,
  other: ReadonlyMap<string, string>,
): readonly string[] =>
  [
    ...new Set([...one, ...other].filter(([row]) => one.has(row) !== other.has(row)).map(([, date]) => date)),
  ].toSorted();

const day = (...numbers: readonly number[]): readonly string[] =>
  numbers.map((one) => `2026-11-0${String(one)}`);

const entities = (database: Database, ...of: Parameters<typeof storeEntities>[2]): Promise<void> =>
  inTransaction(database.pool, async (client) => {
    const { rows } = await client.query<{ key: number }>(
      "select account_key as key from warehouse.account where account_id = '1'",
    );
    await storeEntities(client, rows[0]?.key ?? 0, of);
  });

const campaign = (id: string, name: string, type = "", status = "") => ({
  kind: "campaign" as const,
  id,
  name,
  type,
  status,
});

const click = (database: Database, date: string, ...ids: readonly string[]) =>
  replaceClickDay(
    database.pool,
    google,
    {
      date,
      settled: false,
      clicks: (async function* () {
        yield ids.map((clickId) => ({
          clickId,
          campaignId: "11",
          adGroupId: "",
          adId: "",
          network: "SEARCH",
        }));
      })(),
    },
    new AbortController().signal,
  );

const cases: readonly (readonly [string, (database: Database) => Promise<unknown>, readonly string[]])[] = [
  ["nothing", async () => undefined, []],
  [
    "the same files again",
    (it) => load(it, "conversions", sales, "S1,purchase,2026-11-01T12:00:00Z,30,EUR,,,google,cpc,,11,"),
    [],
  ],
  [
    "another value",
    (it) => load(it, "conversions", sales, "S1,purchase,2026-11-01T12:00:00Z,31,EUR,,,google,cpc,,11,"),
    day(1),
  ],
  [
    "a sale that moves to another day",
    (it) => load(it, "conversions", sales, "S1,purchase,2026-11-05T12:00:00Z,30,EUR,,,google,cpc,,11,"),
    day(1, 5),
  ],
  [
    "an order that another sale takes over",
    (it) => load(it, "conversions", sales, "S2,purchase,2026-11-02T12:00:00Z,30,USD,O9,,google,cpc,Twin,,"),
    day(3),
  ],
  [
    "a sale that is deleted by hand, and was the first of its order",
    (it) => it.pool.query("delete from warehouse.first_party_conversion where conversion_id = 'S2'"),
    day(2, 3),
  ],
  [
    "a lead that is paid now, with the sale that it brought",
    (it) =>
      load(
        it,
        "leads",
        people,
        "L1,2026-11-01T10:00:00Z,lead,2026-11-01T10:00:00Z,60,2026-11-03T10:00:00Z,google,cpc",
      ),
    day(1, 3, 4),
  ],
  [
    "a lead that is gone",
    (it) => it.pool.query("delete from warehouse.lead where lead_id = 'L1'"),
    day(1, 3, 4),
  ],
  [
    "a stage that was reached",
    (it) =>
      it.pool.query("insert into warehouse.lead_stage values ('L1', 'customer', '2026-11-02T10:00:00Z')"),
    day(1, 2, 3),
  ],
  [
    "a score that never was",
    (it) => it.pool.query("delete from warehouse.lead_score where lead_id = 'L1'"),
    day(3),
  ],
  [
    "a person who is forgotten",
    (it) =>
      inTransaction(it.pool, (client) =>
        eraseLeads(client, { where: "l.lead_id = 'L1'", timeZone: "Europe/Copenhagen" }),
      ),
    day(4),
  ],
  [
    "spend of a day",
    (it) =>
      seedSpend(it, { platform: "google", account: "1", campaign: "12", date: "2026-11-02", spend: "5" }),
    day(2),
  ],
  [
    "the first spend of a platform on later days",
    (it) =>
      seedSpend(it, { platform: "google", account: "1", campaign: "11", date: "2026-11-08", spend: "5" }),
    day(8),
  ],
  ["a click of the report", (it) => click(it, "2026-11-04", "gc1", "gc2"), day(5)],
  [
    "a campaign of another type, which nobody's click led to",
    (it) => entities(it, campaign("11", "Brand", "VIDEO")),
    [],
  ],
  [
    "a campaign whose status alone is another",
    (it) => entities(it, campaign("11", "Brand", "SEARCH", "PAUSED")),
    [],
  ],
  ["a name that means one campaign now", (it) => entities(it, campaign("13", "Other")), day(2)],
  [
    "costs of two days",
    (it) =>
      load(
        it,
        "costs",
        "period_start,period_end,cost_class,amount,currency",
        "2026-11-03,2026-11-04,tool,8,EUR",
      ),
    day(3, 4),
  ],
  [
    "a rate, and the days after it that have none",
    (it) => storeRate(it.pool, "2026-11-02", "USD", "4"),
    day(2),
  ],
  [
    "sessions of a day, the first ever",
    (it) =>
      it.pool.query(
        "insert into warehouse.ga4_session_daily values ('1', '2026-11-04', 'Direct', '', '', '', '', 5, 2, 0, null, null, 'Direct', 'direct', false)",
      ),
    day(4),
  ],
  [
    "an account that begins a new series in another currency, of a day without spend",
    async (it) => {
      await it.pool.query("delete from figures.cost_per_conversion_daily where date = '2026-11-01'");
      await acceptAccount(
        it.pool,
        { ...google, currency: "USD" },
        { from: "2026-11-01", now: new Date("2026-11-07T00:00:00Z") },
      );
    },
    day(1),
  ],
];

test.each(cases)(
  "%s: the days that it moves are made again, and no others are due",
  async (_, change, days) => {
    const it = await shop();
    await change(it.database);
    expect(await it.written()).toEqual(days);
  },
);

test("an account that becomes known gives the sales of a day without spend its currency", async () => {
  const it = await shop();
  await load(
    it.database,
    "costs",
    "period_start,period_end,cost_class,amount,currency,platform,account_id,campaign_id",
    "2026-11-05,2026-11-05,ad_spend,8,USD,meta,9,77",
    "2026-11-07,2026-11-07,ad_spend,8,USD,meta,9,77",
  );
  await it.written();
  await storeAccount(
    it.database.pool,
    scriptedAccount({ platform: "meta", id: "9", currency: "USD" }),
    () => 5,
    undefined,
  );
  expect(await it.written()).toEqual(day(6));
});

test("other settings make everything again, the same ones nothing", async () => {
  const it = await shop();
  expect(await it.written({ reportingCurrency: "USD", qualifiedScore: "50" })).toEqual(day(1, 2, 3, 4, 5, 6));
  expect(await it.written({ reportingCurrency: "USD", qualifiedScore: "50" })).toEqual([]);
});

test("marks of a rollup that breaks stay, and so do those that come while one runs", async () => {
  const it = await shop();
  const { pool } = it.database;
  await load(it.database, "conversions", sales, "S1,purchase,2026-11-01T12:00:00Z,31,EUR,,,google,cpc,,11,");
  await pool.query("alter table marts.channel_daily add constraint broken check (false) not valid");
  await expect(it.written()).rejects.toThrow("broken");
  await pool.query("alter table marts.channel_daily drop constraint broken");
  const holder = await pool.connect();
  await holder.query("begin");
  await holder.query("update warehouse.first_party_conversion set value = 40 where conversion_id = 'S5'");
  await rollUp(it.database, { reportingCurrency: "EUR", qualifiedScore: "50" });
  await holder.query("commit");
  holder.release();
  expect(await it.written()).toEqual(day(5));
});
