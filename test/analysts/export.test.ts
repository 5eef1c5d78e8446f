import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { parse } from "csv-parse/sync";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { expect, onTestFinished, test } from "vitest";
import { seedWarehouse } from "../../scripts/warehouse-docs/render.ts";
import { exportTable, type ExportOptions } from "../../src/warehouse/export/export.ts";
import type { Database } from "../../src/warehouse/database.ts";
import { freshDatabase } from "../support/database.ts";

const { signal } = new AbortController();

const newFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "costper-export-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
};

const seeded = async (): Promise<Database> => {
  const database = await freshDatabase();
  await seedWarehouse(database);
  return database;
};

/** What the warehouse says itself, every value as text. */
const rowsOf = async (database: Database, sql: string): Promise<(string | null)[][]> => {
  const { rows } = await database.pool.query<(string | null)[]>({
    text: sql,
    rowMode: "array",
    types: { getTypeParser: () => (text: string) => text },
  });
  return rows;
};

const toText = async (
  database: Database,
  options: Pick<ExportOptions, "table" | "format"> & Partial<ExportOptions>,
): Promise<string> => {
  const sink = new PassThrough();
  const chunks: Buffer[] = [];
  sink.on("data", (chunk: Buffer) => chunks.push(chunk));
  await exportTable(database, { signal, destination: sink, ...options });
  expect(sink.writableEnded).toBe(false);
  return Buffer.concat(chunks).toString("utf8");
};

/** Decimals without their annotation come out as the whole numbers that are stored. */
const readRaw = async (
  file: string,
): Promise<{ rows: Record<string, unknown>[]; scales: Map<string, number> }> => {
  const buffer = await asyncBufferFromFile(file);
  const metadata = await parquetMetadataAsync(buffer);
  const scales = new Map<string, number>();
  for (const element of metadata.schema)
    if (element.converted_type === "DECIMAL") {
      scales.set(element.name, element.scale ?? 0);
      delete element.converted_type;
      delete element.logical_type;
    }
  return { rows: await parquetReadObjects({ file: buffer, metadata, utf8: false }), scales };
};

const wholeNumber = (value: unknown): bigint => {
  if (typeof value === "bigint") return value;
  const bytes = value as Uint8Array;
  return BigInt.asIntN(128, BigInt(`0x${Buffer.from(bytes).toString("hex")}`));
};

const decimalText = (value: bigint, scale: number): string => {
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, "0");
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return (value < 0n ? "-" : "") + text;
};

const trimmed = (text: string | null): string | null =>
  text?.replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "") ?? null;

test("CSV holds exactly what the table holds, in the order of its key", async () => {
  const database = await seeded();
  const text = await toText(database, { table: "marts.cost_per_conversion_daily", format: "csv" });
  const [head, ...rows] = parse(text) as string[][];
  expect(head?.slice(0, 3)).toEqual(["account_key", "date", "platform"]);
  const expected = await rowsOf(
    database,
    `select account_key, date, campaign_id, spend, cost_per_conversion, projected_conversions
     from marts.cost_per_conversion_daily order by account_key, date, campaign_id`,
  );
  const at = [
    "account_key",
    "date",
    "campaign_id",
    "spend",
    "cost_per_conversion",
    "projected_conversions",
  ].map((name) => head?.indexOf(name) ?? -1);
  expect(rows.map((row) => at.map((index) => row[index] || null))).toEqual(expected);
});

test("NDJSON keeps decimals as text and NULL as null", async () => {
  const database = await seeded();
  const text = await toText(database, {
    table: "cost_per_conversion_daily",
    format: "ndjson",
    from: "2026-10-12",
    to: "2026-10-12",
  });
  const rows = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(rows).toHaveLength(6);
  expect(rows[0]).toMatchObject({
    account_key: 1,
    date: "2026-10-12",
    platform: "google",
    spend: "317.200000",
    is_final: false,
    refreshed_at: "2026-11-01T03:40:00.000000Z",
  });
  expect(rows.some((row) => row["cost_per_conversion"] === null)).toBe(true);
});

