import type pg from "pg";
import { expect, test } from "vitest";
import type { Connector } from "../../src/connectors/connector.ts";
import { warnOfUnknownAmounts } from "../../src/metrics/unknown-amounts.ts";
import { rollUpTouched } from "../../src/metrics/rollup/rollup.ts";
import { freshDatabase } from "../support/database.ts";
import { recordedLog } from "../support/log.ts";
import { storeRate } from "../support/rates.ts";
import { load, prepareAccount, scriptedAccount, scriptedConnector } from "../support/scripted.ts";

// A Friday and the Saturday after it.
const friday = "2026-03-06";
const saturday = "2026-03-07";
const range = { from: friday, to: saturday };

/** An account in a currency that spends the amount on both days. */
const spending = async (pool: pg.Pool, currency: string, spend: string, id = "1") => {
  const account = scriptedAccount({ currency, id });
  const days = [friday, saturday];
  const connector: Connector = {
    ...scriptedConnector({ account, days: () => ({}) }),
    async *performance() {
      yield days.map((date) => ({
        date,
        campaignId: "c1",
        adGroupId: "g1",
        adId: "a1",
        spend,
        impressions: "100",
        clicks: "10",
      }));
    },
    async *totals() {
      yield days.map((date) => ({ date, spend, impressions: "100", clicks: "10" }));
    },
    async *conversions() {
      yield days.map((date) => ({
        date,
        campaignId: "c1",
        adGroupId: "g1",
        adId: "a1",
        actionId: "purchase",
        attribution: "",
        traffic: "paid" as const,
        conversions: "4",
        conversionValue: spend,
      }));
    },
  };
  const accountKey = await prepareAccount(pool, connector, account);
  expect((await load(pool, connector, { account, accountKey, ...range })).outcome).toBe("done");
};

const told = async (pool: pg.Pool) =>
  (
    await pool.query<Record<string, unknown>>(
      `select date, spend, spend_reporting, round(cost_per_conversion, 6) as cost, round(cost_per_conversion_reporting, 6) as cost_reporting
       from marts.cost_per_conversion_daily order by account_id, date`,
    )
  ).rows;

test.each([
  ["JPY", "160", "123456", "771.600000", "192.900000"],
  ["KWD", "0.4", "10.235", "25.587500", "6.396875"],
])(
  "%s, which has not two decimals, is converted exactly; a Saturday takes Friday's rate",
  async (currency, rate, spend, reporting, cost) => {
    const { pool } = await freshDatabase();
    await storeRate(pool, friday, currency, rate);
    await spending(pool, currency, spend);
    await rollUpTouched({ pool, reportingCurrency: "EUR" });
    const expected = { spend_reporting: reporting, cost_reporting: cost };
    expect(await told(pool)).toMatchObject([
      { date: friday, ...expected },
      { date: saturday, ...expected },
    ]);
  },
);

test("amounts are converted day by day and added up before anything is divided", async () => {
  const { pool } = await freshDatabase();
  await storeRate(pool, friday, "USD", "1.25");
  await storeRate(pool, saturday, "USD", "2");
  await spending(pool, "USD", "100");
  await rollUpTouched({ pool, reportingCurrency: "EUR" });
  const { rows } = await pool.query(
    `select round(spend_reporting, 2) as spend, round(cost_per_conversion_reporting, 4) as cost
     from marts.cost_per_conversion_monthly`,
  );
  expect(rows).toEqual([{ spend: "130.00", cost: "16.2500" }]);
});

test("a missing rate gives NULL and a warning that says whose, and the rate when it comes mends it", async () => {
  const { pool } = await freshDatabase();
  await spending(pool, "USD", "100");
  await spending(pool, "EUR", "50", "2");
  await storeRate(pool, "2026-01-05", "USD", "1.1");
  await rollUpTouched({ pool, reportingCurrency: "EUR" });
  expect(await told(pool)).toMatchObject([
    { spend: "100.000000", spend_reporting: null, cost: "25.000000", cost_reporting: null },
    { spend: "100.000000", spend_reporting: null },
    { spend_reporting: "50.000000" },
    { spend_reporting: "50.000000" },
  ]);
  const { log, lines } = recordedLog();
  await warnOfUnknownAmounts({ pool, log, from: friday });
  expect(lines).toMatchObject([
    {
      level: 40,
      platform: "meta",
      account: "1",
      currency: "USD",
      reporting_currency: "EUR",
      days: 2,
      first: friday,
      last: saturday,
    },
  ]);
  await storeRate(pool, friday, "USD", "1.25");
  await rollUpTouched({ pool, reportingCurrency: "EUR" });
  expect((await told(pool)).slice(0, 2)).toMatchObject([
    { spend_reporting: "80.000000" },
    { spend_reporting: "80.000000" },
  ]);
  await warnOfUnknownAmounts({ pool, log, from: friday });
  expect(lines).toHaveLength(1);
});
