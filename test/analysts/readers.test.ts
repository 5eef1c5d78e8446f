import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import * as z from "zod";
import { seedWarehouse } from "../../scripts/warehouse-docs/render.ts";
import { exportTable } from "../../src/warehouse/export/export.ts";
import { findTable } from "../../src/warehouse/export/tables.ts";
import { freshDatabase } from "../support/database.ts";

const { signal } = new AbortController();

/** A Python that has the readers; `.ci/run` makes one. */
const python = [process.env["COSTPER_TEST_PYTHON"] ?? "", "python3"].find(
  (program) => program !== "" && spawnSync(program, ["-c", "import pyarrow, pandas, duckdb"]).status === 0,
);

const answerShape = z.record(z.string(), z.record(z.string(), z.unknown()));

// Without these packages the files' own schemas are looked at, in export.test.ts.
test.skipIf(python === undefined)(
  "every table partitioned by month is read by pyarrow, pandas and duckdb, to the last digit",
  { timeout: 300_000 },
  async () => {
    const database = await freshDatabase();
    await seedWarehouse(database);
    const root = await mkdtemp(join(tmpdir(), "costper-readers-"));
    onTestFinished(() => rm(root, { recursive: true, force: true }));
    const { rows: names } = await database.pool.query<{ name: string }>(
      `select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname in ('marts', 'ad_reporting', 'warehouse') and c.relkind in ('r', 'p', 'v') and not c.relispartition
       order by 1`,
    );
    const tables: { table: string; folder: string; decimals: string[]; part: string }[] = [];
    const expected: Record<string, unknown> = {};
    for (const { name } of names) {
      const { columns, day } = await findTable(database, name);
      if (day === undefined) continue;
      const folder = join(root, name);
      const files = await exportTable(database, {
        table: name,
        format: "parquet",
        destination: folder,
        partitionBy: "month",
        signal,
      });
      if (files.length === 0) continue;
      const decimals = columns.filter(({ kind }) => kind === "decimal").map((column) => column.name);
      const months = (await readdir(folder)).map((part) => part.split("="));
      tables.push({ table: name, folder, decimals, part: months[0]?.[0] ?? "" });
      const sums = decimals.map((column) => `trim_scale(sum("${column}"))::text as "${column}"`).join(", ");
      const { rows: found } = await database.pool.query(`select ${sums || "null as nothing"} from ${name}`);
      const told = {
        rows: files.reduce((sum, { rows }) => sum + rows, 0),
        columns: expect.arrayContaining(columns.map((column) => column.name)) as unknown,
        months: months.map(([, month = ""]) => month).sort(),
        sums: decimals.length === 0 ? {} : (found[0] as unknown),
      };
      expected[name] = {
        pyarrow: expect.objectContaining(told) as unknown,
        pandas: expect.objectContaining(told) as unknown,
        duckdb: expect.objectContaining(told) as unknown,
      };
    }
    expect(tables.length).toBeGreaterThan(15);
    const read = spawnSync(python ?? "", [join(import.meta.dirname, "readers", "read.py")], {
      input: JSON.stringify({ tables }),
      encoding: "utf8",
      maxBuffer: 100_000_000,
    });
    expect(read.stderr).toBe("");
    expect(answerShape.parse(JSON.parse(read.stdout))).toEqual(expected);
  },
);