test("Parquet holds every figure exactly, also ratios and negative amounts", async () => {
  const database = await seeded();
  await database.pool.query(
    `update figures.cost_per_conversion_daily
     set spend = -123456789012.345678, conversions = 7
     where date = '2026-10-12' and campaign_id = '101'`,
  );
  const folder = await newFolder();
  const [file] = await exportTable(database, {
    table: "cost_per_conversion_daily",
    format: "parquet",
    destination: folder,
    signal,
  });
  const { rows, scales } = await readRaw(file?.file ?? "");
  const figures = ["spend", "conversions", "cost_per_conversion", "conversion_rate", "spend_reporting"];
  const expected = await rowsOf(
    database,
    `select ${figures.join(", ")} from marts.cost_per_conversion_daily order by account_key, date, campaign_id`,
  );
  expect(file?.rows).toBe(expected.length);
  expect(scales.get("spend")).toBe(6);
  const actual = rows.map((row) =>
    figures.map((name) => {
      const value = row[name];
      return value === null || value === undefined
        ? null
        : trimmed(decimalText(wholeNumber(value), scales.get(name) ?? 0));
    }),
  );
  expect(actual).toEqual(expected.map((row) => row.map(trimmed)));
  expect(actual.some(([spend]) => spend === "-123456789012.345678")).toBe(true);
});

test("Parquet has dates, instants, counts and text of their own types", async () => {
  const database = await seeded();
  await database.pool.query(
    "update warehouse.account set name = 'Æbler, \"Øl\" & 日本' where account_key = 1",
  );
  const folder = await newFolder();
  const [file] = await exportTable(database, {
    table: "cost_per_conversion_daily",
    format: "parquet",
    destination: folder,
    from: "2026-10-12",
    signal,
  });
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(file?.file ?? "") });
  expect(rows[0]).toMatchObject({
    date: new Date("2026-10-12T00:00:00Z"),
    refreshed_at: new Date("2026-11-01T03:40:00Z"),
    account_key: 1,
    clicks: expect.any(BigInt) as bigint,
    is_final: false,
    account_name: 'Æbler, "Øl" & 日本',
  });
});

test("one file a month, each with its own days only, the range respected", async () => {
  const database = await seeded();
  const folder = await newFolder();
  const files = await exportTable(database, {
    table: "ad_daily",
    format: "csv",
    destination: folder,
    partitionBy: "month",
    from: "2026-09-15",
    to: "2026-10-02",
    signal,
  });
  expect((await readdir(folder)).sort()).toEqual(["month=2026-09", "month=2026-10"]);
  const days = await Promise.all(
    files.map(async ({ file }) =>
      (parse(await readFile(file ?? "", "utf8"), { columns: true }) as { date: string }[]).map(
        ({ date }) => date,
      ),
    ),
  );
  expect(days.map((dates) => [dates.sort()[0], dates.at(-1)])).toEqual([
    ["2026-09-15", "2026-09-30"],
    ["2026-10-01", "2026-10-02"],
  ]);
});

test("every column has one type in every month's file, whatever its values, and of marts the same for all figures", async () => {
  const database = await seeded();
  const schemas = async (table: string) => {
    const files = await exportTable(database, {
      table,
      format: "parquet",
      destination: await newFolder(),
      partitionBy: "month",
      signal,
    });
    return Promise.all(
      files.map(async ({ file }) =>
        (await parquetMetadataAsync(await asyncBufferFromFile(file ?? ""))).schema
          .slice(1)
          .map(({ name, type, converted_type, precision, scale }) =>
            [name, type, converted_type, precision, scale].join(" "),
          ),
      ),
    );
  };
  for (const table of [
    "cost_per_conversion_daily",
    "cost_per_conversion_by_ad_daily",
    "cost_per_conversion_by_action_daily",
    "cost_per_conversion_weekly",
    "ad_reporting__account_report",
  ]) {
    const [first, ...others] = await schemas(table);
    expect(others.length, table).toBeGreaterThan(0);
    for (const other of others) expect(other, table).toEqual(first);
    expect(first?.filter((column) => column.includes("DECIMAL") && !column.endsWith("DECIMAL 18 6"))).toEqual(
      [],
    );
  }
});

