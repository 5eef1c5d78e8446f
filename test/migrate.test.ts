import { expect, test } from "vitest";
import { distribute } from "../src/warehouse/distribute.ts";
import { readLayout } from "../src/warehouse/layout.ts";
import { migrate, migrationStatus } from "../src/warehouse/migrate.ts";
import { freshDatabase } from "./support/database.ts";

test("a migrated schema has nothing left to do, and says when each step was applied", async () => {
  const database = await freshDatabase();
  expect(await migrate(database)).toEqual([]);
  const steps = await migrationStatus(database);
  expect(steps.length).toBeGreaterThan(2);
  expect(steps.every(({ appliedAt }) => appliedAt instanceof Date)).toBe(true);
});

test("a database of a newer costper is refused and left alone", async () => {
  const database = await freshDatabase();
  await database.pool.query("insert into ops.kysely_migration values ('9999_future', '2099-01-01')");
  await expect(migrate(database)).rejects.toThrow(/newer schema.*9999_future/);
});

test("a database from before the first release is refused with the way out, and left alone", async () => {
  const database = await freshDatabase();
  await database.pool.query("update ops.kysely_migration set name = '0000_' || name");
  const steps = () => database.pool.query("select * from ops.kysely_migration order by name");
  const before = await steps();
  for (const ask of [migrate, migrationStatus])
    await expect(ask(database)).rejects.toMatchObject({
      message: expect.stringMatching(/before the first release.*begin with 0000_/) as string,
      remedy: expect.stringMatching(/^name an empty database.*costper sync.*nothing was changed/) as string,
    });
  expect((await steps()).rows).toEqual(before.rows);
});

test("every table and column of warehouse and marts carries a comment", async () => {
  const database = await freshDatabase();
  const { rows } = await database.pool.query<{ name: string }>(`
    select c.oid::regclass || coalesce('.' || a.attname, '') as name
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace and n.nspname in ('warehouse', 'marts')
    left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relkind in ('r', 'p', 'v') and not c.relispartition
      and (col_description(c.oid, a.attnum) is null or obj_description(c.oid, 'pg_class') is null)`);
  expect(rows).toEqual([]);
});

test("one Postgres is no cluster: nothing is distributed, every table is on it, and the way to a cluster is said", async () => {
  const database = await freshDatabase();
  await expect(distribute(database).next()).rejects.toMatchObject({
    code: "usage",
    message: expect.stringContaining("no extension citus"),
    remedy: expect.stringContaining("docs/citus.md"),
  });
  const { citus, shards, tables } = await readLayout(database);
  expect({ citus, shards }).toEqual({ citus: undefined, shards: undefined });
  expect([...new Set(tables.map(({ is }) => is))]).toEqual(["coordinator"]);
});
