import { PassThrough, type Readable } from "node:stream";
import { once } from "node:events";
import { stringify } from "csv-stringify/sync";
import { type Kysely, sql } from "kysely";
import type { DB } from "../../warehouse/schema.ts";
import { WebProblem } from "../failures.ts";
import { type BreakdownQuery, ordering, groupingOf } from "./breakdown.ts";
import { grouped, shown } from "./groups.ts";
import { figureNames, figures } from "./money.ts";
import { type Read, reading } from "./read.ts";

const batch = 1000;

/** A reader that takes nothing for so long, or is not done after so long, is hung up on: it holds a connection. */
const stalledMs = 30_000;
const longestMs = 15 * 60_000;

/** Waits until the reader takes more; false where it went away or takes nothing. */
const drained = async (out: PassThrough): Promise<boolean> => {
  try {
    await once(out, "drain", { signal: AbortSignal.timeout(stalledMs) });
    return true;
  } catch {
    return false;
  }
};

const columns = [
  "from",
  "to",
  "platform",
  "account_id",
  "account_name",
  "campaign_id",
  "campaign_name",
  "currency",
  ...figureNames,
  "is_final",
];

const partNames: Readonly<Record<string, string>> = {
  network: "part",
  action: "part",
  action_id: "part_id",
};

/** A name that a spreadsheet would run as a formula is marked as text. */
export const asText = (name: unknown): unknown =>
  typeof name === "string" && /^[=+\-@\t\r]/.test(name) ? `'${name}` : name;

type Row = Record<string, unknown>;

const lineOf = (row: Row): Row => ({
  ...row,
  account_name: asText(row["account_name"]),
  campaign_name: asText(row["campaign_name"]),
  part: asText(row["part"]),
});

const write = async (read: Read, query: BreakdownQuery, out: PassThrough): Promise<void> => {
  const grouping = await groupingOf(read, query, true);
  const named = query.by === "network" || query.by === "action";
  const header = named
    ? columns.toSpliced(3, 4, query.by, ...(query.by === "action" ? ["action_id"] : []))
    : columns;
  const keys = header.map((name) => (named ? (partNames[name] ?? name) : name));
  await read(sql`
    declare breakdown no scroll cursor for
    with grouped as materialized (${grouped(grouping)})
    select ${grouping.range.from}::text as "from", ${grouping.range.to}::text as "to", g.platform, g.account_id,
           g.account_name, g.campaign_id, g.campaign_name, g.part, g.part_id, g.currency, ${figures}, g.is_final
    from (${shown(grouping, sql`grouped`)}) g order by ${ordering(query)}`);
  out.write(stringify([header]));
  for (;;) {
    const rows = await read<Row>(sql`fetch ${sql.lit(batch)} from breakdown`);
    if (rows.length === 0 || out.destroyed) return;
    const text = stringify(rows.map(lineOf), { columns: keys, cast: { boolean: String } });
    if (out.write(text) || (await drained(out))) continue;
    throw new WebProblem(408, "the reader took nothing for half a minute", "start the download again");
  }
};

/** Every row of a breakdown, not just a page, batch by batch: what does not fit into memory still arrives. */
export const breakdownCsv = (db: Kysely<DB>, query: BreakdownQuery): Readable => {
  const out = new PassThrough();
  const tooLong = setTimeout(() => out.destroy(), longestMs);
  out.once("close", () => clearTimeout(tooLong));
  reading(db, (read) => write(read, query, out)).then(
    () => out.end(),
    (error: unknown) => out.destroy(error as Error),
  );
  return out;
};
