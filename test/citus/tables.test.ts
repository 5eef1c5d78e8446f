import { expect, test } from "vitest";
import { byAccount, everywhere, onCoordinator } from "../../src/warehouse/placement.ts";
import { freshDatabase } from "../support/database.ts";

test("every table is by account, everywhere or on the coordinator, and in one list alone", async () => {
  const { pool } = await freshDatabase();
  const { rows } = await pool.query<{ name: string }>(`
    select c.oid::regclass::text as name from pg_class c
    where c.relnamespace in (select oid from pg_namespace
                             where nspname !~ '^pg_' and nspname not in ('information_schema', 'partitions', 'bullmq'))
      and c.relkind in ('r', 'p') order by 1`);
  expect([...byAccount, ...everywhere, ...onCoordinator].sort()).toEqual(rows.map(({ name }) => name).sort());
});
