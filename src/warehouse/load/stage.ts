import type pg from "pg";
import type { Connector, Pull } from "../../connectors/connector.ts";
import type { BreakdownName } from "../../domain/breakdown.ts";
import { asFailure, Failure } from "../../domain/failure.ts";
import { retries } from "../../domain/retry.ts";
import { type Copy, openCopy, type Place } from "./copy.ts";
import {
  accountDaily,
  accountLine,
  adDaily,
  adLine,
  breakdownTables,
  campaignConversionDaily,
  campaignConversionLine,
  campaignDaily,
  campaignLine,
  conversionDaily,
  conversionLine,
  type FactTable,
  networkConversionDaily,
  networkConversionLine,
  networkDaily,
  misfitOf,
  networkLine,
} from "./fact-tables.ts";
import { createStreamPrint, type StreamPrint } from "./fingerprint.ts";

export interface Staging {
  readonly client: pg.PoolClient;
  readonly connector: Connector;
  readonly pull: Pull;
  readonly sliceId: string;
  readonly accountKey: number;
  /** Ad and conversion rows go straight into the empty warehouse range rather than beside it. */
  readonly direct: boolean;
  /** Rows that went straight into each table of the warehouse. */
  readonly copiedStraight: Map<FactTable, number>;
  /** The breakdowns that this slice brought, in their order. */
  readonly breakdowns: BreakdownName[];
  /** Of each stream that went through: what it brought, hashed by day. */
  readonly prints: StreamPrint[];
  /** Days with a figure that cannot be stored, each with what it is: they fail, their neighbours do not. */
  readonly unfit: Map<string, string>;
  /** Told of every batch, for the progress display. */
  readonly onRows: (rows: number) => void;
}

/** A row for which table; `undefined` never. */
interface Line {
  readonly table: FactTable;
  readonly text: string;
}

/** The day of a row lies in what was asked for: a platform that answers more would otherwise touch other days. */
const inside = (pull: Pull, date: string): boolean => date >= pull.from && date <= pull.to;

/** The lines of a batch by table and day, in the order in which they came, without rows that cannot be stored. */
const sorted = <T extends { readonly date: string }>(
  batch: readonly T[],
  { pull, unfit }: Staging,
  lineOf: (row: T) => Line,
): ReadonlyMap<FactTable, ReadonlyMap<string, readonly string[]>> => {
  const tables = new Map<FactTable, Map<string, string[]>>();
  for (const row of batch) {
    if (!inside(pull, row.date)) continue;
    const misfit = misfitOf(row);
    if (misfit !== undefined) {
      if (!unfit.has(row.date)) unfit.set(row.date, misfit);
      continue;
    }
    const { table, text } = lineOf(row);
    let days = tables.get(table);
    if (!days) tables.set(table, (days = new Map()));
    const lines = days.get(row.date);
    if (lines) lines.push(text);
    else days.set(row.date, [text]);
  }
  return tables;
};

/**
 * Copies one stream of the connector. Rows of one table flow through a single COPY while the stream goes on; a
 * change of table ends one COPY and begins the next. On a transient break everything of this stream is rolled
 * back and it is asked again.
 */
export const copyStream = async <T extends { readonly date: string }>(
  staging: Staging,
  stream: () => AsyncIterable<readonly T[]>,
  lineOf: (row: T) => Line,
  placeOf: (table: FactTable) => Place,
): Promise<number> => {
  const { client, pull } = staging;
  for (let attempt = 1; ; attempt += 1) {
    await client.query("savepoint stream");
    let open: { table: FactTable; copy: Copy; place: Place } | undefined;
    let rows = 0;
    const straight = new Map<FactTable, number>();
    const print = createStreamPrint();
    const end = async (): Promise<void> => {
      if (!open) return;
      const landed = await open.copy.end();
      if (open.place.schema === "warehouse")
        straight.set(open.table, (straight.get(open.table) ?? 0) + landed);
    };
    try {
      for await (const batch of stream()) {
        pull.signal.throwIfAborted();
        for (const [table, days] of sorted(batch, staging, lineOf)) {
          for (const [date, lines] of days) print.add(table.name, date, lines);
          if (open?.table !== table) {
            await end();
            const place = placeOf(table);
            open = { table, place, copy: openCopy(client, table, place, pull.signal) };
          }
          await open.copy.write([...days.values()].flat());
        }
        rows += batch.length;
        staging.onRows(batch.length);
      }
      await end();
      await client.query("release savepoint stream");
      for (const [table, landed] of straight)
        staging.copiedStraight.set(table, (staging.copiedStraight.get(table) ?? 0) + landed);
      staging.prints.push(print);
      return rows;
    } catch (error) {
      await open?.copy.abort(error instanceof Error ? error : new Error(String(error)));
      pull.signal.throwIfAborted();
      const failure = dataFailure(error) ?? asFailure(error);
      // A stream that never began was asked for often enough by the request itself.
      const broke = failure.kind === "transient" && rows > 0 && !isDatabaseError(error);
      if (!broke || attempt >= retries.stream.attempts) throw error;
      await client.query("rollback to savepoint stream");
      staging.onRows(-rows);
    }
  }
};

/** Errors that Postgres itself reports carry a five-character SQLSTATE. */
export const isDatabaseError = (error: unknown): error is Error & { code: string } =>
  error instanceof Error && /^[0-9A-Z]{5}$/.test(String((error as { code?: unknown }).code));

