import { expect, test } from "vitest";
import type { Connector } from "../../src/connectors/connector.ts";
import type { BreakdownDay } from "../../src/domain/facts.ts";
import type { Failure } from "../../src/domain/failure.ts";
import { compareRollups } from "../../src/metrics/rollup/compare.ts";
import { rollUpTouched } from "../../src/metrics/rollup/rollup.ts";
import { warnOfUnknownAmounts } from "../../src/metrics/unknown-amounts.ts";
import { freshDatabase } from "../support/database.ts";
import { recordedLog } from "../support/log.ts";
import { storeRate } from "../support/rates.ts";
import {
  load,
  prepareAccount,
  type ScriptedAd,
  type ScriptedDays,
  scriptedAccount,
  scriptedConnector,
} from "../support/scripted.ts";

const first = "2026-03-02";
const second = "2026-03-03";

/** Money in cents. */
const ad = (campaign: string, cents: number, valueCents = 0): ScriptedAd => ({
  campaign,
  ad: `${campaign}-ad`,
  cents,
  impressions: 100,
  clicks: 10,
  conversions: [{ action: "purchase", traffic: "paid", hundredths: 100, valueCents }],
});

const opened = async (reportingCurrency: string | null = null) => {
  const { pool } = await freshDatabase();
  const account = scriptedAccount();
  const options = { pool, reportingCurrency };
  const pull = async (days: ScriptedDays, more: Partial<Connector> = {}) => {
    const connector = { ...scriptedConnector({ account, days: () => days }), ...more };
    const accountKey = await prepareAccount(pool, connector, account);
    expect(
      (await load(pool, connector, { account, accountKey, from: first, to: second })).failure,
    ).toBeUndefined();
    const unfit: Failure[] = [];
    await rollUpTouched({ ...options, onUnfit: (failure) => unfit.push(failure) });
    if (unfit.length === 0) expect(await compareRollups(options, { from: null, to: null })).toEqual([]);
    return unfit;
  };
  const rows = async (sql: string) => (await pool.query<Record<string, unknown>>(sql)).rows;
  return { pool, pull, rows };
};

test("campaigns that each fit in the reporting currency and together do not leave the account-day's amount unknown, and no other's", async () => {
  const { pool, pull, rows } = await opened("IDR");
  await storeRate(pool, first, "IDR", "20000");
  // 40 million euros are 800,000 million rupiah.
  await pull({
    [first]: { ads: [ad("c1", 4e9), ad("c2", 4e9)] },
    [second]: { ads: [ad("c1", 4e9), ad("c2", 100)] },
  });
  expect(
    await rows(
      "select date, spend, spend_reporting from marts.cost_per_conversion_by_account_daily order by date",
    ),
  ).toEqual([
    { date: first, spend: "80000000.000000", spend_reporting: null },
    { date: second, spend: "40000001.000000", spend_reporting: "800000020000.000000" },
  ]);
  const { log, lines } = recordedLog();
  await warnOfUnknownAmounts({ pool, log, from: first });
  expect(lines).toMatchObject([
    {
      level: 40,
      account: "1",
      days: 1,
      first,
      last: first,
      msg: expect.stringMatching(/^amounts of more than/),
    },
  ]);
});

test("days that fit and together do not leave the week's and the month's amount unknown, and no other campaign's", async () => {
  const { pull, rows } = await opened();
  await pull({
    [first]: { ads: [ad("c1", 100, 6e13), ad("c2", 100, 100)] },
    [second]: { ads: [ad("c1", 100, 6e13), ad("c2", 100, 100)] },
  });
  for (const mart of ["weekly", "monthly"])
    expect(
      await rows(
        `select campaign_id, spend, conversion_value, return_on_ad_spend from marts.cost_per_conversion_${mart} order by 1`,
      ),
    ).toEqual([
      {
        campaign_id: "c1",
        spend: "2.000000",
        conversion_value: null,
        return_on_ad_spend: "600000000000.000000",
      },
      { campaign_id: "c2", spend: "2.000000", conversion_value: "2.000000", return_on_ad_spend: "1.000000" },
    ]);
});

/** A value that fits, and twice does not. */
const huge = (campaignId: string, actionId: string) => ({
  kind: "conversions" as const,
  date: first,
  campaignId,
  actionId,
  attribution: "",
  traffic: "paid" as const,
  conversions: "1",
  conversionValue: "600000000000",
});

const ordinary = {
  [first]: { ads: [ad("c1", 100), ad("c2", 100)] },
  [second]: { ads: [ad("c1", 100), ad("c2", 100)] },
};

/** A day split by device. */
const byDevice = (...rows: readonly BreakdownDay[]): Partial<Connector> => ({
  breakdowns: {
    async *device() {
      yield rows;
    },
  },
});

test("a day on which two actions on a device together do not fit keeps its figures of before and is said, and its neighbour is rolled up", async () => {
  const { pull, rows } = await opened();
  const told =
    "select date, spend::float8, conversions::float8 from marts.cost_per_conversion_by_account_daily order by 1";
  expect(await pull(ordinary)).toEqual([]);
  const before = await rows(told);
  const moved = { ...ordinary, [second]: { ads: [ad("c1", 100), ad("c2", 200)] } };
  const unfit = await pull(
    moved,
    byDevice({ ...huge("c1", "purchase"), part: "mobile" }, { ...huge("c1", "signup"), part: "mobile" }),
  );
  expect(unfit).toMatchObject([
    {
      kind: "data",
      platform: "meta",
      accountId: "1",
      message: expect.stringMatching(/^2026-03-02: .*does not fit/),
    },
  ]);
  expect(await rows(told)).toEqual([before[0], { date: second, spend: 3, conversions: 2 }]);
  expect(await rows("select from_date, to_date from ops.touched_days")).toEqual([
    { from_date: first, to_date: first },
  ]);
  expect(await pull(moved, byDevice({ ...huge("c1", "purchase"), part: "mobile" }))).toEqual([]);
  expect(await rows("select from ops.touched_days")).toEqual([]);
});
