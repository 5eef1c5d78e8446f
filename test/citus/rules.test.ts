import type pg from "pg";
import { expect, test } from "vitest";
import { rollUpAccount } from "../../src/metrics/rollup/rollup.ts";
import { byAccount, everywhere } from "../../src/warehouse/placement.ts";
import { freshDatabase } from "../support/database.ts";
import { load, prepareAccount, scriptedAccount, scriptedConnector } from "../support/scripted.ts";

test("no function takes the row of a table by account", async () => {
  const { pool } = await freshDatabase();
  const { rows } = await pool.query<{ name: string }>(
    `select p.oid::regprocedure::text as name from pg_proc p, unnest(p.proargtypes) as t (argument)
     join pg_type y on y.oid = t.argument join pg_class c on c.oid = y.typrelid
     where c.oid::regclass::text = any ($1)`,
    [byAccount],
  );
  expect(rows).toEqual([]);
});

test("tables by account have account_key, never NULL where it is in a key, and refer only to what is everywhere", async () => {
  const { pool } = await freshDatabase();
  const { rows: without } = await pool.query<{ name: string }>(
    `select t as name from unnest($1::text[]) t
     where not exists (select from pg_attribute where attrelid = t::regclass and attname = 'account_key' and attnotnull)`,
    [byAccount],
  );
  expect(without).toEqual([]);
  const { rows: foreign } = await pool.query<{ name: string }>(
    `select conrelid::regclass || ' -> ' || confrelid::regclass as name from pg_constraint
     where contype = 'f' and conrelid::regclass::text = any ($1) and confrelid::regclass::text <> all ($2)`,
    [byAccount, everywhere],
  );
  expect(foreign).toEqual([]);
});

test("no table that lies on the workers has lost a column: Citus asks them for what is not there any more", async () => {
  const { pool } = await freshDatabase();
  const { rows } = await pool.query<{ name: string }>(
    `select distinct attrelid::regclass::text as name from pg_attribute
     where attisdropped and attrelid = any ($1::regclass[]) order by 1`,
    [[...byAccount, ...everywhere]],
  );
  expect(rows).toEqual([]);
});

test("tables by account have no trigger, and account_key in every unique key", async () => {
  const { pool } = await freshDatabase();
  const { rows: triggers } = await pool.query<{ name: string }>(
    `select distinct tgrelid::regclass::text as name from pg_trigger
     where not tgisinternal and tgrelid::regclass::text = any ($1) order by 1`,
    [byAccount],
  );
  expect(triggers.map(({ name }) => name)).toEqual([]);
  const { rows: keys } = await pool.query<{ name: string }>(
    `select i.indrelid::regclass::text as name from pg_index i
     where i.indisunique and i.indrelid::regclass::text = any ($1)
       and not exists (select from pg_attribute a where a.attrelid = i.indrelid
                       and a.attname = 'account_key' and a.attnum = any (i.indkey::smallint[])) order by 1`,
    [byAccount],
  );
  expect(keys.map(({ name }) => name)).toEqual([]);
});

const tables = byAccount.map((name) => name.replace(".", "\\.")).join("|");
const views = "warehouse\\.counted_\\w+";
const read = new RegExp(`\\b(?:from|join|using|update)\\s+(?:${tables}|${views})\\b`, "g");
const written = new RegExp(`\\binsert into\\s+(?:${tables})\\b`);

/** What of a statement would have to ask every machine, or be refused by all. */
const faultsOf = (statement: string): readonly string[] => {
  const text = statement.replace(/--.*$/gm, " ");
  const reads = text.match(read)?.length ?? 0;
  const named = text.match(/\baccount_key = (?:\$\d|\w+\.account_key)/g)?.length ?? 0;
  const update = /on conflict[^]*?do update\s+set([^]*)/.exec(text)?.[1] ?? "";
  return [
    ...(reads > named ? [`${String(reads)} tables by account, ${String(named)} times account_key`] : []),
    ...(written.test(text) && !/insert into\s+\S+(?: as \w+)?\s*\([^)]*account_key/.test(text)
      ? ["insert without account_key"]
      : []),
    ...(written.test(text) && /now\(\)|clock_timestamp\(\)|\$\d/.test(update.split(/\breturning\b/)[0] ?? "")
      ? ["a volatile function or a parameter in on conflict"]
      : []),
  ];
};

test("every statement of load and rollup names the account of each table by account", async () => {
  const { pool } = await freshDatabase();
  const account = scriptedAccount({});
  const conversions = [{ action: "purchase", traffic: "paid" as const, hundredths: 100, valueCents: 100 }];
  const ads = (cents: number) => ({
    ads: [{ campaign: "c1", ad: "a1", cents, impressions: 1, clicks: 1, conversions }],
  });
  let cents = 100;
  const connector = scriptedConnector({
    account,
    days: () => ({ "2026-01-15": ads(cents), "2026-01-16": ads(cents) }),
    entities: [{ kind: "campaign", id: "c1", name: "Brand", status: "ACTIVE", type: "SALES" }],
  });
  const accountKey = await prepareAccount(pool, connector, account);
  // Another reporting currency is the one thing that concerns the days of all accounts at once.
  await rollUpAccount({ pool, reportingCurrency: "EUR" }, accountKey);
  const statements = new Set<string>();
  const watched = new WeakSet<pg.PoolClient>();
  pool.on("acquire", (client) => {
    if (watched.has(client)) return;
    watched.add(client);
    const ask = client.query.bind(client) as (...given: unknown[]) => unknown;
    client.query = ((...given: unknown[]) => {
      if (typeof given[0] === "string") statements.add(given[0]);
      return ask(...given);
    }) as typeof client.query;
  });
  // Straight, then beside what is there, then unchanged.
  for (cents of [100, 200, 200]) {
    await load(pool, connector, { account, accountKey, from: "2026-01-15", to: "2026-01-16" });
    await rollUpAccount({ pool, reportingCurrency: "EUR" }, accountKey);
  }
  const concerned = [...statements].filter((text) => text.search(read) >= 0 || written.test(text));
  expect(concerned.length).toBeGreaterThan(20);
  expect([...statements].flatMap((text) => faultsOf(text).map((fault) => `${fault}: ${text}`))).toEqual([]);
});