/** A figure that Postgres refuses (numeric overflow, a malformed date) is the platform's data, not our fault. */
export const dataFailure = (error: unknown): Failure | undefined =>
  isDatabaseError(error) && error.code.startsWith("22")
    ? new Failure({
        kind: "data",
        message: `a figure does not fit the warehouse: ${error.message}`,
        remedy: "check which figure the platform sent; nothing of this window was published",
        cause: error,
      })
    : undefined;

/**
 * Pulls every stream of facts of the slice into its table and returns the number of rows. Fine streams go first: what
 * arrives between two calls then makes the coarser figure larger, which a residual row covers. It never gets smaller.
 */
export const stageFacts = async (staging: Staging): Promise<number> => {
  const { connector, pull, sliceId, accountKey, direct } = staging;
  const beside: Place = { schema: "staging", sliceId, accountKey };
  const among: Place = direct ? { schema: "warehouse", accountKey } : beside;
  const stagedPlace = () => beside;
  let rows = 0;
  rows += await copyStream(
    staging,
    () => connector.performance(pull),
    (row) => ({ table: adDaily, text: adLine(row) }),
    () => among,
  );
  rows += await copyStream(
    staging,
    () => connector.conversions(pull),
    (row) => ({ table: conversionDaily, text: conversionLine(row) }),
    () => among,
  );
  rows += await copyStream(
    staging,
    () => connector.networks(pull),
    (row) =>
      row.kind === "delivery"
        ? { table: networkDaily, text: networkLine(row) }
        : { table: networkConversionDaily, text: networkConversionLine(row) },
    stagedPlace,
  );
  rows += await copyStream(
    staging,
    () => connector.totals(pull),
    (row) => ({ table: accountDaily, text: accountLine(row) }),
    stagedPlace,
  );
  return rows;
};

/**
 * Pulls the platform's own campaign totals, which explain where ads fall short of the account. Those of other days
 * are ignored: the figures of a day must not depend on the days that are pulled with it.
 */
export const stageCampaigns = async (staging: Staging, days: readonly string[]): Promise<number> => {
  const { connector, pull, sliceId, accountKey } = staging;
  const wanted = new Set(days);
  if (!connector.campaigns) return 0;
  const ask = connector.campaigns.bind(connector);
  return copyStream(
    staging,
    () => ofDays(ask(pull), wanted),
    (row) =>
      row.kind === "delivery"
        ? { table: campaignDaily, text: campaignLine(row) }
        : { table: campaignConversionDaily, text: campaignConversionLine(row) },
    () => ({ schema: "staging", sliceId, accountKey }),
  );
};

async function* ofDays<T extends { readonly date: string }>(
  batches: AsyncIterable<readonly T[]>,
  days: ReadonlySet<string>,
): AsyncGenerator<readonly T[]> {
  for await (const batch of batches) yield batch.filter(({ date }) => days.has(date));
}

const stagedTables = ({ breakdowns }: Pick<Staging, "breakdowns">): readonly FactTable[] => [
  adDaily,
  conversionDaily,
  networkDaily,
  networkConversionDaily,
  campaignDaily,
  campaignConversionDaily,
  accountDaily,
  ...breakdowns.flatMap((breakdown) => breakdownTables[breakdown]),
];

/**
 * Whether some key may have come twice. Hashes of keys fit into memory where a million keys themselves do not; two
 * keys with one hash cost no more than the closer look.
 */
const hasRepeats = async (client: pg.PoolClient, table: FactTable, sliceId: string): Promise<boolean> => {
  const { rows } = await client.query(
    `select from staging.${table.name} where slice_id = $1
     group by hash_record_extended(row(${table.key.join(", ")}), 0) having count(*) > 1 limit 1`,
    [sliceId],
  );
  return rows.length > 0;
};

/** A row that a platform sent twice (a batch repeated, a page that overlaps) is kept once. */
export const dropRepeats = async (staging: Staging): Promise<void> => {
  const { client, sliceId, direct } = staging;
  for (const table of stagedTables(staging)) {
    // Straight among the published rows, the primary key has refused a repeat already.
    if (direct && (table === adDaily || table === conversionDaily)) continue;
    if (!(await hasRepeats(client, table, sliceId))) continue;
    await client.query(
      `delete from staging.${table.name} s
       using (
         select ${table.key.join(", ")}, max(ctid) as kept
         from staging.${table.name} where slice_id = $1
         group by ${table.key.join(", ")} having count(*) > 1
       ) repeated
       where s.slice_id = $1 and s.ctid <> repeated.kept
         and (${table.key.map((column) => `s.${column}`).join(", ")})
           = (${table.key.map((column) => `repeated.${column}`).join(", ")})`,
      [sliceId],
    );
  }
};

/** Leaves nothing of the slice in staging. */
export const clearStaging = async (staging: Staging): Promise<void> => {
  const { client, sliceId } = staging;
  const tables = [...stagedTables(staging).map(({ name }) => name), "delivery_part", "outcome_part"];
  const [last, ...rest] = tables.map((name) => `delete from staging.${name} where slice_id = $1`);
  await client.query(
    `with ${rest.map((statement, index) => `t${String(index)} as (${statement})`).join(", ")} ${last ?? ""}`,
    [sliceId],
  );
};
