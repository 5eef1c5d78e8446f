import { randomBytes } from "node:crypto";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { openDatabase } from "../../src/warehouse/database.ts";
import { grantAnalyst } from "../../src/warehouse/analysts/grant.ts";
import { freshDatabase } from "../support/database.ts";

type Warehouse = Awaited<ReturnType<typeof freshDatabase>>;

/** Roles belong to the server: each test has its own, and takes it away again. */
const uniqueName = (database: Warehouse, prefix = "ann"): string => {
  const name = `${prefix}${randomBytes(4).toString("hex")}`;
  const role = pg.escapeIdentifier(name);
  onTestFinished(async () => {
    await database.pool.query(`drop owned by ${role}; drop role ${role}`);
  });
  return name;
};

const connectAs = (database: Warehouse, user: string, password = "", options = ""): pg.Pool => {
  const url = new URL(database.url);
  url.username = encodeURIComponent(user);
  url.password = password;
  const pool = new pg.Pool({ connectionString: url.href, max: 1, options });
  pool.on("error", () => undefined);
  onTestFinished(() => pool.end());
  return pool;
};

test("an analyst reads marts, warehouse and ad_reporting, also tables and partitions that come later", async () => {
  const database = await freshDatabase();
  const { name, password } = await grantAnalyst(database, { name: uniqueName(database) });
  await database.pool.query(`
    select warehouse.ensure_partition('warehouse.ad_daily', '2031-01-01');
    insert into warehouse.ad_daily (account_key, date, campaign_id, ad_group_id, ad_id, spend, impressions, clicks)
    values (1, '2031-01-31', 'c', 'g', 'a', 1, 1, 1)`);
  const analyst = connectAs(database, name, password);
  for (const table of [
    "cost_per_conversion_daily",
    "marts.cost_per_conversion_weekly",
    "warehouse.account",
    "warehouse.ad_daily",
    "ops.account_day",
    "ad_reporting.ad_reporting__ad_report",
    "marts.cost_per_conversion_as_of(now())",
  ])
    await expect(analyst.query(`select * from ${table} limit 1`), table).resolves.toBeDefined();
});

test("partitions are not listed to an analyst, nor read but through their table", async () => {
  const database = await freshDatabase();
  await database.pool.query("select warehouse.ensure_partition('warehouse.ad_daily', '2031-01-01')");
  const { name, password } = await grantAnalyst(database, { name: uniqueName(database) });
  const analyst = connectAs(database, name, password);
  const { rows } = await analyst.query<{ listed: string }>(
    `select table_schema || '.' || table_name as listed from information_schema.tables
     where table_schema not in ('pg_catalog', 'information_schema') order by 1`,
  );
  const listed = rows.map((row) => row.listed);
  expect(listed).toContain("warehouse.ad_daily");
  expect(listed).toContain("ops.account_day");
  expect(listed.filter((table) => /\d{6}$|^partitions\./.test(table))).toEqual([]);
  expect(listed.filter((table) => table.startsWith("ops."))).toEqual(["ops.account_day"]);
  await expect(analyst.query("select * from partitions.warehouse_ad_daily_203101")).rejects.toThrow(
    /permission denied for schema partitions/,
  );
});

test("and nothing else: no writing, no other schema, no new table", async () => {
  const database = await freshDatabase();
  const { name, password } = await grantAnalyst(database, { name: uniqueName(database) });
  const analyst = connectAs(database, name, password);
  await expect(analyst.query("create temp table mine (x integer)")).rejects.toThrow(/read-only transaction/);
  // A role may change its own settings: they are a help, the privileges are the fence.
  const bold = connectAs(database, name, password, "-c default_transaction_read_only=off");
  for (const statement of [
    "select * from ops.slice",
    "select * from ops.counting_rule",
    "select * from ops.take_job('google', null, null, null, 1, 1, 30)",
    "delete from ops.account_day",
    "select * from staging.ad_daily",
    "delete from warehouse.account",
    "create table marts.mine (x integer)",
    "create table public.mine (x integer)",
    "create schema mine",
    "select warehouse.ensure_partition('warehouse.ad_daily', '2031-01-01')",
  ])
    await expect(bold.query(statement), statement).rejects.toThrow(/permission denied|must be owner/);
});

test("a query of an analyst that takes too long is ended", async () => {
  const database = await freshDatabase();
  const { name, password } = await grantAnalyst(database, {
    name: uniqueName(database),
    statementTimeoutMs: 50,
  });
  await expect(connectAs(database, name, password).query("select pg_sleep(5)")).rejects.toThrow(
    /statement timeout/,
  );
});

test("granting again changes nothing, keeps the password and takes back what was given beside it", async () => {
  const database = await freshDatabase();
  const name = uniqueName(database);
  const { password } = await grantAnalyst(database, { name });
  await database.pool.query(`grant usage on schema ops to ${name}; grant select on ops.slice to ${name}`);
  expect(await grantAnalyst(database, { name })).toMatchObject({ name, password: undefined });
  const analyst = connectAs(database, name, password);
  await expect(analyst.query("select * from cost_per_conversion_daily")).resolves.toBeDefined();
  await expect(analyst.query("select * from ops.slice")).rejects.toThrow(/permission denied/);
});

test("a name is a name, whatever stands in it", async () => {
  const database = await freshDatabase();
  const name = uniqueName(database, `An"na'; drop schema marts; --`);
  const { password } = await grantAnalyst(database, { name });
  const { rows } = await connectAs(database, name, password).query("select current_user as me");
  expect(rows).toEqual([{ me: name }]);
});

test.each([
  ["", /1 to 63 bytes/],
  ["x".repeat(64), /1 to 63 bytes/],
  ["a\0b", /1 to 63 bytes/],
  ["pg_monitor", /Postgres keeps for itself/],
  ["Public", /Postgres keeps for itself/],
  ["costper", /the role that costper itself uses/],
])("the name %j is refused", async (name, message) => {
  await expect(grantAnalyst(await freshDatabase(), { name })).rejects.toThrow(message);
});

test("a role that may do more than an analyst is left alone", async () => {
  const database = await freshDatabase();
  const name = uniqueName(database, "boss");
  await database.pool.query(`create role ${name} superuser`);
  await expect(grantAnalyst(database, { name })).rejects.toThrow(/may do more than an analyst/);
});

test("where costper's own role may not make roles, the failure says who may, and nothing is left behind", async () => {
  const database = await freshDatabase();
  const { name, password } = await grantAnalyst(database, { name: uniqueName(database) });
  await database.pool.query(
    `alter role ${name} in database ${new URL(database.url).pathname.slice(1)} reset all`,
  );
  const url = new URL(database.url);
  url.username = name;
  url.password = password ?? "";
  const weak = openDatabase(url.href, { connections: 1 });
  onTestFinished(() => weak.close());
  await expect(grantAnalyst(weak, { name: "somebody_else" })).rejects.toMatchObject({
    kind: "request",
    remedy: expect.stringContaining("owner of the database") as string,
  });
});
