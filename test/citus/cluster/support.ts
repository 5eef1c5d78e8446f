import { onTestFinished } from "vitest";
import { type Database, openDatabase } from "../../../src/warehouse/database.ts";
import { distribute, type Placed } from "../../../src/warehouse/distribute.ts";
import { migrate } from "../../../src/warehouse/migrate.ts";
import { schemasMade } from "../../../src/warehouse/backup/schemas.ts";
import { inTransaction } from "../../../src/warehouse/transaction.ts";
import { nodeByNode } from "../../../src/warehouse/schema-lock.ts";

export const citusUrl = process.env["CITUS_URL"] ?? "";

/** Few parts: the tests are about what is right, and each part of each month is a file. */
export const shards = 4;

type Opened = Database & { readonly url: string };

/** The cluster's database with no warehouse in it; whatever an earlier test left there goes. */
export const emptyCluster = async (): Promise<Opened> => {
  const database = openDatabase(citusUrl, { connections: 6 });
  onTestFinished(() => database.close());
  const { rows } = await database.pool.query<{ workers: number }>(
    "select count(*)::int as workers from pg_dist_node where groupid <> 0 and isactive",
  );
  if ((rows[0]?.workers ?? 0) < 2) throw new Error("CITUS_URL names a cluster of fewer than two workers");
  for (const schema of [...schemasMade, "bullmq"])
    await inTransaction(database.pool, async (client) => {
      await client.query(`${nodeByNode}; drop schema if exists ${schema} cascade`);
    });
  return { ...database, url: citusUrl };
};

/** Distributes and says what was done. */
export const spread = async (database: Database): Promise<readonly Placed[]> => {
  const placed: Placed[] = [];
  for await (const table of distribute(database, { shards })) placed.push(table);
  return placed;
};

export const distributedWarehouse = async (): Promise<Opened> => {
  const database = await emptyCluster();
  await migrate(database);
  await spread(database);
  return database;
};

/** Ends all sessions of this database on the workers, as when their machines were lost. */
export const loseWorkers = async ({ pool }: Database): Promise<void> => {
  await pool.query(
    `select run_command_on_workers($command$
       select count(pg_terminate_backend(pid)) from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend' $command$)`,
  );
};

/** Ends all sessions of costper on the coordinator but the one that asks. */
export const loseCoordinator = async ({ pool }: Database): Promise<void> => {
  await pool.query(
    `select count(pg_terminate_backend(pid)) from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid() and application_name = 'costper'`,
  );
};

interface Relation {
  readonly name: string;
  readonly columns: readonly string[];
  readonly keyed: boolean;
}

/** Keys are given in the order of arrival, and moments are those of the run: neither is a figure. */
const relations = `
  select c.oid::regclass::text as name,
         array_agg(quote_ident(a.attname) order by a.attnum)
           filter (where a.attname !~ 'account_key$' and a.atttypid <> 'timestamptz'::regtype) as columns,
         bool_or(a.attname = 'account_key') as keyed
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where c.relkind in ('r', 'p', 'v') and not c.relispartition
    and (n.nspname in ('warehouse', 'figures', 'marts', 'ad_reporting')
         or c.oid in ('ops.rollup_day'::regclass, 'ops.counting_rule'::regclass, 'ops.breakdown_day'::regclass))
  group by c.oid`;

/** Rows and digest of each table and view of the warehouse, figure by figure. */
export const digestsOf = async ({ pool }: Database): Promise<Readonly<Record<string, string>>> => {
  const { rows } = await pool.query<Relation>(relations);
  const digests: Record<string, string> = {
    "ops.account_day": await digestOf(
      { pool },
      "select platform, account_id, date, state, platform_spend, our_spend, difference, residual_spend, rounding, residual_cause, cause from ops.account_day",
    ),
  };
  for (const { name, columns, keyed } of rows)
    digests[name] = await digestOf(
      { pool },
      keyed && name !== "warehouse.account"
        ? `select a.platform as account_platform, a.account_id as account, ${columns.map((column) => `t.${column}`).join(", ")}
           from ${name} t join warehouse.account a on a.account_key = t.account_key`
        : `select ${columns.join(", ")} from ${name}`,
    );
  return digests;
};

const digestOf = async ({ pool }: Pick<Database, "pool">, query: string): Promise<string> => {
  const { rows } = await pool.query<{ digest: string }>(
    `select count(*) || ' ' || md5(coalesce(string_agg(line, E'\\n' order by line collate "C"), '')) as digest
     from (select t::text as line from (${query}) t offset 0) lines`,
  );
  return rows[0]?.digest ?? "";
};

/** What was written when: the same means that not one row was. */
export const writtenAt = async ({ pool }: Database): Promise<Readonly<Record<string, string>>> => {
  const { rows } = await pool.query<{ name: string; column: string }>(
    `select c.oid::regclass::text as name, a.attname as column
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname in ('refreshed_at', 'observed_at', 'updated_at')
     where c.relkind in ('r', 'p') and not c.relispartition
       and c.relnamespace in ('warehouse'::regnamespace, 'figures'::regnamespace, 'marts'::regnamespace)`,
  );
  const written: Record<string, string> = {};
  for (const { name, column } of rows) {
    const { rows: found } = await pool.query<{ last: string | null }>(
      `select max(${column})::text as last from ${name}`,
    );
    written[name] = found[0]?.last ?? "";
  }
  return written;
};
