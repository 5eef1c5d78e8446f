import { randomBytes } from "node:crypto";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { grantAnalyst } from "../../src/warehouse/analysts/grant.ts";
import { freshDatabase } from "../support/database.ts";

/** A connection of an analyst, as a BI tool has it. */
const asAnalyst = async (): Promise<pg.Pool> => {
  const database = await freshDatabase();
  // Partitions, so that there are some that must not be seen.
  await database.pool.query(
    "select warehouse.ensure_partition(t, '2031-01-01') from unnest(array['warehouse.ad_daily', 'warehouse.conversion_daily']) t",
  );
  const name = `bi${randomBytes(4).toString("hex")}`;
  const { password } = await grantAnalyst(database, { name });
  const url = new URL(database.url);
  Object.assign(url, { username: name, password });
  const pool = new pg.Pool({ connectionString: url.href, max: 1 });
  pool.on("error", () => undefined);
  onTestFinished(async () => {
    await pool.end();
    await database.pool.query(`drop owned by ${name}; drop role ${name}`);
  });
  return pool;
};

/** Schemas that are not Postgres's own. */
const ours = (column: string): string =>
  `${column} not in ('information_schema', 'pg_catalog') and ${column} !~ '^pg_(toast|temp)'`;

/**
 * What a tool as Metabase asks a Postgres for its tables: those of every kind of which the role may read a column, in
 * schemas that it may use, with their comments.
 */
const tablesOfTool = `
  select n.nspname as schema, c.relname as name, d.description
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join pg_catalog.pg_description d on d.objoid = c.oid and d.objsubid = 0 and d.classoid = 'pg_class'::regclass
  where c.relkind in ('r', 'p', 'v', 'f', 'm') and ${ours("n.nspname")}
    and has_schema_privilege(n.oid, 'usage') and has_any_column_privilege(c.oid, 'select')
  order by 1, 2`;

test("a BI tool lists the tables of analysts with their comments, and no partition, staging or inner table", async () => {
  const analyst = await asAnalyst();
  const { rows } = await analyst.query<{ schema: string; name: string; description: string | null }>(
    tablesOfTool,
  );
  const names = rows.map(({ schema, name }) => `${schema}.${name}`);
  expect(new Set(rows.map(({ schema }) => schema))).toEqual(
    new Set(["ad_reporting", "marts", "ops", "warehouse"]),
  );
  expect(names.filter((name) => name.startsWith("ops."))).toEqual(["ops.account_day"]);
  expect(names.filter((name) => /\d{6}$/.test(name))).toEqual([]);
  for (const name of ["marts.cost_per_conversion_daily", "warehouse.ad_daily", "warehouse.account"])
    expect(names).toContain(name);
  expect(rows.filter(({ description }) => description === null || description === "")).toEqual([]);
  // The standard's own view says the same.
  const { rows: listed } = await analyst.query<{ name: string }>(
    `select table_schema || '.' || table_name as name from information_schema.tables where ${ours("table_schema")}`,
  );
  expect(listed.map(({ name }) => name).sort()).toEqual(names.toSorted());
});

test("each column says what it is, and money and ratios are numeric(18,6), never float", async () => {
  const analyst = await asAnalyst();
  const { rows } = await analyst.query<{
    name: string;
    type: string;
    precision: number | null;
    scale: number | null;
    comment: string | null;
  }>(
    `select table_schema || '.' || table_name || '.' || column_name as name, data_type as type,
            numeric_precision as precision, numeric_scale as scale,
            col_description(format('%I.%I', table_schema, table_name)::regclass, ordinal_position) as comment
     from information_schema.columns where table_schema in ('ad_reporting', 'marts', 'warehouse') order by 1`,
  );
  expect(rows.length).toBeGreaterThan(300);
  expect(rows.filter(({ comment }) => comment === null || comment === "")).toEqual([]);
  expect(rows.filter(({ type }) => /double|real|money|USER-DEFINED/.test(type))).toEqual([]);
  expect(rows.filter(({ name }) => name.endsWith("_sha256"))).toEqual([]);
  const exact = rows.filter(({ type }) => type === "numeric");
  expect(exact.length).toBeGreaterThan(100);
  // A rate of exchange has more digits than an amount.
  expect(
    exact.filter(({ precision, scale }) => precision !== 18 || scale !== 6).map(({ name }) => name),
  ).toEqual(["warehouse.exchange_rate.rate"]);
  for (const figure of ["spend", "conversions", "cost_per_conversion", "conversion_rate"])
    expect(exact.map(({ name }) => name)).toContain(`marts.cost_per_conversion_daily.${figure}`);
});

test("keys are found as a BI tool joins by them: primary ones of facts, and the account of every fact", async () => {
  const analyst = await asAnalyst();
  const { rows } = await analyst.query<{ name: string; columns: string[] }>(
    `select c.conrelid::regclass::text as name, array_agg(a.attname::text order by k.place) as columns
     from pg_catalog.pg_constraint c cross join unnest(c.conkey) with ordinality k (attnum, place)
     join pg_catalog.pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.attnum
     where c.contype = 'p' and has_table_privilege(c.conrelid, 'select')
     group by c.conrelid, c.oid`,
  );
  const keys = new Map(rows.map(({ name, columns }) => [name.replace("warehouse.", ""), columns]));
  expect(keys.get("account")).toEqual(["account_key"]);
  expect(keys.get("ad_daily")).toEqual(["account_key", "date", "campaign_id", "ad_group_id", "ad_id"]);
});
