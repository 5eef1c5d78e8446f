import { expect, test } from "vitest";
import type { Connector } from "../../src/connectors/connector.ts";
import type { BreakdownDay } from "../../src/domain/facts.ts";
import { Failure } from "../../src/domain/failure.ts";
import { readBreakdownCoverage } from "../../src/metrics/coverage.ts";
import { report } from "../../src/metrics/report.ts";
import { compareRollups } from "../../src/metrics/rollup/compare.ts";
import { rollUpTouched } from "../../src/metrics/rollup/rollup.ts";
import { freshDatabase } from "../support/database.ts";
import {
  load,
  prepareAccount,
  type ScriptedAd,
  type ScriptedDays,
  scriptedAccount,
  scriptedConnector,
} from "../support/scripted.ts";

const first = "2026-03-01";
const second = "2026-03-02";
const options = { reportingCurrency: null };

const ad = (of: Partial<ScriptedAd> = {}): ScriptedAd => ({
  campaign: "c1",
  ad: "a1",
  cents: 1_001,
  impressions: 100,
  clicks: 10,
  conversions: [{ action: "purchase", traffic: "paid", hundredths: 300, valueCents: 900 }],
  ...of,
});

const delivery = (part: string, spend: string, of: Partial<BreakdownDay> = {}): BreakdownDay =>
  ({
    kind: "delivery",
    date: first,
    campaignId: "c1",
    part,
    spend,
    impressions: "10",
    clicks: "2",
    ...of,
  }) as BreakdownDay;

const outcome = (part: string, conversions: string, of: Partial<BreakdownDay> = {}): BreakdownDay =>
  ({
    kind: "conversions",
    date: first,
    campaignId: "c1",
    part,
    actionId: "purchase",
    attribution: "",
    traffic: "paid",
    conversions,
    conversionValue: "3",
    ...of,
  }) as BreakdownDay;

type Rows = () => readonly BreakdownDay[];

/** A platform whose breakdowns a test writes; what is left out was not asked for. */
const opened = async () => {
  const { pool, db } = await freshDatabase();
  const account = scriptedAccount();
  const script: { days: ScriptedDays } = { days: { [first]: { ads: [ad()] }, [second]: { ads: [ad()] } } };
  const base = scriptedConnector({ account, days: () => script.days });
  const accountKey = await prepareAccount(pool, base, account, ["purchase"]);
  const pull = async (
    broken: Partial<Record<"device" | "country" | "keyword" | "search_term", Rows>>,
    range = { from: first, to: first },
  ) => {
    const breakdowns: Connector["breakdowns"] = Object.fromEntries(
      Object.entries(broken).map(([breakdown, rows]) => [
        breakdown,
        async function* () {
          yield rows();
        },
      ]),
    );
    const result = await load(pool, { ...base, breakdowns }, { account, accountKey, ...range });
    const written = await rollUpTouched({ ...options, pool });
    expect(await compareRollups({ ...options, pool }, { from: null, to: null })).toEqual([]);
    return { ...result, written };
  };
  const rows = async (mart: string, part: string): Promise<string[]> =>
    (
      await pool.query<{ row: string }>(
        `select concat_ws(' ', date, campaign_id, ${part}, spend::float8, clicks, conversions::float8, coalesce(cost_per_conversion::float8::text, 'null')) as row
         from marts.cost_per_conversion_by_${mart}_daily order by date, campaign_id, ${part} collate "C"`,
      )
    ).rows.map(({ row }) => row);
  return { pool, db, script, pull, rows };
};

const sums = `select sum(spend) as spend, sum(impressions) as impressions, sum(clicks) as clicks,
  sum(conversions) as conversions, sum(conversion_value) as value, sum(organic_conversions) as organic from marts.`;

