import type { Readable } from "node:stream";
import type { CellValue } from "hucre";
import type { Kysely } from "kysely";
import type * as z from "zod";
import type { DB } from "../../warehouse/schema.ts";
import type { BreakdownQuery } from "./breakdown.ts";
import { breakdownColumns, breakdownRows, type DownloadColumn, type Row } from "./breakdown-rows.ts";
import { channels, type channelsQuery } from "./channels.ts";
import { download, type Put } from "./download.ts";

export const xlsxType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/** Excel keeps fifteen digits of a number: one with more stays text, so that none is lost. */
const exactDigits = 15;

/** Digits of a decimal text that say something: zeros at either end only tell its size. */
const digitsOf = (decimal: string): number => decimal.replace(/[-.]/g, "").replace(/^0+|0+$/g, "").length;

/** A cell: figures are numbers, days are dates, and ids and names are text, whatever they look like. */
export const cellOf = (value: unknown, kind: DownloadColumn["kind"]): CellValue => {
  if (value === null || value === undefined) return null;
  if (kind === "yes-no") return value === true;
  const text = String(value);
  // A quotient is rounded as it is.
  if (kind === "ratio") return Number(text);
  if (kind === "figure") return digitsOf(text) <= exactDigits ? Number(text) : text;
  return kind === "day" ? new Date(`${text}T00:00:00Z`) : text;
};

async function* cellsOf(
  columns: readonly DownloadColumn[],
  batches: AsyncIterable<readonly Row[]>,
): AsyncGenerator<CellValue[]> {
  for await (const rows of batches)
    for (const row of rows) yield columns.map(({ key, kind }) => cellOf(row[key], kind));
}

/** The same batches, the first of them already read. */
const begun = async <Batch>(batches: AsyncIterable<Batch>): Promise<AsyncIterable<Batch>> => {
  const rest = batches[Symbol.asyncIterator]();
  const first = await rest.next();
  return (async function* () {
    for (let next = first; next.done !== true; next = await rest.next()) yield next.value;
  })();
};

const workbook = async (
  name: string,
  columns: readonly DownloadColumn[],
  batches: AsyncIterable<readonly Row[]>,
  put: Put,
): Promise<void> => {
  const { writeXlsxStream } = await import("hucre/xlsx");
  // The file begins with the first rows: what fails before them is an answer of its own.
  const cells = cellsOf(columns, await begun(batches));
  const stream = writeXlsxStream(cells, {
    name,
    columns: columns.map(({ title, kind }) => ({
      header: title,
      width: kind === "text" ? 24 : 16,
      ...(kind === "day" && { numFmt: "yyyy-mm-dd" }),
    })),
    freezePane: { rows: 1 },
  });
  for await (const piece of stream) if (!(await put(piece))) return;
};

/** Every row of a breakdown as a workbook of Excel, written while it is read. */
export const breakdownXlsx = (db: Kysely<DB>, query: BreakdownQuery): Readable =>
  download(db, (read, put) => workbook(query.by, breakdownColumns(query), breakdownRows(read, query), put));

const channelColumns: readonly DownloadColumn[] = [
  { title: "from", key: "from", kind: "day" },
  { title: "to", key: "to", kind: "day" },
  { title: "channel", key: "channel", kind: "text" },
  { title: "traffic", key: "traffic", kind: "text" },
  { title: "sessions", key: "sessions", kind: "figure" },
  { title: "conversions", key: "conversions", kind: "figure" },
  { title: "conversion_value", key: "conversion_value", kind: "figure" },
  { title: "currency", key: "currency", kind: "text" },
];

/** The channels as a workbook. */
export const channelsXlsx = (db: Kysely<DB>, query: z.infer<typeof channelsQuery>): Readable =>
  download(db, async (read, put) => {
    const { range, rows } = await channels(read, query);
    const lines = async function* () {
      yield rows.map((row): Row => ({ ...range, ...row }));
    };
    await workbook("channel", channelColumns, lines(), put);
  });
