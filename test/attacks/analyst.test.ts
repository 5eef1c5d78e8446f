import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { beginNight } from "../../src/jobs/night.ts";
import { type AnalystOptions, grantAnalyst } from "../../src/warehouse/analysts/grant.ts";
import { endOverrun } from "../../src/warehouse/analysts/overrun.ts";
import { grantAnew } from "../../src/warehouse/analysts/reading.ts";
import { type Ask, closeToEverybody } from "../../src/warehouse/analysts/rights.ts";
import { type Database, openDatabase } from "../../src/warehouse/database.ts";
import { startEmbedded } from "../../src/warehouse/embedded/server.ts";
import { migrate } from "../../src/warehouse/migrate.ts";
import { inTransaction, lockAccount } from "../../src/warehouse/transaction.ts";
import { silent } from "../jobs/backends.ts";
import { freshDatabase } from "../support/database.ts";

type Warehouse = Database & { readonly url: string };

const uniqueName = (): string => `mallory${randomBytes(4).toString("hex")}`;

/** Takes a role away again when the test is over: roles belong to the server. */
const dropLater = (database: Warehouse, name: string): void =>
  onTestFinished(async () => {
    await database.pool.query(`drop owned by ${name}; drop role ${name}`);
  });

/** An analyst that has turned off what it may turn off. */
const intruder = async (database: Warehouse, options: Partial<AnalystOptions> = {}) => {
  const name = uniqueName();
  const granted = await grantAnalyst(database, { name, ...options });
  dropLater(database, name);
  const url = new URL(database.url);
  url.username = name;
  url.password = granted.password ?? "";
  const client = new pg.Client({
    connectionString: url.href,
    options:
      "-c default_transaction_read_only=off -c statement_timeout=0 -c idle_in_transaction_session_timeout=0",
  });
  const lost: unknown[] = [];
  client.on("error", (error) => lost.push(error));
  await client.connect();
  onTestFinished(() => client.end().catch(() => undefined));
  return { name, client, granted, url };
};

const asking =
  ({ pool }: Database): Ask =>
  async <Row extends object>(text: string, values: readonly unknown[] = []) =>
    (await pool.query<Row>(text, [...values])).rows;

test("temporary tables are refused by the grants, whatever the role sets, and costper's own go on", async () => {
  const database = await freshDatabase();
  const { client } = await intruder(database);
  for (const statement of [
    "create temporary table mine (x integer)",
    "create temporary table mine as select 1",
    "select 1 as one into temporary mine",
    "create temporary view mine as select 1",
    "create temporary sequence mine",
  ])
    await expect(client.query(statement), statement).rejects.toMatchObject({ code: "42501" });
  await database.pool.query("create temporary table ours (x integer)");
});

test("on a server of costper's own nothing is left that every role may do", async () => {
  const folder = await mkdtemp(join(tmpdir(), "costper-own-"));
  await chmod(folder, 0o755);
  const server = await startEmbedded({ folder, settings: { fsync: "off", shared_buffers: "32MB" } });
  onTestFinished(async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });
  const database = { ...openDatabase(server.url, { connections: 3 }), url: server.url };
  onTestFinished(() => database.close());
  await migrate(database);
  await database.pool.query("create schema bullmq");
  const { client, granted, url } = await intruder(database, { ownServer: true });
  expect(granted.stillOpen).toEqual([]);
  for (const statement of [
    "select lo_create(0)",
    "select lo_from_bytea(0, 'x')",
    "select pg_advisory_lock(1)",
    "select pg_try_advisory_xact_lock_shared(1, 2)",
    "create temporary table mine (x integer)",
    "copy (select 1) to program 'true'",
    "copy (select 1) to '/tmp/mine'",
    "select pg_read_file('postgresql.conf')",
    "create extension dblink",
  ])
    await expect(client.query(statement), statement).rejects.toMatchObject({ code: "42501" });
  for (const other of ["postgres", "template1"]) {
    url.pathname = `/${other}`;
    await expect(new pg.Client({ connectionString: url.href }).connect(), other).rejects.toThrow(
      /permission denied for database/,
    );
  }
});

