import type pg from "pg";
import { expect, test } from "vitest";
import type { Connector } from "../../src/connectors/connector.ts";
import type { Entity } from "../../src/domain/facts.ts";
import { Failure } from "../../src/domain/failure.ts";
import { reconcileAccount } from "../../src/metrics/reconcile.ts";
import { rollUpAccount } from "../../src/metrics/rollup/rollup.ts";
import { freshDatabase } from "../support/database.ts";
import {
  load,
  prepareAccount,
  type ScriptedAd,
  type ScriptedDay,
  type Scripted,
  scriptedAccount,
  scriptedConnector,
} from "../support/scripted.ts";

const date = "2026-03-02";
const range = { from: date, to: date };
const ad = (of: Partial<ScriptedAd> = {}): ScriptedAd => ({
  campaign: "c1",
  ad: "a1",
  cents: 10_000,
  impressions: 100,
  clicks: 10,
  conversions: [{ action: "purchase", traffic: "paid", hundredths: 400, valueCents: 5_000 }],
  ...of,
});

/** One account whose single day a test rewrites and pulls. */
const opened = async (more: Partial<Scripted> = {}) => {
  const database = await freshDatabase();
  const { pool, db } = database;
  let day: ScriptedDay = { ads: [] };
  const account = scriptedAccount({ platform: more.platform ?? "meta", ...more.account });
  const connector = scriptedConnector({ ...more, account, days: () => ({ [date]: day }) });
  const accountKey = await prepareAccount(pool, connector, account);
  const pull = async (says: ScriptedDay | undefined, via: Connector = connector) => {
    if (says) day = says;
    const result = await load(pool, via, { account, accountKey, ...range });
    await rollUpAccount({ pool, reportingCurrency: null }, accountKey);
    return result;
  };
  return {
    pool,
    connector,
    pull,
    accountDay: () => accountDay(pool),
    mart: () => mart(pool),
    reconcile: () =>
      reconcileAccount({ db, connector, account, range, signal: new AbortController().signal }),
  };
};

const accountDay = async (pool: pg.Pool) =>
  (
    await pool.query<Record<string, string | null>>(
      `select state, platform_spend::float8::text as platform, our_spend::float8::text as ours,
              difference::float8::text as difference, residual_spend::float8::text as residual, cause
       from ops.account_day where date = $1`,
      [date],
    )
  ).rows[0];

const mart = async (pool: pg.Pool) =>
  (
    await pool.query<{ row: string }>(
      `select campaign_id || ' ' || spend::float8 || ' ' || conversions::float8 || ' ' || coalesce(round(cost_per_conversion, 2)::text, 'null') as row
       from marts.cost_per_conversion_daily order by campaign_id`,
    )
  ).rows.map(({ row }) => row);

test("a platform total below the sum of its own ads fails the day and is not published over a good one", async () => {
  const { pull, accountDay, mart, reconcile } = await opened();
  await pull({ ads: [ad()] });
  expect(await mart()).toEqual(["c1 100 4 25.00"]);
  const result = await pull({ ads: [ad({ cents: 20_000 })], total: 15_000 });
  expect(result).toMatchObject({ outcome: "failed", failure: { kind: "data" } });
  expect(await mart()).toEqual(["c1 100 4 25.00"]);
  expect(await accountDay()).toEqual({
    state: "failed",
    platform: "150",
    ours: "200",
    difference: "-50",
    residual: "0",
    cause: "the platform's total is below the sum of its own ads",
  });
  expect(await reconcile()).toMatchObject([
    { date, cause: "the platform's total is below the sum of its own ads" },
  ]);
  await pull({ ads: [ad({ cents: 20_000 })] });
  expect(await mart()).toEqual(["c1 200 4 50.00"]);
  expect(await accountDay()).toMatchObject({ state: "complete", difference: "0", cause: null });
  expect(await reconcile()).toEqual([]);
});

