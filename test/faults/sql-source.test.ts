import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { createDatabase, freshDatabase } from "../support/database.ts";
import { startPooler } from "../support/pgbouncer.ts";
import { configWith, night } from "../sources/support.ts";

const sourceOf = (connection: string, query: string, more: object = {}) =>
  configWith({ erp: { type: "sql", connection, queries: [{ kind: "leads", query }], ...more } });

test("costper's own warehouse is no source through a pooler, either", async () => {
  const database = await freshDatabase();
  const pooler = await startPooler(database.url);
  const config = sourceOf(pooler.url, "select 1 as lead_id, now() as created_at");
  expect((await night(database, config))[0]?.failure).toMatchObject({
    kind: "request",
    code: "own_warehouse",
  });
});

test("a query that does not end is ended on the server through a pooler, too", async () => {
  const { url, drop } = await createDatabase({ empty: true });
  const erp = new pg.Client({ connectionString: url });
  await erp.connect();
  onTestFinished(async () => {
    await erp.end();
    await drop();
  });
  const pooler = await startPooler(url);
  const database = await freshDatabase();
  const endless =
    "select g as lead_id, now() as created_at from generate_series(1, 2) g where pg_sleep(300) is not null";
  const ending = night(database, sourceOf(pooler.url, endless, { timeoutSeconds: 2 }));
  expect((await ending)[0]?.failure).toMatchObject({ kind: "request", code: "57014" });
  const { rows } = await erp.query<{ n: number }>(
    `select count(*)::int as n from pg_stat_activity
     where datname = current_database() and query like '%pg_sleep(300)%' and state = 'active' and pid <> pg_backend_pid()`,
  );
  expect(rows).toEqual([{ n: 0 }]);
});
