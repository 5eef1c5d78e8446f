import { expect, test } from "vitest";
import type { Database } from "../../src/warehouse/database.ts";
import { freshDatabase } from "../support/database.ts";

const insert = async (database: Database, values: string): Promise<void> => {
  await database.pool.query(
    `insert into warehouse.exchange_rate (rate_date, base, quote, rate, source)
     select d::date, b, q, r, 'test' from (values ${values}) as v (d, b, q, r)`,
  );
};

const rateOn = async (database: Database, day: string, from: string, to: string): Promise<string | null> => {
  const { rows } = await database.pool.query<{ rate: string | null }>(
    "select trim_scale(round(warehouse.rate_on($1, $2, $3), 12))::text as rate",
    [day, from, to],
  );
  return rows[0]?.rate ?? null;
};

const friday = `
  ('2026-11-20', 'EUR', 'USD', 1.25), ('2026-11-20', 'EUR', 'DKK', 7.5), ('2026-11-20', 'EUR', 'JPY', 160),
  ('2026-11-20', 'EUR', 'KWD', 0.32), ('2026-11-19', 'EUR', 'USD', 2)`;

test.each([
  ["a published day has its own rate", "2026-11-20", "EUR", "USD", "1.25"],
  ["the day before has the rate of the day before", "2026-11-19", "EUR", "USD", "2"],
  ["a Saturday takes Friday's", "2026-11-21", "EUR", "USD", "1.25"],
  ["so does a Sunday, the other way round", "2026-11-22", "USD", "EUR", "0.8"],
  ["a holiday season of ten days is bridged", "2026-11-30", "EUR", "USD", "1.25"],
  ["eleven days are not", "2026-12-01", "EUR", "USD", null],
  ["a rate of the future is not used", "2026-11-18", "EUR", "USD", null],
  ["two other currencies cross through the euro", "2026-11-20", "USD", "DKK", "6"],
  ["a currency without decimals", "2026-11-20", "USD", "JPY", "128"],
  ["and back", "2026-11-20", "JPY", "USD", "0.0078125"],
  ["a currency with three decimals", "2026-11-20", "KWD", "JPY", "500"],
  ["the same currency is one to one, known or not", "2026-11-20", "XTS", "XTS", "1"],
  ["a currency without rates is unknown", "2026-11-20", "EUR", "XTS", null],
  ["and so is its cross rate", "2026-11-20", "XTS", "USD", null],
])("%s", async (_, day, from, to, expected) => {
  const database = await freshDatabase();
  await insert(database, friday);
  expect(await rateOn(database, day, from, to)).toBe(expected);
});

test("an imported pair of any base is used either way round, before the cross rate", async () => {
  const database = await freshDatabase();
  await insert(database, `${friday}, ('2026-11-20', 'USD', 'DKK', 8), ('2026-11-20', 'GBP', 'INR', 100)`);
  expect(await rateOn(database, "2026-11-21", "USD", "DKK")).toBe("8");
  expect(await rateOn(database, "2026-11-21", "DKK", "USD")).toBe("0.125");
  expect(await rateOn(database, "2026-11-21", "INR", "GBP")).toBe("0.01");
  expect(await rateOn(database, "2026-11-21", "INR", "USD")).toBe(null);
});

test("of a pair that is stored both ways round the newer counts", async () => {
  const database = await freshDatabase();
  await insert(database, `${friday}, ('2026-11-21', 'USD', 'EUR', 0.5)`);
  expect(await rateOn(database, "2026-11-22", "EUR", "USD")).toBe("2");
});

test("a rate without a day or currency is unknown", async () => {
  const database = await freshDatabase();
  const { rows } = await database.pool.query(
    "select warehouse.rate_on(null, 'EUR', 'USD') as a, warehouse.rate_on('2026-11-20', null, 'USD') as b",
  );
  expect(rows).toEqual([{ a: null, b: null }]);
});

test("three years of ten currencies are converted in seconds, not minutes", async () => {
  const database = await freshDatabase();
  await database.pool.query(`
    insert into warehouse.exchange_rate (rate_date, base, quote, rate, source)
    select d, 'EUR', 'C' || lpad(c::text, 2, '0'), 1 + c, 'test'
    from generate_series('2024-01-01'::date, '2026-12-31', '1 day') d, generate_series(1, 10) c
    where extract(isodow from d) < 6`);
  await database.pool.query("analyze warehouse.exchange_rate");
  const started = Date.now();
  const { rows } = await database.pool.query<{ n: string }>(`
    select count(warehouse.rate_on(d::date, 'C' || lpad(c::text, 2, '0'), 'C05')) as n
    from generate_series('2024-01-01'::date, '2026-12-31', '1 day') d, generate_series(1, 10) c`);
  expect(rows[0]?.n).toBe("10960");
  expect(Date.now() - started).toBeLessThan(30_000);
});