test("elsewhere what Postgres lets every role do is told, with the statement that ends it", async () => {
  const database = await freshDatabase();
  const { granted, client } = await intruder(database);
  const [large] = granted.stillOpen;
  expect(large?.what).toBe("leave large objects in this database");
  await client.query("select lo_create(0)");
  await database.pool.query(large?.sql ?? "");
  await expect(client.query("select lo_create(0)")).rejects.toMatchObject({ code: "42501" });
});

test("an analyst may hold every advisory lock, and nothing of costper's waits for one", async () => {
  const database = await freshDatabase();
  const { client } = await intruder(database);
  for (const name of ["night", "migrate", "first_party", "alerts", "claim", "rates", "publish", "rollup"])
    await client.query(
      "select pg_advisory_lock(hashtext($1)), pg_advisory_lock(hashtext($1), 0), pg_advisory_lock(hashtext($1), 1)",
      [`costper.${name}`],
    );
  const { pool } = database;
  await pool.query("set statement_timeout = '5s'");
  await migrate(database);
  expect(
    await beginNight({ pool, log: silent, platforms: [] }, { at: new Date(), wallClock: "x" }),
  ).toBeDefined();
  await inTransaction(pool, (held) => lockAccount(held, "publish", 1));
  await inTransaction(pool, (held) => lockAccount(held, "rollup", 1));
  await expect(client.query("select * from ops.held_lock for update")).rejects.toMatchObject({
    code: "42501",
  });
  await expect(client.query("select ops.hold('costper.night')")).rejects.toMatchObject({ code: "42501" });
});

