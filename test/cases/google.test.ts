import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { rollUpAccount } from "../../src/metrics/rollup/rollup.ts";
import { googleSettings, serveGoogle } from "./google-server.ts";
import { answersOf } from "./platforms.ts";
import { openCase } from "./world.ts";

const day = { from: "2026-10-05", to: "2026-10-05" };

const open = async () => {
  const google = googleSettings(await serveGoogle({ answers: await answersOf("google-lead-form") }));
  return openCase({ config: { connectors: { google } }, now: "2026-10-06T12:00:00Z" });
};

const figures = `select conversions::float8, organic_conversions::float8, cost_per_conversion::float8
  from marts.cost_per_conversion_daily`;

test("leads of a form that Google hosts were brought by the ad as the purchases were", async () => {
  const { sync, query, days } = await open();
  expect((await sync(day)).lines).toEqual([]);
  expect(await query(figures)).toEqual([
    { conversions: 10, organic_conversions: 0, cost_per_conversion: 10 },
  ]);
  expect(await days()).toMatchObject([{ state: "complete" }]);
});

test("what an earlier version stored of them as organic becomes paid, rows that meet are added up, and the marts follow", async () => {
  const { app, sync, query } = await open();
  await sync(day);
  // As it was stored: the form's rows organic, and once beside a paid row of the same key.
  for (const table of ["conversion_daily", "network_conversion_daily"]) {
    await query(`update warehouse.${table} set traffic = 'organic' where conversion_action_id = '710000002'`);
    const { columns } = (
      await query<{ columns: string }>(
        `select string_agg(column_name, ', ') as columns from information_schema.columns
         where table_schema = 'warehouse' and table_name = '${table}' and column_name <> 'traffic'`,
      )
    )[0] ?? { columns: "" };
    await query(`insert into warehouse.${table} (${columns}, traffic)
      select ${columns}, 'organic' from warehouse.${table} where conversion_action_id = '710000001'`);
  }
  // Marks were single days then, and a trigger marked those of a rate: the step that made them stretches follows.
  await query(`drop table ops.touched_days;
    create table ops.touched_day (
      account_key integer, date date, touched_at timestamptz default now(), primary key (account_key, date)
    )`);
  for (const step of ["0006_rates_touch", "0120_google_is_paid", "0174_touched_days"])
    await query(await readFile(join(import.meta.dirname, "..", "..", "migrations", `${step}.sql`), "utf8"));
  const [account] = await query<{ account_key: number }>("select account_key from warehouse.account");
  await rollUpAccount({ pool: app.database.pool, reportingCurrency: null }, account?.account_key ?? 0);
  expect(await query(figures)).toEqual([
    { conversions: 12, organic_conversions: 0, cost_per_conversion: expect.closeTo(100 / 12, 5) as unknown },
  ]);
  expect(
    await query(
      `select conversion_action_id as id, traffic, conversions::float8, all_conversions::float8
       from warehouse.conversion_daily order by 1`,
    ),
  ).toEqual([
    { id: "710000001", traffic: "paid", conversions: 4, all_conversions: 4 },
    { id: "710000002", traffic: "paid", conversions: 8, all_conversions: 8 },
  ]);
  expect(await query("select count(*)::int as n from ops.touched_days")).toEqual([{ n: 0 }]);
  // The next sync has the platform's own figures again.
  await sync(day);
  expect(await query(figures)).toMatchObject([{ conversions: 10 }]);
});
