import type { PoolClient } from "pg";
import type { Database } from "../warehouse/database.ts";
import { begin } from "../warehouse/transaction.ts";
import type { DayRange } from "../domain/day.ts";
import { type CsvRecord, isEmptyRecord, isPreamble, readCsv, type Separator } from "./csv.ts";
import type { Encoding } from "./decode.ts";
import { type ForeignFormat, preambleZone } from "./formats.ts";
import { type Header, readHeader } from "./header.ts";
import { type ImportContext, type ImportKind, type Merged, type Values, withOrigin } from "./kinds/kind.ts";
import type { History } from "./ledger/history.ts";
import { buryForgotten } from "./ledger/tombstones.ts";
import { BrokenFile, type RowProblem, Unreadable } from "./problem.ts";
import { openRefused, type RefusedFile } from "./refused.ts";
import { readRow } from "./rows.ts";
import { openStaging } from "./staging.ts";
import type { ValueFormat } from "./value-format.ts";

export interface ImportOptions {
  readonly database: Database;
  readonly kind: ImportKind;
  /** A CSV; or, of what is none, the records that it would have had, header first. */
  readonly bytes: AsyncIterable<Uint8Array> | { readonly records: AsyncIterable<CsvRecord> };
  /** Name of the file, kept with its rows. */
  readonly source: string;
  readonly context: ImportContext;
  /** Undefined: read off the header line. */
  readonly separator?: Separator;
  /** Undefined: UTF-8, or what the byte order mark says. */
  readonly encoding?: Encoding;
  /** How dates and numbers are written; undefined: nothing was declared. */
  readonly values?: ValueFormat;
  /** Stored rows of these days that the file does not hold are withdrawn. */
  readonly replace?: DayRange;
  /** The file's dates of a lead's life win over earlier ones that were stored. */
  readonly correct?: boolean;
  /** What the origin tells no past of: it is left alone where dates are corrected. */
  readonly keepHistory?: readonly History[];
  /** Name of the source that the rows come from by themselves; undefined: a file that somebody imports. */
  readonly sourceName?: string;
  /** Leads that were deleted at their origin go on counting, without what leads back to a person. */
  readonly keepDeleted?: boolean;
  /** The visit and the loss that are stored stand, whatever a CRM says later. */
  readonly keepFirst?: boolean;
  /** The rows may also hold what a CRM's own source keeps beside. */
  readonly ofCrm?: boolean;
  /** Headings by the names of ours that they mean, where the file has its own. */
  readonly headings?: Readonly<Record<string, string>>;
  /** Put before every id, so that ids of different origins never meet. */
  readonly idPrefix?: string;
  /** A cell that looks like personal data is left out and told here; absent: it refuses the line. */
  readonly onRedacted?: (column: string) => void;
  /** Done before the rows are merged and after, in the same transaction. */
  readonly beforeMerge?: (client: PoolClient) => Promise<void>;
  readonly afterMerge?: (client: PoolClient) => Promise<Partial<Merged> | void>;
  readonly format?: ForeignFormat;
  /** Loads what is good, and writes the refused lines to this file, if any is named; undefined: one bad line refuses them all. */
  readonly skipBad?: { readonly refusedFile?: string };
  /** Goes through everything and changes nothing. */
  readonly dryRun?: boolean;
  readonly onProblem: (problem: RowProblem) => void;
  readonly onWarning: (warning: string) => void;
  readonly signal?: AbortSignal;
}

export interface ImportResult extends Merged {
  /** Lines with data. */
  readonly read: number;
  readonly refused: number;
  /** Lines that a later line of the same file replaced. */
  readonly repeated: number;
  /** False where nothing of the file was loaded: it was refused, or it was a dry run. */
  readonly loaded: boolean;
  readonly refusedFile?: string;
}

const nothing: Merged = { inserted: 0, changed: 0, unchanged: 0 };

/**
 * Reads a CSV and merges it into the warehouse in one transaction: all of it, or nothing. Memory does not grow with
 * the file. Everything wrong with it goes to `onProblem`, line by line.
 */