test("no lock of costper's is one that every role may take", async () => {
  const { pool } = await freshDatabase();
  const { rows } = await pool.query(
    `select oid::regprocedure::text from pg_proc
     where prosrc ~ 'advisory' and pronamespace = any (array['ops', 'warehouse', 'marts', 'figures', 'staging']::regnamespace[])`,
  );
  expect(rows).toEqual([]);
  const root = join(import.meta.dirname, "..", "..", "src");
  const users: string[] = [];
  for (const file of await readdir(root, { recursive: true }))
    if (file.endsWith(".ts") && /pg_(try_)?advisory_\w+\(/.test(await readFile(join(root, file), "utf8")))
      users.push(file);
  // Before the first migration there is no table to lock, and no analyst either.
  expect(users).toEqual(["warehouse/schema-lock.ts"]);
});

test("of two that want the same lock the second waits, a shared one waits for neither, and a try says no", async () => {
  const { pool } = await freshDatabase();
  const order: string[] = [];
  let tell = (): void => undefined;
  const held = new Promise<void>((resolve) => (tell = resolve));
  const first = inTransaction(pool, async (client) => {
    await client.query("select ops.hold('costper.test', 7)");
    order.push("first");
    tell();
    await expect(pool.query("select ops.try_hold('costper.test', 7) as mine")).resolves.toMatchObject({
      rows: [{ mine: false }],
    });
    await expect(pool.query("select ops.try_hold('costper.test', 8) as mine")).resolves.toMatchObject({
      rows: [{ mine: true }],
    });
    order.push("first over");
  });
  await held;
  const second = inTransaction(pool, async (client) => {
    await client.query("select ops.hold('costper.test', 7)");
    order.push("second");
  });
  await Promise.all([first, second]);
  expect(order).toEqual(["first", "first over", "second"]);
  await inTransaction(pool, async (client) => {
    await client.query("select ops.hold_shared('costper.test', 7)");
    await pool.query("select ops.hold_shared('costper.test', 7)");
    await expect(pool.query("select ops.try_hold('costper.test', 7) as mine")).resolves.toMatchObject({
      rows: [{ mine: false }],
    });
  });
});

describe("what goes on beyond the time that was granted is ended by the service", () => {
  test.each([
    ["a query", ["select pg_sleep(60)"]],
    ["a transaction that is left open", ["begin", "select count(*) from warehouse.account"]],
    ["an advisory lock without a transaction", ["select pg_advisory_lock(1)"]],
  ])("%s", async (_, statements) => {
    const database = await freshDatabase();
    const { client, name } = await intruder(database, { statementTimeoutMs: 50 });
    const ended = new Promise((resolve) => client.once("end", resolve));
    for (const statement of statements.slice(0, -1)) await client.query(statement);
    const last = client.query(statements.at(-1) ?? "").catch((error: unknown) => error);
    for (let found = 0; found === 0;)
      found = (await endOverrun(database.pool, 0)).filter(({ role }) => role === name).length;
    await ended;
    await last;
  });

  test("and one that only rests is left alone", async () => {
    const database = await freshDatabase();
    const { client } = await intruder(database, { statementTimeoutMs: 1 });
    await client.query("select pg_sleep(0.05)");
    expect(await endOverrun(database.pool, 0)).toEqual([]);
    await client.query("select 1");
  });
});

test("hashes of addresses and telephones are no figures: all else of a lead is read", async () => {
  const database = await freshDatabase();
  const { client } = await intruder(database);
  for (const statement of [
    "select email_sha256 from warehouse.lead",
    "select phone_sha256 from warehouse.lead",
    "select * from warehouse.lead",
    "select count(*) from warehouse.lead where email_sha256 = repeat('0', 64)",
    "select to_jsonb(l) from warehouse.lead l",
  ])
    await expect(client.query(statement), statement).rejects.toMatchObject({ code: "42501" });
  await client.query("select lead_id, stage, value, channel from warehouse.lead");
});

test("everything else that an analyst is shown can be read, with the functions in it", async () => {
  const database = await freshDatabase();
  const { client } = await intruder(database);
  const { rows } = await client.query<{ name: string }>(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
     where table_schema in ('marts', 'warehouse', 'ad_reporting') and (table_schema, table_name) <> ('warehouse', 'lead')`,
  );
  expect(rows.length).toBeGreaterThan(20);
  for (const { name } of rows) await client.query(`select * from ${name} limit 1`);
  await client.query("select * from marts.cost_per_conversion_as_of(now())");
});

test("what another role's upgrade makes is granted with it, and hidden columns of it are not", async () => {
  const database = await freshDatabase();
  const { client } = await intruder(database);
  const other = uniqueName();
  await database.pool.query(`
    create role ${other} superuser; set role ${other};
    create table marts.made_later (figure numeric, email_sha256 text);
    create function marts.twice(x numeric) returns numeric language sql immutable return x * 2;
    create view marts.shown_later as select marts.twice(figure) as twice from marts.made_later;
    reset role; grant usage on schema ops to public; grant select on ops.slice to public`);
  dropLater(database, other);
  await expect(client.query("select twice from marts.shown_later")).rejects.toMatchObject({ code: "42501" });
  await closeToEverybody(asking(database));
  await grantAnew(asking(database));
  await client.query("select twice from marts.shown_later");
  await client.query("select figure from marts.made_later");
  await expect(client.query("select email_sha256 from marts.made_later")).rejects.toMatchObject({
    code: "42501",
  });
  await expect(client.query("select * from ops.slice")).rejects.toMatchObject({ code: "42501" });
});

test("everybody (PUBLIC) may do nothing in the schemas of costper", async () => {
  const { pool } = await freshDatabase();
  const { rows } = await pool.query(`
    with object as (
      select nspname as schema, nspname::text as name, nspacl as acl, nspowner as owner, 'n'::"char" as kind from pg_namespace
      union all select n.nspname, relname, relacl, relowner, case relkind when 'S' then 's' else 'r' end::"char"
      from pg_class join pg_namespace n on n.oid = relnamespace where relkind in ('r', 'p', 'v', 'm', 'S')
      union all select n.nspname, proname, proacl, proowner, 'f'
      from pg_proc join pg_namespace n on n.oid = pronamespace)
    select schema, name, privilege_type
    from object cross join lateral aclexplode(coalesce(acl, acldefault(kind, owner)))
    where grantee = 0 and schema in ('warehouse', 'marts', 'ad_reporting', 'figures', 'ops', 'staging', 'partitions')`);
  expect(rows).toEqual([]);
});

describe("a role that may do more by way of another is refused, with why", () => {
  test.each([
    [
      "reads everything",
      "grant pg_read_all_data to ROLE",
      /member of pg_read_all_data, which is a role of Postgres/,
    ],
    ["writes everything", "grant pg_write_all_data to ROLE", /member of pg_write_all_data/],
    ["runs programs", "grant pg_execute_server_program to ROLE", /member of pg_execute_server_program/],
    [
      "by way of a second role",
      "grant pg_read_all_data to GROUP; grant GROUP to ROLE",
      /member of pg_read_all_data/,
    ],
    ["is the owner", "grant OWNER to ROLE", /member of costper, which is a superuser/],
    ["makes roles", "alter role GROUP createrole; grant GROUP to ROLE", /GROUP, which may make roles/],
    [
      "passes by row security",
      "alter role GROUP bypassrls; grant GROUP to ROLE",
      /GROUP, which passes by row/,
    ],
    ["replicates", "alter role GROUP replication; grant GROUP to ROLE", /GROUP, which may replicate/],
    [
      "owns a table",
      "alter table ops.notice owner to GROUP; grant GROUP to ROLE",
      /GROUP, which owns ops.notice/,
    ],
    [
      "writes a table",
      "grant insert on warehouse.account to GROUP; grant GROUP to ROLE",
      /GROUP, which may write warehouse.account/,
    ],
    [
      "reads what analysts do not",
      "grant usage on schema ops to GROUP; grant select on ops.slice to GROUP; grant GROUP to ROLE",
      /GROUP, which may read ops.slice/,
    ],
    [
      "reads hashes",
      "grant usage on schema warehouse to GROUP; grant select on warehouse.lead to GROUP; grant GROUP to ROLE",
      /GROUP, which may read warehouse.lead.email_sha256/,
    ],
    ["is a superuser itself", "alter role ROLE superuser", /analyst: it is a superuser/],
  ])("%s", async (_, statements, said) => {
    const database = await freshDatabase();
    const [role, group] = [uniqueName(), uniqueName()];
    const real = (text: string) =>
      text.replaceAll("ROLE", role).replaceAll("GROUP", group).replaceAll("OWNER", "costper");
    await database.pool.query(`create role ${role} login; create role ${group}; ${real(statements)}`);
    onTestFinished(async () => {
      await database.pool.query(
        `alter table ops.notice owner to costper; drop owned by ${role}, ${group}; drop role ${role}, ${group}`,
      );
    });
    await expect(grantAnalyst(database, { name: role })).rejects.toMatchObject({
      kind: "request",
      message: expect.stringMatching(new RegExp(real(said.source))) as string,
    });
    const { rows } = await database.pool.query("select 1 from ops.analyst where role_name = $1", [role]);
    expect(rows).toEqual([]);
  });
});

test("an analyst takes no more connections than it was granted, and cannot raise the number", async () => {
  const database = await freshDatabase();
  const { client, name, url } = await intruder(database, { connections: 1 });
  await expect(client.query(`alter role ${name} connection limit 100`)).rejects.toMatchObject({
    code: "42501",
  });
  await expect(new pg.Client({ connectionString: url.href }).connect()).rejects.toMatchObject({
    code: "53300",
  });
});