test("the row unknown completes a breakdown to the campaign-day, to the cent", async () => {
  const { pool, script, pull, rows } = await opened();
  script.days = {
    [first]: {
      ads: [
        ad({
          conversions: [
            { action: "purchase", traffic: "paid", hundredths: 300, valueCents: 900 },
            { action: "purchase", traffic: "organic", hundredths: 100, valueCents: 0 },
            { action: "signup", traffic: "paid", hundredths: 700, valueCents: 0 },
          ],
        }),
        ad({ campaign: "c2", ad: "b1", cents: 500, conversions: [] }),
      ],
      accountExtra: 50,
    },
  };
  await pull({
    device: () => [
      delivery("mobile", "5"),
      delivery("desktop", "5"),
      outcome("mobile", "2"),
      // Not counted by the settings: it is stored, and no conversion of the mart.
      outcome("desktop", "7", { actionId: "signup" } as Partial<BreakdownDay>),
    ],
  });
  expect(await rows("device", "device")).toEqual([
    "2026-03-01  unknown 0.5 0 0 null",
    "2026-03-01 c1 desktop 5 2 0 null",
    "2026-03-01 c1 mobile 5 2 2 2.5",
    "2026-03-01 c1 unknown 0.01 6 1 0.01",
    "2026-03-01 c2 unknown 5 10 0 null",
  ]);
  const [whole] = (await pool.query(`${sums}cost_per_conversion_daily`)).rows;
  expect((await pool.query(`${sums}cost_per_conversion_by_device_daily`)).rows).toEqual([whole]);
  expect(whole).toMatchObject({ organic: "1.000000", conversions: "3.000000" });
});

test("a breakdown above its campaign-day is taken back by a negative unknown, and one that the platform calls unknown is one with it", async () => {
  const { pull, rows } = await opened();
  await pull({ device: () => [delivery("mobile", "12"), delivery("unknown", "1"), outcome("mobile", "4")] });
  expect(await rows("device", "device")).toEqual([
    "2026-03-01 c1 mobile 12 2 4 3",
    "2026-03-01 c1 unknown -1.99 8 -1 1.99",
  ]);
});

test("a campaign-day of which the platform says nothing is unknown, and so is one whose only conversion does not count", async () => {
  const { script, pull, rows } = await opened();
  script.days = {
    [first]: {
      ads: [
        ad(),
        ad({
          campaign: "c2",
          cents: 0,
          impressions: 0,
          clicks: 0,
          conversions: [{ action: "signup", traffic: "paid", hundredths: 100, valueCents: 0 }],
        }),
      ],
    },
  };
  await pull({ country: () => [] });
  expect(await rows("country", "country")).toEqual([
    "2026-03-01 c1 unknown 10.01 10 3 3.336667",
    "2026-03-01 c2 unknown 0 0 0 null",
  ]);
});

test("a breakdown that is switched on later has rows from the days that were pulled with it, and the report says which are not", async () => {
  const { pool, db, pull, rows } = await opened();
  await pull({}, { from: first, to: second });
  expect(await rows("device", "device")).toEqual([]);
  // Nothing was made for it.
  expect(
    (await pool.query("select from pg_class where relname like 'figures_cost_per_conversion_by_device%'"))
      .rowCount,
  ).toBe(0);
  const on = { date: second } as Partial<BreakdownDay>;
  await pull({ device: () => [delivery("mobile", "5", on)] }, { from: second, to: second });
  expect(await rows("device", "device")).toEqual([
    "2026-03-02 c1 mobile 5 2 0 null",
    "2026-03-02 c1 unknown 5.01 8 3 1.67",
  ]);
  const question = { from: first, to: second, platforms: ["meta"] };
  expect(await readBreakdownCoverage(db, question, "device")).toEqual({ known: 1, all: 2 });
  expect(await readBreakdownCoverage(db, question, "country")).toEqual({ known: 0, all: 2 });
});

test("a breakdown that is switched off keeps its rows, and unknown takes what moved since", async () => {
  const { script, pull, rows } = await opened();
  await pull({ device: () => [delivery("mobile", "10"), outcome("mobile", "3")] });
  script.days = { [first]: { ads: [ad({ cents: 2_000 })] } };
  await pull({});
  expect(await rows("device", "device")).toEqual([
    "2026-03-01 c1 mobile 10 2 3 3.333333",
    "2026-03-01 c1 unknown 10 8 0 null",
  ]);
});

