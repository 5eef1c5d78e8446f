import type { Database } from "../warehouse/database.ts";
import { UsageError } from "./errors.ts";

const mark = "costper demo";

/**
 * Takes a database for the demo: an empty one, or one that it took before.
 * @throws UsageError where figures of somebody's own lie in it
 */
export const takeForDemo = async ({ pool }: Database): Promise<void> => {
  const { rows } = await pool.query<{ name: string; mark: string | null; there: boolean }>(
    `select datname as name, shobj_description(oid, 'pg_database') as mark,
            to_regclass('warehouse.account') is not null as there
     from pg_database where datname = current_database()`,
  );
  const [database] = rows;
  if (database === undefined || database.mark === mark) return;
  if (database.there && (await pool.query("select from warehouse.account limit 1")).rowCount === 1)
    throw new UsageError(
      "the database holds accounts that are not the demo's",
      "name an empty one with --database, or leave it out: the demo then has a Postgres of its own",
    );
  await pool.query(`comment on database "${database.name.replaceAll('"', '""')}" is '${mark}'`);
};