export const importFile = async (options: ImportOptions): Promise<ImportResult> => {
  const { kind, ofCrm = false } = options;
  const client = await options.database.pool.connect();
  const refusedName = options.dryRun === true ? undefined : options.skipBad?.refusedFile;
  const refused = refusedName === undefined ? undefined : openRefused(refusedName);
  try {
    await begin(client);
    const result = await load(client, ofCrm ? { ...options, kind: withOrigin(kind) } : options, refused);
    await client.query(result.loaded ? "commit" : "rollback");
    const written = await refused?.close(result.loaded);
    return { ...result, ...(written === undefined ? {} : { refusedFile: written }) };
  } catch (error) {
    await client.query("rollback").catch(() => undefined);
    await refused?.close(false);
    throw error;
  } finally {
    client.release();
  }
};

interface Count {
  read: number;
  refused: number;
}

const load = async (
  client: PoolClient,
  options: ImportOptions,
  refused: RefusedFile | undefined,
): Promise<ImportResult> => {
  const { kind } = options;
  const count: Count = { read: 0, refused: 0 };
  const whole = await stage(client, options, count, refused);
  const good = count.read - count.refused;
  const stops = !whole || (count.refused > 0 && options.skipBad === undefined);
  if (stops) return { ...nothing, ...count, repeated: 0, loaded: false };
  const repeated = await warnOfRepeats(client, options);
  await warnOfCutIds(client, options);
  const { context, source, sourceName, replace, correct = false, keepDeleted = false } = options;
  const { keepFirst = false, keepHistory = [] } = options;
  const timeZone = context.timeZone ?? "utc";
  const run = { source, sourceName, timeZone, replace, correct, keepDeleted, keepFirst, keepHistory };
  try {
    await buryForgotten(client, kind.name);
    await options.beforeMerge?.(client);
    const merged = good === 0 ? nothing : await kind.merge(client, run);
    const more = (await options.afterMerge?.(client)) ?? {};
    const withdrawn = (merged.withdrawn ?? 0) + (more.withdrawn ?? 0);
    return { ...merged, withdrawn, ...count, repeated, loaded: options.dryRun !== true };
  } catch (error) {
    if (!(error instanceof BrokenFile)) throw error;
    options.onProblem({ line: error.line, column: error.column, reason: error.message });
    return { ...nothing, ...count, repeated, loaded: false };
  }
};

/** Reads the file into the staging table; false where the file as a whole cannot be taken. */
const stage = async (
  client: PoolClient,
  options: ImportOptions,
  count: Count,
  refused: RefusedFile | undefined,
): Promise<boolean> => {
  const { kind, onProblem, onRedacted, format, context, signal, values = {} } = options;
  const staging = await openStaging(client, kind, signal);
  let header: Header | undefined;
  let zone: string | undefined;
  try {
    const { bytes } = options;
    for await (const record of "records" in bytes ? bytes.records : readCsv(bytes, options)) {
      signal?.throwIfAborted();
      if (header === undefined) {
        if (isEmptyRecord(record.fields)) continue;
        if (format !== undefined && isPreamble(record.fields[0] ?? "")) {
          zone = preambleZone(record.fields) ?? zone;
          continue;
        }
        header = takeHeader(record, options);
        if (header === undefined) return abandon(staging);
        refused?.header(record.raw);
        continue;
      }
      if (isEmptyRecord(record.fields)) continue;
      count.read += 1;
      const read = readRow(record, { kind, header, format, zone, values, context, onRedacted });
      if ("problems" in read) {
        count.refused += 1;
        read.problems.forEach(onProblem);
        await refused?.line(record.raw);
      } else if (count.refused === 0 || options.skipBad !== undefined) {
        await staging.add(record.line, withPrefix(read.row, options));
      }
    }
  } catch (error) {
    await staging.abort();
    if (!(error instanceof Unreadable)) throw error;
    onProblem({ line: error instanceof BrokenFile ? error.line : 1, column: "", reason: error.message });
    return false;
  }
  if (header === undefined) {
    onProblem({
      line: 1,
      column: "",
      reason: `the file is empty; its header names ${kind.required.join(", ")}`,
    });
    return abandon(staging);
  }
  await staging.end();
  // Without statistics the planner takes it for tiny, and would go through it row by row.
  await client.query("analyze import_row");
  if (count.read === 0 && options.replace !== undefined) {
    onProblem({ line: 1, column: "", reason: "the file holds no row, and would withdraw all of the range" });
    return false;
  }
  return true;
};

