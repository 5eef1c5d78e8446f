import { access } from "node:fs/promises";
import type { PoolClient } from "pg";
import { to as copyTo } from "pg-copy-streams";
import { Failure } from "../../domain/failure.ts";
import type { Database } from "../database.ts";
import { begin, setLocal } from "../transaction.ts";
import { type Manifest, type WrittenTable, writeArchive } from "./archive.ts";
import { backupTables, columnList, quoted } from "./tables.ts";

/** The steps of the schema that the database has; empty where it has none. */
export const appliedSteps = async (client: PoolClient): Promise<readonly string[]> => {
  const { rows } = await client.query<{ there: boolean }>(
    "select to_regclass('ops.kysely_migration') is not null as there",
  );
  if (rows[0]?.there !== true) return [];
  const applied = await client.query<{ name: string }>("select name from ops.kysely_migration order by name");
  return applied.rows.map(({ name }) => name);
};

/**
 * Writes the whole warehouse into one file, as it stands at one moment; loads may go on meanwhile.
 * @throws Failure where the file is there already, the disk is full, or there is nothing to keep.
 */
export const backup = async (
  { pool }: Database,
  options: {
    readonly file: string;
    readonly version: string;
    readonly now: Date;
    readonly signal: AbortSignal;
    readonly onTable?: (name: string) => void;
  },
): Promise<Manifest> => {
  const { file, version, now, signal, onTable } = options;
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  if (isThere)
    throw new Failure({
      kind: "request",
      code: "usage",
      message: `${file} is there already`,
      remedy: "name another file, or move that one away",
    });
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await begin(client, "reading");
    const schema = await appliedSteps(client);
    if (schema.length === 0)
      throw new Failure({
        kind: "request",
        code: "usage",
        message: "the database holds no warehouse",
        remedy: "check `database` in costper.yaml",
      });
    const tables = await backupTables(client);
    // The key's index gives the rows in their order: to sort a whole table takes as much disk again.
    await client.query(setLocal({ enable_sort: "off" }));
    const written = tables.map((table): WrittenTable => {
      const copy = copyTo(
        `copy (select ${columnList(table.columns)} from ${quoted(table.name)} order by ${columnList(table.order)}) ` +
          "to stdout with (format csv, header)",
      );
      return {
        name: table.name,
        rows: () => copy.rowCount,
        open: async () => {
          onTable?.(table.name);
          // The end of a COPY's rows comes before the end of its statement, and one begun between the two gets stuck.
          await client.query("select");
          return client.query(copy);
        },
      };
    });
    return await writeArchive({
      file,
      tables: written,
      manifestOf: (sums) => ({
        costper_backup: 1,
        made_at: now.toISOString(),
        version,
        schema: [...schema],
        tables: tables.map(({ name, columns, months }) => ({
          name,
          columns: [...columns],
          months: [...months],
          ...(sums.get(name) ?? { rows: 0, sha256: "" }),
        })),
      }),
      signal,
    });
  } catch (error) {
    // A copy may still be under way on this connection.
    broken = error as Error;
    throw error;
  } finally {
    if (broken === undefined) await client.query("rollback").catch(() => undefined);
    client.release(broken);
  }
};
