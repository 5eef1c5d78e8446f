import type pg from "pg";
import { Failure } from "../domain/failure.ts";
import { settleRights } from "./analysts/reading.ts";
import { askBy } from "./analysts/rights.ts";
import { readComments, restoreComments } from "./comments.ts";
import type { Database } from "./database.ts";
import {
  accountColumn,
  anchorTable,
  type Layout,
  type Placement,
  readLayout,
  type TablePlace,
} from "./layout.ts";
import { aloneWithSchema, nodeByNode } from "./schema-lock.ts";
import { inTransaction, outerJoinPushdown } from "./transaction.ts";

/** What was done with one table. */
export interface Placed {
  readonly table: string;
  readonly placement: Placement;
  /** `already`: it was where it belongs, and is as it was. */
  readonly outcome: "placed" | "already";
  readonly ms: number;
}

export const defaultShards = 32;

const refusal = (message: string, remedy: string): Failure =>
  new Failure({ kind: "request", code: "usage", message, remedy });

/** @throws Failure where there is no cluster to distribute over, with the way to one. */
export const checkCluster = async (database: Database, shards?: number): Promise<Layout> => {
  const layout = await readLayout(database);
  if (layout.citus === undefined) {
    const { rows } = await database.pool.query("select from pg_available_extensions where name = 'citus'");
    throw refusal(
      "the database has no extension citus: there is nothing to distribute over",
      rows.length > 0
        ? "as a superuser run `create extension citus` in this database on every node, then name each worker on the coordinator: select citus_add_node('host', 5432); see docs/citus.md"
        : "install Citus 13 on every node and add it to shared_preload_libraries; see docs/citus.md. One Postgres needs no --distribute",
    );
  }
  if (!layout.isCoordinator)
    throw refusal(
      "this server is a worker of its cluster",
      "name the coordinator in `database`: costper talks to it alone",
    );
  if (layout.workers === 0)
    throw refusal(
      "the cluster has no workers",
      "name each worker on the coordinator: select citus_set_coordinator_host('host', 5432); select citus_add_node('worker', 5432); see docs/citus.md",
    );
  if (shards !== undefined && layout.shards !== undefined && shards !== layout.shards)
    throw refusal(
      `the warehouse lies in ${String(layout.shards)} shards already`,
      `leave --shards out, or change it on the coordinator: select alter_distributed_table('${anchorTable}', shard_count := ${String(shards)}, cascade_to_colocated := true)`,
    );
  return layout;
};

interface ForeignKey {
  readonly name: string;
  readonly table: string;
  readonly target: string;
  readonly definition: string;
}

const foreignKeys = `
  select quote_ident(k.conname) as name, format('%I.%I', n.nspname, c.relname) as table,
         format('%I.%I', tn.nspname, t.relname) as target, pg_get_constraintdef(k.oid) as definition
  from pg_constraint k
  join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
  join pg_class t on t.oid = k.confrelid join pg_namespace tn on tn.oid = t.relnamespace
  where k.contype = 'f' and k.conparentid = 0`;

/** Tables that foreign keys tie together go in one transaction: between its halves the keys would be gone. */
const groupsOf = (tables: readonly TablePlace[], keys: readonly ForeignKey[]): TablePlace[][] => {
  const groups: TablePlace[][] = [];
  const left = new Set(tables.map(({ table }) => table));
  for (const first of tables) {
    if (!left.delete(first.table)) continue;
    const group = [first];
    for (const { table } of group)
      for (const key of keys) {
        const other = key.table === table ? key.target : key.target === table ? key.table : undefined;
        const next = other !== undefined && tables.find((candidate) => candidate.table === other);
        if (next && left.delete(next.table)) group.push(next);
      }
    groups.push(group);
  }
  return groups;
};

const place = async (
  client: pg.ClientBase,
  { table, belongs, is }: TablePlace,
  shards: number,
): Promise<void> => {
  if (is !== "coordinator") await client.query("select undistribute_table($1::regclass)", [table]);
  if (belongs === "everywhere") await client.query("select create_reference_table($1::regclass)", [table]);
  else if (table === anchorTable)
    await client.query(
      "select create_distributed_table($1::regclass, $2, shard_count => $3, colocate_with => 'none')",
      [table, accountColumn, shards],
    );
  else if (belongs === "by account")
    await client.query("select create_distributed_table($1::regclass, $2, colocate_with => $3)", [
      table,
      accountColumn,
      anchorTable,
    ]);
};