test("no figure of the warehouse, the marts or ad_reporting is without its number of digits", async () => {
  const database = await freshDatabase();
  const { rows } = await database.pool.query<{ name: string }>(`
    select a.attrelid::regclass || '.' || a.attname as name
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p', 'v')
    join pg_namespace n on n.oid = c.relnamespace and n.nspname in ('warehouse', 'marts', 'ad_reporting')
    where a.attnum > 0 and a.atttypid = 'numeric'::regtype and a.atttypmod < 0`);
  expect(rows).toEqual([]);
});

test("an empty table is a file with its columns and no row", async () => {
  const database = await freshDatabase();
  expect(await toText(database, { table: "warehouse.exchange_rate", format: "csv" })).toBe(
    "rate_date,base,quote,rate,source,loaded_at\n",
  );
  const folder = await newFolder();
  const [file] = await exportTable(database, {
    table: "cost_per_conversion_daily",
    format: "parquet",
    destination: folder,
    signal,
  });
  expect(await parquetReadObjects({ file: await asyncBufferFromFile(file?.file ?? "") })).toEqual([]);
});

test.each([
  [
    "cost_per_conversion_dayly",
    /no table "cost_per_conversion_dayly"/,
    /did you mean cost_per_conversion_daily\?/,
  ],
  ["warehouse.ad_daly", /no table/, /did you mean warehouse.ad_daily\?/],
  ["ops.kysely_migration", /no table/, /./],
  ["ad_daily_202610", /no table/, /./],
  ["x; drop table warehouse.account", /no table/, /./],
])("an unknown table %s is refused with the nearest name", async (table, message, remedy) => {
  const database = await seeded();
  const refused = exportTable(database, { table, format: "csv", destination: "unused", signal });
  await expect(refused).rejects.toThrow(message);
  await expect(refused).rejects.toMatchObject({
    kind: "request",
    remedy: expect.stringMatching(remedy) as string,
  });
});

test("a range is refused where the table has no days, and months where there is one stream", async () => {
  const database = await freshDatabase();
  await expect(
    exportTable(database, {
      table: "account",
      format: "csv",
      destination: "unused",
      from: "2026-10-01",
      signal,
    }),
  ).rejects.toThrow(/warehouse.account has no days/);
  await expect(toText(database, { table: "ad_daily", format: "csv", partitionBy: "month" })).rejects.toThrow(
    /one stream cannot hold a file a month/,
  );
});

test("two hundred thousand rows leave with little memory, and a slow reader holds the database back", async () => {
  const database = await freshDatabase();
  await database.pool.query(`
    insert into warehouse.exchange_rate (rate_date, base, quote, rate, source)
    select date '2000-01-01' + n % 4000, 'EUR', 'C' || n / 4000, 1.5, 'test' from generate_series(0, 199999) n`);
  let bytes = 0;
  let most = 0;
  const before = process.memoryUsage().rss;
  const slow = new Writable({
    highWaterMark: 64_000,
    write: (chunk: Buffer, _, done) => {
      bytes += chunk.length;
      most = Math.max(most, process.memoryUsage().rss);
      setImmediate(done);
    },
  });
  const [file] = await exportTable(database, {
    table: "exchange_rate",
    format: "parquet",
    destination: slow,
    signal,
  });
  expect(file?.rows).toBe(200_000);
  expect(bytes).toBeGreaterThan(200_000);
  expect(most - before).toBeLessThan(250_000_000);
});

test.each(["csv", "parquet", "ndjson"] as const)(
  "an interrupted %s export leaves no file, and the database connection is not reused",
  async (format) => {
    const database = await seeded();
    const folder = await newFolder();
    const controller = new AbortController();
    const running = exportTable(database, {
      table: "ad_daily",
      format,
      destination: folder,
      signal: controller.signal,
    });
    controller.abort(new DOMException("interrupted", "AbortError"));
    await expect(running).rejects.toMatchObject({ name: "AbortError" });
    expect(await readdir(folder)).toEqual([]);
    await expect(database.pool.query("select 1")).resolves.toBeDefined();
  },
);
