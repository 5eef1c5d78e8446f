import { expect, test } from "vitest";
import { eraseLeads } from "../../src/imports/ledger/erase.ts";
import type { Database } from "../../src/warehouse/database.ts";
import { inTransaction } from "../../src/warehouse/transaction.ts";
import { freshDatabase } from "../support/database.ts";
import { rowsOf } from "../imports/support.ts";
import { load, rollUp, rollUpWhole } from "./support.ts";

const counted = (database: Database) =>
  rowsOf(
    database,
    `select date::text, channel, conversions::float, conversion_value::float from marts.channel_daily order by 1, 2`,
  );

const leftOut = (database: Database) =>
  rowsOf(
    database,
    `select date::text, rule, sum(conversions)::float as conversions from marts.excluded_conversions
     where rule in ('duplicate_order', 'retracted') group by 1, 2 order by 1, 2`,
  );

test("orders that a person who is forgotten shares with others go on counting once, and nothing links them", async () => {
  const database = await freshDatabase();
  await load(
    database,
    "leads",
    "lead_id,created_at,source,medium",
    "F1,2026-11-01T10:00:00Z,google,cpc",
    "F2,2026-11-01T10:00:00Z,newsletter,email",
  );
  const sales = () =>
    load(
      database,
      "conversions",
      "conversion_id,conversion_name,converted_at,value,currency,order_id,lead_id,deleted",
      // The order counts by the one who is forgotten: before, on the same day and after it come others.
      "A1,purchase,2026-11-02T10:00:00Z,10,EUR,ord-1,F1,",
      "A2,purchase,2026-11-02T11:00:00Z,20,EUR,ord-1,F1,",
      "A3,purchase,2026-11-02T10:30:00Z,30,EUR,ord-1,F2,",
      "A4,purchase,2026-11-03T10:00:00Z,40,EUR,ord-1,,",
      "A5,signup,2026-11-03T10:00:00Z,50,EUR,ord-1,,",
      // The order counts by another.
      "B1,purchase,2026-11-02T10:00:00Z,60,EUR,ord-2,,",
      "B2,purchase,2026-11-04T10:00:00Z,70,EUR,ord-2,F1,",
      // An order of nobody else, and one that was taken back.
      "C1,purchase,2026-11-05T10:00:00Z,80,EUR,ord-3,F1,",
      "D1,purchase,2026-11-05T10:00:00Z,90,EUR,ord-4,F1,yes",
    );
  await load(
    database,
    "conversions",
    "conversion_id,conversion_name,converted_at,order_id,lead_id",
    "D1,purchase,2026-11-05T10:00:00Z,ord-4,F1",
  );
  await sales();
  await rollUp(database);
  const before = [await counted(database), await leftOut(database)];
  expect(before[1]).toEqual([
    { date: "2026-11-02", rule: "duplicate_order", conversions: 2 },
    { date: "2026-11-03", rule: "duplicate_order", conversions: 1 },
    { date: "2026-11-04", rule: "duplicate_order", conversions: 1 },
    { date: "2026-11-05", rule: "retracted", conversions: 1 },
  ]);
  await inTransaction(database.pool, (client) =>
    eraseLeads(client, { where: "l.lead_id = 'F1'", timeZone: "Europe/Copenhagen" }),
  );
  await rollUp(database);
  expect([await counted(database), await leftOut(database)]).toEqual(before);
  await rollUpWhole(database);
  expect([await counted(database), await leftOut(database)]).toEqual(before);
  const others = "select conversion_id, order_id from warehouse.first_party_conversion";
  expect(await rowsOf(database, `${others} where order_id like 'ord-%' order by 1`)).toEqual([
    { conversion_id: "A5", order_id: "ord-1" },
    { conversion_id: "B1", order_id: "ord-2" },
  ]);
  // The same file, and a new conversion of the order, bring nothing back.
  await sales();
  await load(
    database,
    "conversions",
    "conversion_id,conversion_name,converted_at,value,currency,order_id",
    "A6,purchase,2026-11-01T10:00:00Z,10,EUR,ord-1",
  );
  await rollUp(database);
  expect(await counted(database)).toEqual(before[0]);
  await rollUpWhole(database);
  expect(await counted(database)).toEqual(before[0]);
});