test("a day that fails at its first pull leaves nothing behind that looks like figures", async () => {
  const { pool, pull, accountDay, mart } = await opened();
  await pull({ ads: [ad({ cents: 20_000 })], total: 15_000 });
  expect(await mart()).toEqual([]);
  expect(await accountDay()).toMatchObject({ state: "failed" });
  for (const table of ["ad_daily", "conversion_daily", "network_daily", "network_conversion_daily"])
    expect((await pool.query(`select from warehouse.${table}`)).rowCount).toBe(0);
});

test("a campaign whose own total is below its ads fails the day", async () => {
  const { pull, accountDay } = await opened();
  await pull({ ads: [ad()], campaignExtra: { c1: -2_000 }, accountExtra: 5_000 });
  expect(await accountDay()).toMatchObject({
    state: "failed",
    cause: "a campaign's total is below the sum of its own ads",
  });
});

test("conversions of a campaign that are fewer than those of its ads are said, and withhold no spend", async () => {
  const { pull, connector, accountDay, mart } = await opened();
  const fewer: Connector = {
    ...connector,
    async *campaigns() {
      yield [
        {
          kind: "conversions",
          date,
          campaignId: "c1",
          actionId: "purchase",
          attribution: "",
          traffic: "paid",
          conversions: "3",
          conversionValue: "50",
        },
      ];
    },
  };
  const { outcome } = await pull({ ads: [ad()], accountExtra: 500 }, fewer);
  expect(outcome).toBe("done");
  expect(await accountDay()).toMatchObject({
    state: "complete",
    cause: "unknown, a campaign's conversions are fewer than those of its own ads",
  });
  // What the campaign reports counts.
  expect(await mart()).toEqual([" 5 0 null", "c1 100 3 33.33"]);
});

test.each([
  ["spent", 10_000],
  ["were credited", -10_000],
])("a day without the platform's total fails where its ads %s", async (_, cents) => {
  const { pull, accountDay } = await opened();
  await pull({ ads: [ad({ cents })], total: null });
  expect(await accountDay()).toMatchObject({
    state: "failed",
    cause: "the platform gave no total for the day, though its ads spent",
  });
});

test("a correction that the platform itself reports as negative spend is booked as it is", async () => {
  const { pull, accountDay, mart } = await opened();
  expect(
    await pull({ ads: [ad({ cents: 10_000 }), ad({ campaign: "c2", cents: -3_050, conversions: [] })] }),
  ).toMatchObject({
    outcome: "done",
  });
  expect(await mart()).toEqual(["c1 100 4 25.00", "c2 -30.5 0 null"]);
  expect(await accountDay()).toMatchObject({ state: "complete", platform: "69.5", difference: "0" });
  // More was credited than was spent, beyond any ad.
  await pull({ ads: [ad({ cents: 1_000 })], accountExtra: -4_000 });
  expect(await accountDay()).toMatchObject({
    state: "complete",
    platform: "-30",
    ours: "-30",
    residual: "-40",
  });
});

const campaign = (type: string): readonly Entity[] => [
  { kind: "campaign", id: "c1", name: "Brand", status: "ENABLED", type },
];

test.each<[string, Partial<Scripted>, ScriptedDay, { residual: string; cause: string | null }]>([
  [
    "Performance Max",
    { platform: "google", split: "exact", entities: campaign("PERFORMANCE_MAX") },
    { ads: [], campaignExtra: { c1: 7_000 } },
    { residual: "70", cause: "performance_max" },
  ],
  [
    "deleted ads",
    { entities: campaign("SALES") },
    { ads: [ad()], campaignExtra: { c1: 7_000 } },
    { residual: "70", cause: "deleted_ads" },
  ],
  [
    "deleted ads of a campaign that no listing names",
    {},
    { ads: [ad()], campaignExtra: { c1: 7_000 } },
    { residual: "70", cause: "deleted_ads" },
  ],
  ["rounding", {}, { ads: [ad()], accountExtra: 1 }, { residual: "0.01", cause: "rounding" }],
  ["spend of no known campaign", {}, { ads: [ad()], accountExtra: 900 }, { residual: "9", cause: "unknown" }],
  ["nothing missing", {}, { ads: [ad()] }, { residual: "0", cause: null }],
])("the cause of a residual is named: %s", async (_, more, day, expected) => {
  const { pull, accountDay } = await opened(more);
  await pull(day);
  expect(await accountDay()).toMatchObject({ state: "complete", difference: "0", ...expected });
});

