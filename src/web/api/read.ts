import { sql } from "kysely";
import type { Read } from "../../warehouse/reading.ts";

export { onSnapshot, type Read, reading } from "../../warehouse/reading.ts";

/** Whether a table or view is there and holds anything; parts of the page whose data is missing are left out. */
export const hasRows = async (read: Read, table: string): Promise<boolean> => {
  const [found] = await read<{ there: boolean }>(sql`select to_regclass(${table}) is not null as there`);
  if (found?.there !== true) return false;
  return (await read(sql`select 1 from ${sql.table(table)} limit 1`)).length > 0;
};