const placeGroup = async (
  client: pg.ClientBase,
  group: readonly TablePlace[],
  { keys, shards }: { readonly keys: readonly ForeignKey[]; readonly shards: number },
): Promise<void> => {
  const names = new Set(group.map(({ table }) => table));
  const dropped = keys.filter(({ table, target }) => names.has(table) || names.has(target));
  const before = await readComments(client);
  // A table that hangs on one of every node would be made anew, and its views with it.
  for (const { table, name } of dropped) await client.query(`alter table ${table} drop constraint ${name}`);
  const everywhereFirst = [...group].sort(
    (a, b) => Number(b.belongs === "everywhere") - Number(a.belongs === "everywhere"),
  );
  for (const table of everywhereFirst) await place(client, table, shards);
  for (const { table, name, definition } of dropped)
    await client.query(`alter table ${table} add constraint ${name} ${definition}`);
  await restoreComments(client, before);
};

/** What a table held before it was distributed still lies on the coordinator, seen by nobody. */
const emptyLeftovers = async (client: pg.ClientBase, table: string): Promise<void> => {
  const { rows } = await client.query(
    `select from pg_partition_tree($1::regclass) p join pg_class c on c.oid = p.relid
     where c.relkind = 'r' and pg_relation_size(c.oid) > 0`,
    [table],
  );
  if (rows.length > 0)
    await client.query("select truncate_local_data_after_distributing_table($1::regclass)", [table]);
};

/** Whoever asks the distributed warehouse gets each row once, analysts with clients of their own too. */
const keepJoinsRight = async (pool: pg.Pool, { repeatsJoins }: Layout): Promise<void> => {
  if (!repeatsJoins) return;
  const { rows } = await pool.query<{ statement: string }>(
    "select format('alter database %I set %s = off', current_database(), $1::text) as statement",
    [outerJoinPushdown],
  );
  const statement = rows[0]?.statement ?? "";
  await pool.query(statement).catch((cause: unknown) => {
    throw new Failure({
      kind: "request",
      code: "usage",
      message: `left joins of this database may repeat rows, and this role may not mend it: ${cause instanceof Error ? cause.message : String(cause)}`,
      remedy: `as the database's owner run: ${statement}`,
      cause,
    });
  });
};

const anchorFirst = (tables: readonly TablePlace[]): TablePlace[] =>
  [...tables].sort((a, b) => Number(b.table === anchorTable) - Number(a.table === anchorTable));

/**
 * Puts every table where it belongs on the nodes of the cluster, each with its rows in a transaction of its own: what
 * broke off goes on where it was, and what is in its place stays untouched.
 * @throws Failure (code `usage`) where there is no cluster.
 */
export async function* distribute(
  database: Database,
  { shards, signal }: { readonly shards?: number | undefined; readonly signal?: AbortSignal } = {},
): AsyncGenerator<Placed> {
  const { pool } = database;
  const layout = await checkCluster(database, shards);
  await keepJoinsRight(pool, layout);
  const onNodes = layout.tables.filter(({ belongs }) => belongs !== "coordinator");
  const names = new Set(onNodes.map(({ table }) => table));
  const keys = (await pool.query<ForeignKey>(foreignKeys)).rows.filter(
    ({ table, target }) => names.has(table) && names.has(target),
  );
  const pending = anchorFirst(layout.tables.filter(({ belongs, is }) => belongs !== is));
  const settled = { keys, shards: shards ?? layout.shards ?? defaultShards };
  for (const group of groupsOf(pending, keys)) {
    const began = performance.now();
    await inTransaction(
      pool,
      async (client) => {
        await client.query(`${nodeByNode}; ${aloneWithSchema}`);
        await placeGroup(client, group, settled);
      },
      signal,
    ).catch((error: unknown) => {
      if (signal?.aborted || error instanceof Failure) throw error;
      throw new Failure({
        kind: "request",
        message: `${group.map(({ table }) => table).join(", ")} could not be distributed: ${error instanceof Error ? error.message : String(error)}`,
        remedy: "remove the cause and run costper migrate --distribute again; it goes on here",
        cause: error,
      });
    });
    const ms = Math.round(performance.now() - began);
    for (const { table, belongs } of group) yield { table, placement: belongs, outcome: "placed", ms };
  }
  for (const { table, belongs, is } of onNodes)
    if (belongs === is) yield { table, placement: belongs, outcome: "already", ms: 0 };
  await inTransaction(
    pool,
    async (client) => {
      await client.query(`${nodeByNode}; ${aloneWithSchema}`);
      for (const { table } of onNodes) await emptyLeftovers(client, table);
      await settleRights(askBy(client));
    },
    signal,
  );
}
