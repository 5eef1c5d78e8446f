import type { SchemaElement } from "hyparquet";
import { ByteWriter, type ColumnSource, ParquetWriter } from "hyparquet-writer";
import { toUnits } from "../../domain/decimal.ts";
import { Failure } from "../../domain/failure.ts";
import type { ExportColumn } from "./tables.ts";

type Value = string | null;
type Row = readonly Value[];

const unscaled = (text: string, precision: number, scale: number, name: string): bigint => {
  const [written, fraction = ""] = /^-?\d+(?:\.(\d+))?$/.exec(text) ?? [];
  const units =
    written === undefined || fraction.replace(/0+$/, "").length > scale ? undefined : toUnits(text, scale);
  if (units === undefined || String(units).replace("-", "").length > precision)
    throw new Failure({
      kind: "data",
      message: `${name} holds ${text}, which a Parquet column of ${String(precision)} digits cannot`,
      remedy: "export the table as csv or ndjson",
    });
  return units;
};

/** What a column is in the file, and how its text is read. */
interface Field {
  readonly element: SchemaElement;
  readonly read: (text: string) => unknown;
}

const decimalField = ({ name, precision = 1, scale = 0 }: ExportColumn): Field => {
  const decimal = { name, repetition_type: "OPTIONAL", converted_type: "DECIMAL", precision, scale } as const;
  return {
    element:
      precision <= 18
        ? { ...decimal, type: "INT64" }
        : { ...decimal, type: "FIXED_LEN_BYTE_ARRAY", type_length: 16 },
    read: (text) => unscaled(text, precision, scale, name),
  };
};

const fieldOf = (column: ExportColumn): Field => {
  const { name } = column;
  const optional = { name, repetition_type: "OPTIONAL" } as const;
  switch (column.kind) {
    case "int32":
      return { element: { ...optional, type: "INT32" }, read: Number };
    case "int64":
      return { element: { ...optional, type: "INT64" }, read: BigInt };
    case "boolean":
      return { element: { ...optional, type: "BOOLEAN" }, read: (text) => text === "t" };
    case "date":
      return {
        element: { ...optional, type: "INT32", converted_type: "DATE" },
        read: (text) => Date.parse(text) / 86_400_000,
      };
    case "timestamp":
      return {
        element: { ...optional, type: "INT64", converted_type: "TIMESTAMP_MICROS" },
        read: BigInt,
      };
    case "decimal":
      return decimalField(column);
    case "text":
      return { element: { ...optional, type: "BYTE_ARRAY", converted_type: "UTF8" }, read: (text) => text };
  }
};

/** Timestamps travel as microseconds since 1970; what states no digits is cut to those of its column. */
export const parquetExpression = ({ kind, scale }: ExportColumn, quoted: string): string => {
  if (kind === "timestamp") return `(extract(epoch from ${quoted}) * 1000000)::bigint`;
  return kind === "decimal" ? `round(${quoted}, ${String(scale ?? 0)})` : quoted;
};

/** A Parquet file, chunk by chunk: each batch of rows becomes one row group, and leaves before the next is read. */
export async function* parquetFile(
  columns: readonly ExportColumn[],
  batches: AsyncIterable<readonly Row[]>,
): AsyncGenerator<Uint8Array> {
  const fields = columns.map(fieldOf);
  const bytes = new ByteWriter();
  const take = (): Uint8Array => {
    const chunk = new Uint8Array(bytes.buffer.slice(0, bytes.index));
    bytes.index = 0;
    return chunk;
  };
  const writer = new ParquetWriter({
    writer: bytes,
    schema: [{ name: "root", num_children: fields.length }, ...fields.map(({ element }) => element)],
    createdBy: "costper",
  });
  for await (const rows of batches) {
    const columnData: ColumnSource[] = fields.map(({ element, read }, index) => ({
      name: element.name,
      data: rows.map((row) => {
        const value = row[index];
        return value === null || value === undefined ? null : read(value);
      }),
    }));
    await writer.write({ columnData, rowGroupSize: rows.length });
    yield take();
  }
  await writer.finish();
  yield take();
}