test("a part that vanished is gone, a changed one changes, and an unchanged night writes nothing", async () => {
  const { pool, pull, rows } = await opened();
  const parts = [delivery("mobile", "5"), delivery("tv", "1"), outcome("tv", "1")];
  await pull({ device: () => parts });
  const versions = async () =>
    (
      await pool.query(
        `select 'fact' as of, ctid, xmin::text, tableoid from warehouse.device_daily
         union all select 'mart', ctid, xmin::text, tableoid from figures.cost_per_conversion_by_device_daily
         order by 1, 2`,
      )
    ).rows;
  const before = await versions();
  expect(before).toHaveLength(5);
  expect((await pull({ device: () => parts })).written).toBe(0);
  expect(await versions()).toEqual(before);
  await pull({ device: () => [delivery("mobile", "6")] });
  expect(await rows("device", "device")).toEqual([
    "2026-03-01 c1 mobile 6 2 0 null",
    "2026-03-01 c1 unknown 4.01 8 3 1.336667",
  ]);
});

test("a breakdown that the platform refuses costs nothing but itself", async () => {
  const { pull, rows } = await opened();
  const refused = await pull({
    device: () => {
      throw new Failure({ kind: "request", message: "unknown field", remedy: "leave it out" });
    },
    country: () => [delivery("DK", "10")],
  });
  expect(refused.outcome).toBe("done");
  expect(await rows("device", "device")).toEqual([]);
  expect(await rows("country", "country")).toEqual([
    "2026-03-01 c1 DK 10 2 0 null",
    "2026-03-01 c1 unknown 0.01 8 3 0.003333",
  ]);
  const lost = await pull({
    device: () => {
      throw new Failure({ kind: "credentials", message: "the token ended", remedy: "sign in" });
    },
  });
  expect(lost).toMatchObject({ outcome: "failed", failure: { kind: "credentials" } });
});

test("a row that comes twice counts once, also the first time that a day is pulled", async () => {
  const { pull, rows } = await opened();
  await pull({ device: () => [delivery("mobile", "5"), delivery("mobile", "5")] });
  expect(await rows("device", "device")).toEqual([
    "2026-03-01 c1 mobile 5 2 0 null",
    "2026-03-01 c1 unknown 5.01 8 3 1.67",
  ]);
});

test("keywords and search terms are told by ad group, and a report adds them up", async () => {
  const { db, pull, rows } = await opened();
  const group = (adGroupId: string): Partial<BreakdownDay> => ({ adGroupId });
  await pull({
    keyword: () => [delivery("7", "2", group("g1")), delivery("7", "3", group("g2"))],
    search_term: () => [
      delivery("løbesko\t東京", "2", group("g1")),
      delivery("løbesko\t東京", "1", group("g2")),
      outcome("løbesko\t東京", "1.5", group("g2")),
    ],
  });
  expect(await rows("keyword", "ad_group_id || '/' || keyword_id")).toEqual([
    "2026-03-01 c1 /unknown 5.01 6 3 1.67",
    "2026-03-01 c1 g1/7 2 2 0 null",
    "2026-03-01 c1 g2/7 3 2 0 null",
  ]);
  const question = { platforms: ["meta"], from: first, to: first, inReportingCurrency: false };
  const terms = await report(db, { ...question, by: ["search_term"] });
  expect(terms.map((row) => [row["search_term"], row["spend"], row["cost_per_conversion"]])).toEqual([
    ["løbesko\t東京", "3.000000", "2.0000000000000000"],
    ["unknown", "7.010000", "4.6733333333333333"],
  ]);
});

test.each(["device", "country", "keyword", "search_term"] as const)(
  "a figure by %s that is not what the facts say is found",
  async (breakdown) => {
    const { pool, pull } = await opened();
    await pull({ [breakdown]: () => [delivery("x", "5")] });
    await pool.query(
      `update figures.cost_per_conversion_by_${breakdown}_daily set conversions = conversions + 1`,
    );
    const found = await compareRollups({ ...options, pool }, { from: null, to: null });
    expect(found.map(({ mart, rows }) => [mart, rows])).toEqual([
      [`cost_per_conversion_by_${breakdown}_daily`, 2],
    ]);
  },
);
