import type { Readable } from "node:stream";
import { stringify } from "csv-stringify/sync";
import type { Kysely } from "kysely";
import type { DB } from "../../warehouse/schema.ts";
import type { BreakdownQuery } from "./breakdown.ts";
import { breakdownColumns, breakdownRows, type Row } from "./breakdown-rows.ts";
import { download, type Put } from "./download.ts";
import type { Read } from "./read.ts";

/** A name that a spreadsheet would run as a formula is marked as text. */
export const asText = (name: unknown): unknown =>
  typeof name === "string" && /^[=+\-@\t\r]/.test(name) ? `'${name}` : name;

const lineOf = (row: Row): Row => ({
  ...row,
  account_name: asText(row["account_name"]),
  campaign_name: asText(row["campaign_name"]),
  ad_group_name: asText(row["ad_group_name"]),
  part: asText(row["part"]),
});

const write = async (read: Read, query: BreakdownQuery, put: Put): Promise<void> => {
  const columns = breakdownColumns(query);
  const keys = columns.map(({ key }) => key);
  let started = false;
  // The header goes out with the first rows: what fails before them is an answer of its own.
  const header = stringify([columns.map(({ title }) => title)]);
  for await (const rows of breakdownRows(read, query)) {
    const text = stringify(rows.map(lineOf), { columns: keys, cast: { boolean: String } });
    if (!(await put(started ? text : header + text))) return;
    started = true;
  }
  if (!started) await put(header);
};

/** Every row of a breakdown as CSV. */
export const breakdownCsv = (db: Kysely<DB>, query: BreakdownQuery): Readable =>
  download(db, (read, put) => write(read, query, put));