test("what an estimated split leaves over is the network unknown, and the networks add up", async () => {
  const { pool, pull } = await opened();
  await pull({ ads: [ad({ cents: 10_001 })] });
  const { rows } = await pool.query(
    `select network, spend::float8 as spend, conversions::float8 as conversions
     from marts.cost_per_conversion_by_network_daily order by network`,
  );
  expect(rows).toEqual([
    { network: "SEARCH", spend: 50, conversions: 2 },
    { network: "unknown", spend: 50.01, conversions: 2 },
  ]);
});

test("conversions of a network without delivery have a row of network_daily, as long as they are there", async () => {
  const { pool, connector, pull } = await opened();
  let delivered = false;
  let late = true;
  const ended: Connector = {
    ...connector,
    async *networks() {
      const row = { date, campaignId: "c1", network: "SEARCH" };
      const figures = { conversions: "4", conversionValue: "50" };
      if (delivered) yield [{ kind: "delivery", ...row, spend: "1", impressions: "9", clicks: "2" }];
      if (late)
        yield [
          { kind: "conversions", ...row, actionId: "purchase", attribution: "", traffic: "paid", ...figures },
        ];
    },
  };
  const stored = async () =>
    (
      await pool.query<{ row: string }>(
        `select concat_ws(' ', network, spend::float8, conversions::float8) as row
         from warehouse.network_daily where date = $1 order by 1`,
        [date],
      )
    ).rows.map(({ row }) => row);
  const says = { ads: [ad({ cents: 0, impressions: 0, clicks: 0 })] };
  await pull(says, ended);
  expect(await stored()).toEqual(["SEARCH 0 4"]);
  await pull(says, ended);
  expect(await stored()).toEqual(["SEARCH 0 4"]);
  late = false;
  await pull({ ads: [] }, ended);
  expect(await stored()).toEqual([]);
  [late, delivered] = [true, true];
  await pull({ ads: [ad({ cents: 100, impressions: 9, clicks: 2 })] }, ended);
  expect(await stored()).toEqual(["SEARCH 1 4"]);
});

test("a day on which the platform reports nothing is no_spend, not missing; one with late conversions alone is complete", async () => {
  const { pull, accountDay, mart } = await opened();
  await pull({ ads: [] });
  expect(await accountDay()).toMatchObject({ state: "no_spend", platform: "0", ours: "0" });
  expect(await mart()).toEqual([]);
  await pull({ ads: [ad({ cents: 0, impressions: 0, clicks: 0 })] });
  expect(await accountDay()).toMatchObject({ state: "complete", platform: "0" });
  expect(await mart()).toEqual(["c1 0 4 0.00"]);
});

test("an account that the platform calls closed says so, and keeps the days that were good", async () => {
  const { pool, connector, pull, accountDay, mart } = await opened();
  const closed: Connector = {
    ...connector,
    // oxlint-disable-next-line require-yield
    async *performance() {
      throw new Failure({ kind: "account", message: "the account is closed", closed: true });
    },
  };
  await pool.query("insert into ops.account_day (platform, account_id, date) values ('meta', '1', $1)", [
    date,
  ]);
  expect((await pull({ ads: [ad()] }, closed)).outcome).toBe("closed");
  expect(await accountDay()).toMatchObject({ state: "account_closed", cause: "the account is closed" });
  await pull({ ads: [ad()] });
  await pull(undefined, closed);
  expect(await accountDay()).toMatchObject({ state: "complete" });
  expect(await mart()).toEqual(["c1 100 4 25.00"]);
});

test("a night on which nothing changed writes no row of facts, marts or history", async () => {
  const { pool, pull } = await opened();
  await pull({ ads: [ad()], accountExtra: 50 });
  const state = async () =>
    (
      await pool.query(
        `select (select jsonb_agg(to_jsonb(m) || jsonb_build_object('row', m.ctid, 'xmin', m.xmin) order by campaign_id) from figures.cost_per_conversion_daily m) as mart,
                (select count(*) from marts.cost_per_conversion_history) as history,
                (select jsonb_agg(f.ctid order by f.ctid) from warehouse.ad_daily f) as facts`,
      )
    ).rows;
  const before = await state();
  expect(await pull(undefined)).toMatchObject({ rowsWritten: 0 });
  expect(await state()).toEqual(before);
});

