import { sql } from "kysely";
import type pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../src/warehouse/database.ts";
import { onSnapshot } from "../../../src/warehouse/reading.ts";
import { inTransaction, outerJoinPushdown, setLocal } from "../../../src/warehouse/transaction.ts";
import { citusUrl, distributedWarehouse } from "./support.ts";

const insertAccounts = (pool: pg.Pool, count: number) =>
  pool.query(
    `insert into warehouse.account (account_key, platform, account_id, name, currency, time_zone, status, is_active,
                                    restatement_days)
     overriding system value
     select n, 'meta', n::text, 'Shop', 'EUR', 'UTC', 'ACTIVE', true, 28 from generate_series(1, $1::int) n`,
    [count],
  );

/** A setting as the node that has the account's rows sees it. */
const seenByNode = (name: string): string =>
  `select min(current_setting('${name}') || case when random() >= 0 then '' end) as value, min(current_setting('port')) as port
   from ops.counting_rule where account_key = 1 group by account_key`;

test("settings of a transaction are those of every node, and of no other transaction", async () => {
  const { pool, db } = await distributedWarehouse();
  await insertAccounts(pool, 1);
  await pool.query(
    "insert into ops.counting_rule (account_key, measure, excluded_actions, changed_at) values (1, 'conversions', '{}', now())",
  );
  const { rows: here } = await pool.query<{ port: string }>("select current_setting('port') as port");
  const seen = await inTransaction(pool, async (client) => {
    await client.query(setLocal({ work_mem: "77MB", timezone: "Asia/Tokyo" }));
    const values = [];
    for (const name of ["work_mem", "TimeZone", "lock_timeout"])
      values.push((await client.query<{ value: string; port: string }>(seenByNode(name))).rows[0]);
    return values;
  });
  expect(seen.map((row) => row?.value)).toEqual(["77MB", "Asia/Tokyo", "2h"]);
  expect(seen[0]?.port).not.toBe(here[0]?.port);
  const read = await onSnapshot(db, (snapshot) =>
    sql.raw<{ value: string }>(seenByNode("random_page_cost")).execute(snapshot),
  );
  expect(read.rows[0]?.value).toBe("1.1");
  const after = await pool.query<{ value: string }>(seenByNode("work_mem"));
  expect(after.rows[0]?.value).not.toBe("77MB");
});

test("a left join gives each row once, whoever asks", async () => {
  await distributedWarehouse();
  // A session that knows nothing of costper, as an analyst's.
  const analyst = openDatabase(citusUrl, { connections: 1 });
  onTestFinished(() => analyst.close());
  const { pool } = analyst;
  const { rows: setting } = await pool.query<{ value: string }>(
    `select current_setting('${outerJoinPushdown}') as value`,
  );
  expect(setting).toEqual([{ value: "off" }]);
  await insertAccounts(pool, 5);
  const joined = `
    select w.account_key
    from (select a.account_key from warehouse.account a
          left join (select account_key, array_agg(campaign_id) as campaigns from warehouse.campaign group by account_key) c
            using (account_key)) w
    left join warehouse.ad_daily d using (account_key)`;
  expect((await pool.query(joined)).rowCount).toBe(5);
  // What it would be: while this fails, the setting is needed.
  await pool.query(`set ${outerJoinPushdown} = on`);
  expect((await pool.query(joined)).rowCount).toBeGreaterThan(5);
});
