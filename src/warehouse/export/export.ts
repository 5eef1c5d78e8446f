import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { PoolClient } from "pg";
import { to as copyTo } from "pg-copy-streams";
import { addDays, addMonths, type Day, earlierDay, laterDay } from "../../domain/day.ts";
import { Failure } from "../../domain/failure.ts";
import type { Database } from "../database.ts";
import { begin, setLocal } from "../transaction.ts";
import { ndjsonExpression, ndjsonLines } from "./ndjson.ts";
import { parquetExpression, parquetFile } from "./parquet.ts";
import { type RowRange, selectMonths, selectRows } from "./select.ts";
import { type ExportTable, findTable } from "./tables.ts";

export const exportFormats = ["csv", "parquet", "ndjson"] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface ExportOptions extends RowRange {
  /** With or without schema. */
  readonly table: string;
  readonly format: ExportFormat;
  /**
   * A file a month, in folders `month=2026-10` as readers of partitioned data know them. The folder's name becomes a
   * column: where the table has a `month` of its own, it is `partition_month=2026-10`.
   */
  readonly partitionBy?: "month" | undefined;
  /** A folder, made if missing, or a stream, which is left open. */
  readonly destination: string | Writable;
  readonly signal: AbortSignal;
}

export interface ExportedFile {
  /** Undefined for a stream. */
  readonly file: string | undefined;
  readonly rows: number;
}

/** Rows that are held in memory at once. */
const batchSize = 10_000;

type Row = readonly (string | null)[];

/** Every value as the text that Postgres sends. */
const asText = { getTypeParser: () => (text: string) => text };

async function* readBatches(client: PoolClient, sql: string, signal: AbortSignal): AsyncGenerator<Row[]> {
  await client.query(`declare export_rows no scroll cursor for ${sql}`);
  for (;;) {
    signal.throwIfAborted();
    const { rows } = await client.query<(string | null)[]>({
      text: `fetch ${String(batchSize)} from export_rows`,
      rowMode: "array",
      types: asText,
    });
    if (rows.length === 0) break;
    yield rows;
  }
  await client.query("close export_rows");
}

/** Writes the rows of one file; returns how many. */
const writeRows = async (
  client: PoolClient,
  table: ExportTable,
  range: RowRange,
  { format, signal }: Pick<ExportOptions, "format" | "signal">,
  sink: Writable,
  end: boolean,
): Promise<number> => {
  if (format === "csv") {
    const stream = client.query(
      copyTo(`copy (${selectRows(table, range)}) to stdout with (format csv, header)`),
    );
    await pipeline(stream, sink, { signal, end });
    return stream.rowCount;
  }
  let count = 0;
  async function* counted(sql: string) {
    for await (const rows of readBatches(client, sql, signal)) {
      count += rows.length;
      yield rows;
    }
  }
  const { columns } = table;
  const chunks =
    format === "parquet"
      ? parquetFile(columns, counted(selectRows(table, range, parquetExpression)))
      : ndjsonLines(columns, counted(selectRows(table, range, ndjsonExpression)));
  await pipeline(Readable.from(chunks, { objectMode: true, highWaterMark: 1 }), sink, { signal, end });
  return count;
};

/** A file that is there is whole: it gets its name when its last byte is written. */
const writeFile = async (file: string, write: (sink: Writable) => Promise<number>): Promise<ExportedFile> => {
  await mkdir(dirname(file), { recursive: true });
  const half = `${file}.partial`;
  try {
    const rows = await write(createWriteStream(half));
    await rename(half, file);
    return { file, rows };
  } catch (error) {
    await rm(half, { force: true });
    throw error;
  }
};

const refuse = (message: string, remedy: string): never => {
  throw new Failure({ kind: "request", code: "usage", message, remedy });
};

const checkOptions = ({ from, to, partitionBy, destination }: ExportOptions, table: ExportTable): void => {
  if (table.day === undefined && (from !== undefined || to !== undefined || partitionBy !== undefined))
    refuse(
      `${table.schema}.${table.name} has no days to choose by`,
      "leave out --from, --to and --partition-by",
    );
  if (from !== undefined && to !== undefined && from > to)
    refuse(`from ${from} is after to ${to}`, "swap them");
  if (partitionBy !== undefined && typeof destination !== "string")
    refuse("one stream cannot hold a file a month", "name a folder, or leave out --partition-by");
};

const monthOf = (month: Day, { from = month, to }: RowRange): Required<RowRange> => {
  const last = addDays(addMonths(month, 1), -1);
  return { from: laterDay(from, month), to: to === undefined ? last : earlierDay(to, last) };
};

/**
 * Writes a table as it stands at one moment. Memory stays bounded whatever its size, decimals stay exact.
 * @throws Failure `request` (code `usage`) where the table or the range cannot be.
 */
export const exportTable = async (
  database: Database,
  options: ExportOptions,
): Promise<readonly ExportedFile[]> => {
  const table = await findTable(database, options.table);
  checkOptions(options, table);
  const { destination, format, from, to } = options;
  const client = await database.pool.connect();
  let failed: unknown = true;
  try {
    await begin(client, "reading");
    await client.query(setLocal({ timezone: "UTC", datestyle: "ISO, YMD" }));
    // The key's index gives the rows in their order: to sort a whole mart takes as much disk again.
    if (table.key.length > 0) await client.query(setLocal({ enable_sort: "off", enable_hashjoin: "off" }));
    const write = (range: RowRange, sink: Writable, end: boolean) =>
      writeRows(client, table, range, options, sink, end);
    const fileName = `${table.schema}.${table.name}.${format}`;
    const files: ExportedFile[] = [];
    if (typeof destination !== "string")
      files.push({ file: undefined, rows: await write({ from, to }, destination, false) });
    else if (options.partitionBy === undefined)
      files.push(await writeFile(join(destination, fileName), (sink) => write({ from, to }, sink, true)));
    else {
      const part = table.columns.some(({ name }) => name === "month") ? "partition_month" : "month";
      const { rows: months } = await client.query<{ month: Day }>(selectMonths(table, { from, to }));
      for (const { month } of months)
        files.push(
          await writeFile(join(destination, `${part}=${month.slice(0, 7)}`, fileName), (sink) =>
            write(monthOf(month, { from, to }), sink, true),
          ),
        );
    }
    await client.query("commit");
    failed = undefined;
    return files;
  } catch (error) {
    options.signal.throwIfAborted();
    throw error;
  } finally {
    // A connection in the middle of a COPY is of no use to anybody else.
    client.release(failed !== undefined);
  }
};
