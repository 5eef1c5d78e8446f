import { closest, distance } from "fastest-levenshtein";
import type { Database } from "../database.ts";
import { Failure } from "../../domain/failure.ts";

/** How a column's text is read, and what it becomes in Parquet. */
export type ColumnKind = "int32" | "int64" | "boolean" | "date" | "timestamp" | "decimal" | "text";

export interface ExportColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  /** Of a decimal: digits in all and after the point. */
  readonly precision?: number;
  readonly scale?: number;
}

export interface ExportTable {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly ExportColumn[];
  /** Columns of the primary key, of a mart that of the figures under it; empty for other views. */
  readonly key: readonly string[];
  /** The column that `from` and `to` are about, if there is one. */
  readonly day: string | undefined;
}

/** What may be exported, in the order in which a name without schema is looked up. */
const schemas = ["marts", "ad_reporting", "warehouse"];
const operational = ["account_day", "slice", "alert", "alert_event"];

const dayColumns = ["date", "date_day", "week", "month", "rate_date"];

const kinds: Readonly<Record<string, ColumnKind>> = {
  int2: "int32",
  int4: "int32",
  int8: "int64",
  bool: "boolean",
  date: "date",
  timestamptz: "timestamp",
  numeric: "decimal",
};

/** What a column of plain `numeric` is in a file, whatever its values: files of two months must have one type. */
const unbounded = { precision: 38, scale: 18 } as const;

const columnOf = ({ name, type, typmod }: { name: string; type: string; typmod: number }): ExportColumn => {
  const kind = kinds[type] ?? "text";
  // The modifier of numeric(p, s) is ((p << 16) | s) + 4.
  if (kind !== "decimal") return { name, kind };
  return typmod >= 4
    ? { name, kind, precision: (typmod - 4) >> 16, scale: (typmod - 4) & 0xffff }
    : { name, kind, ...unbounded };
};

const readNames = async ({ pool }: Database): Promise<string[]> => {
  const { rows } = await pool.query<{ name: string }>(
    `select n.nspname || '.' || c.relname as name
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
       and (n.nspname = any ($1) or n.nspname = 'ops' and c.relname = any ($2))
     order by array_position($1, n.nspname::text), c.relname`,
    [schemas, operational],
  );
  return rows.map(({ name }) => name);
};

const unknownTable = (wanted: string, names: readonly string[]): Failure => {
  if (names.length === 0)
    return new Failure({
      kind: "request",
      code: "usage",
      message: "the database holds no warehouse yet",
      remedy: "run costper migrate",
    });
  const bare = names.map((name) => name.replace(/^.*\./, ""));
  const nearest = closest(wanted, [...names, ...bare]);
  return new Failure({
    kind: "request",
    code: "usage",
    message: `there is no table ${JSON.stringify(wanted.slice(0, 80))}`,
    remedy:
      distance(wanted, nearest) <= Math.max(3, wanted.length / 2)
        ? `did you mean ${nearest}?`
        : `there are ${names.join(", ")}`,
  });
};

/**
 * Finds a table or view by its name, with or without schema.
 * @throws Failure `request` with the nearest name where there is none.
 */
export const findTable = async (database: Database, wanted: string): Promise<ExportTable> => {
  const names = await readNames(database);
  const found = names.find((name) => name === wanted || name.replace(/^.*\./, "") === wanted);
  if (found === undefined) throw unknownTable(wanted, names);
  const [schema = "", name = ""] = found.split(".");
  const { rows } = await database.pool.query<{ name: string; type: string; typmod: number; place: number }>(
    `select a.attname as name, t.typname as type, a.atttypmod as typmod,
            coalesce(array_position(k.names, a.attname::text), -1)::integer as place
     from pg_attribute a
     join pg_type t on t.oid = a.atttypid
     left join lateral (
       select array_agg(p.attname::text order by array_position(i.indkey::int2[], p.attnum)) as names
       from pg_index i
       join pg_attribute p on p.attrelid = i.indrelid and p.attnum = any (i.indkey)
       where i.indrelid = coalesce(to_regclass(format('figures.%I', $2::text)), a.attrelid) and i.indisprimary
     ) k on true
     where a.attrelid = to_regclass(format('%I.%I', $1::text, $2::text)) and a.attnum > 0 and not a.attisdropped
     order by a.attnum`,
    [schema, name],
  );
  const key = rows.filter(({ place }) => place >= 0).sort((a, b) => a.place - b.place);
  return {
    schema,
    name,
    columns: rows.map(columnOf),
    key: key.map((column) => column.name),
    day: dayColumns.find((day) => rows.some((column) => column.name === day && column.type === "date")),
  };
};