const manyAds = (count: number): readonly ScriptedAd[] =>
  Array.from({ length: count }, (_, index) => ad({ ad: `a${String(index)}`, cents: 101, conversions: [] }));

// Money is scripted in hundredths: a yen is a hundred of them.
test.each([
  ["EUR", 40, -20, "complete"],
  ["EUR", 40, -21, "failed"],
  ["EUR", 40, 20, "complete"],
  ["EUR", 1, -1, "complete"],
  ["EUR", 1, -2, "failed"],
  ["JPY", 3, -200, "complete"],
  ["JPY", 3, -201, "failed"],
  ["KWD", 1, -1, "failed"],
])("in %s the total of %i ads may be off by %i hundredths: %s", async (currency, count, off, state) => {
  const { pull, accountDay } = await opened({ account: { currency } });
  await pull({ ads: manyAds(count), accountExtra: off });
  expect(await accountDay()).toMatchObject({ state, ...(state === "complete" && { cause: "rounding" }) });
});

test("deleted ads are found by their impressions, though rounding would explain what they spent", async () => {
  const { pull, connector, mart } = await opened();
  const ads = manyAds(40);
  const whole = scriptedConnector({
    days: () => ({ [date]: { ads: [...ads, ad({ ad: "deleted", cents: 15 })] } }),
  });
  await pull(
    { ads },
    {
      ...connector,
      totals: (pull) => whole.totals(pull),
      async *campaigns(pull) {
        yield* whole.campaigns?.(pull) ?? [];
        yield [
          {
            kind: "conversions",
            date,
            campaignId: "c1",
            actionId: "purchase",
            attribution: "",
            traffic: "paid",
            conversions: "4",
            conversionValue: "50",
          },
        ];
      },
    },
  );
  expect(await mart()).toEqual(["c1 40.55 4 10.14"]);
});

test("figures of a day that only together are too large fail it alone", async () => {
  const { pull, accountDay, mart } = await opened();
  const shop = (name: string) =>
    ad({
      ad: name,
      conversions: [{ action: "purchase", traffic: "paid", hundredths: 100, valueCents: 6e13 }],
    });
  const { failure } = await pull({ ads: [shop("a1"), shop("a2")] });
  expect(failure?.message).toMatch(
    /^2026-03-02: all_conversion_value adds up to 1200000000000, which does not fit/,
  );
  expect(await accountDay()).toMatchObject({ state: "failed" });
  expect(await mart()).toEqual([]);
});

test("totals of campaigns that only together are too large fail their day", async () => {
  const { pull, connector, accountDay } = await opened();
  const whole = scriptedConnector({ days: () => ({ [date]: { ads: [ad(), ad({ ad: "deleted" })] } }) });
  const { failure } = await pull(
    { ads: [ad()] },
    {
      ...connector,
      totals: (pull) => whole.totals(pull),
      async *campaigns(pull) {
        yield* whole.campaigns?.(pull) ?? [];
        for (const campaignId of ["c1", "c2"])
          yield [
            {
              kind: "conversions",
              date,
              campaignId,
              actionId: "purchase",
              attribution: "",
              traffic: "paid",
              conversions: "1",
              conversionValue: "600000000000",
            },
          ];
      },
    },
  );
  expect(failure?.message).toMatch(
    /^2026-03-02: all_conversion_value adds up to 1200000000000, which does not fit/,
  );
  expect(await accountDay()).toMatchObject({ state: "failed" });
});

test("a day without the platform's total is reconciled where rounding explains what its ads spent", async () => {
  const { pull, accountDay, reconcile } = await opened();
  await pull({ ads: [ad({ cents: 1, impressions: 0, clicks: 0 })], total: null });
  expect(await accountDay()).toMatchObject({ state: "complete", difference: "-0.01" });
  expect(await reconcile()).toEqual([]);
});
