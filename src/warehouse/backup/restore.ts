import type { PoolClient } from "pg";
import { Failure } from "../../domain/failure.ts";
import { settleRights } from "../analysts/reading.ts";
import { askBy } from "../analysts/rights.ts";
import { openCopyIn } from "../copy-in.ts";
import type { Database } from "../database.ts";
import { distribute } from "../distribute.ts";
import { readLayout } from "../layout.ts";
import { migrate, migrationTexts } from "../migrate.ts";
import { nodeByNode } from "../schema-lock.ts";
import { inTransaction } from "../transaction.ts";
import { refuseUnknownSteps } from "../unknown-steps.ts";
import { type Archive, type Manifest, openArchive } from "./archive.ts";
import { appliedSteps } from "./backup.ts";
import { schemasKept, schemasMade } from "./schemas.ts";
import { type BackupTable, backupTables, columnList, quoted } from "./tables.ts";

const refuse = (message: string, remedy: string): Failure =>
  new Failure({ kind: "request", code: "usage", message, remedy });

const isFilled = async (client: PoolClient): Promise<boolean> => {
  for (const table of ["warehouse.account", "ops.run", "warehouse.lead", "warehouse.cost"]) {
    const { rows } = await client.query<{ there: boolean }>("select to_regclass($1) is not null as there", [
      table,
    ]);
    if (rows[0]?.there === true && (await client.query(`select from ${table} limit 1`)).rowCount === 1)
      return true;
  }
  return false;
};

/** The schema as it was when the backup was made: its tables and columns are those that the files have. */
const makeSchema = async (client: PoolClient, steps: readonly string[]): Promise<void> => {
  const known = await migrationTexts();
  refuseUnknownSteps("backup", steps, [...known.keys()]);
  // The queue's own schema has no table of ours; its jobs point at a ledger that is about to go.
  for (const schema of schemasMade) await client.query(`drop schema if exists ${schema} cascade`);
  for (const step of steps) await client.query(known.get(step) ?? "");
  // As the migrator makes it, which takes it up from here.
  await client.query(
    "create table ops.kysely_migration (name varchar(255) not null primary key, timestamp varchar(255) not null)",
  );
};

/** Copies a table's rows out of the archive; how many there were, and the hash of their text. */
const copyIn = async (
  client: PoolClient,
  archive: Archive,
  { name, columns }: Pick<BackupTable, "name" | "columns">,
  signal: AbortSignal,
): Promise<{ readonly rows: number; readonly sha256: string }> => {
  const { stream, sha256 } = await archive.table(name);
  const copy = openCopyIn(
    client,
    `copy ${quoted(name)} (${columnList(columns)}) from stdin with (format csv, header match)`,
    signal,
  );
  try {
    for await (const chunk of stream) await copy.write(chunk as Buffer);
    const rows = await copy.end();
    return { rows, sha256: sha256() };
  } catch (error) {
    stream.destroy();
    await copy.abort(error as Error);
    throw error;
  }
};

const load = async (
  client: PoolClient,
  archive: Archive,
  signal: AbortSignal,
  file: string,
): Promise<void> => {
  const { tables } = archive.manifest;
  const present = await backupTables(client);
  const names = new Set(present.map(({ name }) => name));
  const unknown = tables.find(({ name }) => !names.has(name));
  if (unknown !== undefined)
    throw refuse(`${file} has a table ${unknown.name} that is not of its schema`, "");
  for (const { name } of present) await client.query(`alter table ${quoted(name)} disable trigger user`);
  // The steps fill some tables themselves: only what the backup holds is to be there.
  await client.query(`truncate ${present.map(({ name }) => quoted(name)).join(", ")} cascade`);
  for (const table of tables) {
    for (const month of table.months)
      await client.query("select warehouse.ensure_partition($1::regclass, $2::date)", [table.name, month]);
    const { rows, sha256 } = await copyIn(client, archive, table, signal);
    if (rows !== table.rows || sha256 !== table.sha256)
      throw new Failure({
        kind: "data",
        message: `${file} is damaged: ${table.name} is not what was written`,
        remedy: "take another backup; the database is as it was before",
      });
  }
  for (const { name } of present) await client.query(`alter table ${quoted(name)} enable trigger user`);
};

/** Identities go on after the highest that is taken. */
const setIdentities = async (client: PoolClient): Promise<void> => {
  const { rows } = await client.query<{ table: string; column: string }>(
    `select n.nspname || '.' || c.relname as "table", a.attname as "column"
     from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
     where a.attidentity <> '' and not c.relispartition and n.nspname = any ($1)`,
    [schemasKept],
  );
  for (const { table, column } of rows)
    await client.query(
      `select setval(pg_get_serial_sequence($1, $2), coalesce(max("${column}"), 0) + 1, false) from ${quoted(table)}`,
      [table, column],
    );
};

/** Nights whose units were not carried are over: the next one asks for their days again. */
const endWorkUnderWay = async (client: PoolClient): Promise<void> => {
  await client.query(
    "delete from ops.night where run_id in (select run_id from ops.run where finished_at is null)",
  );
  await client.query(
    "update ops.run set finished_at = now(), outcome = 'interrupted' where finished_at is null",
  );
  await client.query(
    "update ops.slice set outcome = 'cancelled', finished_at = now() where outcome = 'running'",
  );
};

/**
 * Puts a backup into a database and brings it to the schema of this costper. All in one transaction: whatever goes
 * wrong, the database is as it was before.
 * @throws Failure where the database holds figures and `force` is not set, or the file is damaged or of a newer costper.
 */
export const restore = async (
  database: Database,
  options: { readonly file: string; readonly force: boolean; readonly signal: AbortSignal },
): Promise<Manifest> => {
  const { file, force, signal } = options;
  const archive = await openArchive(file);
  const { shards } = await readLayout(database);
  try {
    await inTransaction(
      database.pool,
      async (client) => {
        if (!force && (await isFilled(client)))
          throw refuse(
            "the database holds a warehouse already",
            "name an empty one in `database`, or add --force to replace all that it holds",
          );
        if ((await appliedSteps(client)).length > 0)
          // Nobody loads into tables that are about to go.
          await client.query("lock table ops.run, warehouse.account in access exclusive mode");
        await client.query(nodeByNode);
        await makeSchema(client, archive.manifest.schema);
        await load(client, archive, signal, file);
        await setIdentities(client);
        await endWorkUnderWay(client);
      },
      signal,
    );
  } finally {
    archive.close();
  }
  await migrate(database);
  // What was spread over several nodes before is so again.
  if (shards !== undefined) for await (const _ of distribute(database, { shards, signal }));
  // The schema was made anew: what everybody and analysts may do in it has to be said again.
  await inTransaction(database.pool, async (client) => {
    await settleRights(askBy(client));
  });
  return archive.manifest;
};