const abandon = async (staging: { abort(): Promise<void> }): Promise<false> => {
  await staging.abort();
  return false;
};

/** The row with the prefix before each id that is the company's own. */
const withPrefix = (row: Values, { kind, idPrefix = "" }: ImportOptions): Values =>
  idPrefix === ""
    ? row
    : {
        ...row,
        ...Object.fromEntries(
          kind.ownIds.flatMap((name) => {
            const id = row[name];
            return id === undefined ? [] : [[name, `${idPrefix}${id}`]];
          }),
        ),
      };

/** The header in our names, where the file's own are declared. */
const named = (fields: readonly string[], headings: Readonly<Record<string, string>>): readonly string[] => {
  const ours = new Map(
    Object.entries(headings).map(([name, heading]) => [heading.trim().toLowerCase(), name]),
  );
  return fields.map((field) => ours.get(field.trim().toLowerCase()) ?? field);
};

const takeHeader = (record: CsvRecord, options: ImportOptions): Header | undefined => {
  const { headings = {} } = options;
  const header = readHeader(named(record.fields, headings), options.kind, options.format);
  const written = record.fields.map((field) => field.trim().toLowerCase());
  for (const [name, heading] of Object.entries(headings))
    if (!written.includes(heading.trim().toLowerCase()))
      options.onProblem({
        line: record.line,
        column: heading,
        reason: `is missing from the header, while columns names it for ${name}`,
      });
  if (Object.values(headings).some((heading) => !written.includes(heading.trim().toLowerCase())))
    return undefined;
  header.warnings.forEach(options.onWarning);
  for (const problem of header.problems) options.onProblem({ line: record.line, ...problem });
  return header.problems.length === 0 ? header : undefined;
};

/**
 * Says where every long id of a column ends in zeros after its fifteenth digit: spreadsheets keep no more digits of a
 * number. It may be chance, so it is no refusal.
 */
const warnOfCutIds = async (client: PoolClient, { kind, onWarning }: ImportOptions): Promise<void> => {
  for (const column of kind.ids.filter((name) => name in kind.staging)) {
    const { rows } = await client.query<{ ids: string }>(
      `select count(distinct ${column}) as ids from import_row where ${column} ~ '^[0-9]{16,}$'
       having count(distinct ${column}) >= 3 and bool_and(${column} ~ '^[0-9]{15}0+$')`,
    );
    const [cut] = rows;
    if (cut !== undefined)
      onWarning(
        `all ${cut.ids} long ids in ${column} end in zeros after 15 digits, as a spreadsheet leaves them; keep the column as text there`,
      );
  }
};

const mostRepeatsTold = 20;

/** Says which rows of the file share a key, where only the last one counts. */
const warnOfRepeats = async (client: PoolClient, { kind, onWarning }: ImportOptions): Promise<number> => {
  if (kind.key.length === 0) return 0;
  const { rows } = await client.query<{ key: string; last: string; more: string; total: string }>(
    `select concat_ws(' ', ${kind.key.join(", ")}) as key, max(line) as last, count(*) - 1 as more,
            sum(count(*) - 1) over () as total
     from import_row group by ${kind.key.join(", ")} having count(*) > 1
     order by max(line) limit ${String(mostRepeatsTold)}`,
  );
  for (const { key, last, more } of kind.isHistory ? [] : rows)
    onWarning(
      `${kind.key.join(" ")} ${key} stands ${String(Number(more) + 1)} times in the file; line ${last} counts`,
    );
  return Number(rows[0]?.total ?? 0);
};
