import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { CompiledQuery, type Migration, type MigrationResultSet, Migrator, sql } from "kysely";
import { profiles } from "../connectors/registry.ts";
import { Failure } from "../domain/failure.ts";
import { packageRoot } from "../package-root.ts";
import { settleRights } from "./analysts/reading.ts";
import type { Ask } from "./analysts/rights.ts";
import type { Database } from "./database.ts";
import { distribute } from "./distribute.ts";
import { readLayout } from "./layout.ts";
import { aloneWithSchema, nodeByNode } from "./schema-lock.ts";
import { beginning } from "./transaction.ts";
import { refuseUnknownSteps } from "./unknown-steps.ts";

/** The numbered SQL files, beside `src` in development and beside `dist` in the package. */
const folder = join(packageRoot, "migrations");

/** The names of all steps, in order. */
const stepNames = async (): Promise<readonly string[]> =>
  (await readdir(folder))
    .filter((file) => file.endsWith(".sql"))
    .map((file) => file.replace(/\.sql$/, ""))
    .sort();

/** The text of every step, by its name, in order. */
export const migrationTexts = async (): Promise<ReadonlyMap<string, string>> => {
  const names = await stepNames();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, `${name}.sql`), "utf8")));
  return new Map(names.map((name, index) => [name, texts[index] ?? ""]));
};

const readMigrations = async (): Promise<Record<string, Migration>> =>
  Object.fromEntries(
    [...(await migrationTexts())].map(([name, text]): [string, Migration] => [
      name,
      { up: async (db) => void (await sql.raw(text).execute(db)) },
    ]),
  );

/** One step of the schema and when it was applied, if it was. */
export interface MigrationStep {
  readonly name: string;
  readonly appliedAt: Date | undefined;
}

const migratorOf = (db: Database["db"]): Migrator =>
  new Migrator({
    db,
    // One transaction is round it, with the lock in it.
    disableTransactions: true,
    provider: { getMigrations: readMigrations },
    migrationTableSchema: "ops",
    allowUnorderedMigrations: false,
  });

/**
 * The steps that are still to be taken, as far as the database shows now.
 * @throws Failure where it has taken steps that are not known here
 */
const missingSteps = async ({ db }: Database): Promise<readonly string[]> => {
  const known = await stepNames();
  const table = await sql<{
    there: boolean;
  }>`select to_regclass('ops.kysely_migration') is not null as there`.execute(db);
  if (!table.rows[0]?.there) return known;
  const { rows } = await sql<{ name: string }>`select name from ops.kysely_migration order by name`.execute(
    db,
  );
  const applied = rows.map(({ name }) => name);
  refuseUnknownSteps("database", applied, known);
  return known.filter((name) => !applied.includes(name));
};

/** Asks over the connection on which the steps run. */
const askBy =
  (db: Database["db"]): Ask =>
  async <Row extends object>(text: string, values: readonly unknown[] = []) =>
    (await db.executeQuery<Row>(CompiledQuery.raw(text, [...values]))).rows;

/**
 * All steps in one transaction that waits for any other: the migrator's own lock belongs to the session, and would stay
 * with a pooler's.
 */
const inLockedTransaction = async (
  db: Database["db"],
  work: () => Promise<MigrationResultSet>,
): Promise<MigrationResultSet> => {
  await sql.raw(`${beginning}; ${nodeByNode}; ${aloneWithSchema}`).execute(db);
  const result = await work()
    .then(async (done) => {
      if (done.error === undefined && (done.results ?? []).length > 0) await settleRights(askBy(db));
      return done;
    })
    .catch((error: unknown): MigrationResultSet => ({ error }));
  await sql.raw(result.error === undefined ? "commit" : "rollback").execute(db);
  return result;
};

/** Writes down which platforms this costper knows; a row that is as it should be stays untouched. */
const storePlatforms = async ({ pool }: Database): Promise<void> => {
  const known = profiles().map(({ name, label, adReporting }) => ({
    platform: name,
    label,
    ad_reporting_name: adReporting.name,
    campaign_is_ad_group: adReporting.campaignIsAdGroup ?? false,
  }));
  await pool.query(
    `insert into warehouse.platform as p
     select * from jsonb_populate_recordset(null::warehouse.platform, $1)
     on conflict (platform) do update
     set label = excluded.label, ad_reporting_name = excluded.ad_reporting_name,
         campaign_is_ad_group = excluded.campaign_is_ad_group
     where p is distinct from excluded`,
    [JSON.stringify(known)],
  );
};

/** Brings the schema up to date, forward only; several processes at once wait for each other. */
export const migrate = async (database: Database): Promise<readonly string[]> => {
  // The migrator looks through the whole catalog before it finds that nothing is to be done.
  if ((await missingSteps(database)).length === 0) {
    await storePlatforms(database);
    return [];
  }
  const { error, results = [] } = await database.db
    .connection()
    .execute((db) => inLockedTransaction(db, () => migratorOf(db).migrateToLatest()));
  const failed = results.find(({ status }) => status === "Error");
  if (error !== undefined)
    throw new Failure({
      kind: "request",
      message: `migration ${failed?.migrationName ?? ""} failed: ${error instanceof Error ? error.message : String(error)}`,
      remedy: "remove the cause and run costper migrate again; the schema is as it was before",
      cause: error,
    });
  const applied = results
    .filter(({ status }) => status === "Success")
    .map(({ migrationName }) => migrationName);
  // What a step made is of no use on one node when what it is joined to lies on all.
  if (applied.length > 0 && (await readLayout(database)).shards !== undefined)
    for await (const _ of distribute(database));
  await storePlatforms(database);
  return applied;
};

/** The steps of the schema, applied or not. */
export const migrationStatus = async (database: Database): Promise<readonly MigrationStep[]> => {
  await missingSteps(database);
  const migrations = await migratorOf(database.db).getMigrations();
  return migrations.map(({ name, executedAt }) => ({ name, appliedAt: executedAt }));
};
