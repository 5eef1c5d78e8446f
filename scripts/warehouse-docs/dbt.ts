import { stringify } from "yaml";
import { platforms } from "../../src/connectors/registry.ts";
import type { Database } from "../../src/warehouse/database.ts";
import { type Column, readTables, type Table } from "./catalog.ts";

const heading = `# Sources for a dbt project on the warehouse: copy into models/. Figures are written by costper, never by dbt.
# Written from the comments in the database by \`npm run docs:warehouse\`: change a comment in migrations/, not this file.
`;

const sources = [
  {
    schema: "marts",
    name: "costper",
    description: "Cost per paid conversion, reconciled with the ad platforms' own totals.",
  },
  {
    schema: "warehouse",
    name: "costper_warehouse",
    description: "Facts and dimensions as the ad platforms report them.",
  },
  {
    schema: "ad_reporting",
    name: "ad_reporting",
    description: "The same figures under the names of Fivetran's ad reporting models.",
  },
] as const;

/** Columns that are never NULL, by `table.column`: those of a table, and of a mart those of the figures under it. */
const readFilled = async ({ pool }: Database): Promise<ReadonlySet<string>> => {
  const { rows } = await pool.query<{ name: string }>(
    `select case n.nspname when 'figures' then 'marts' else n.nspname end || '.' || c.relname || '.' || a.attname as name
     from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
     where n.nspname in ('figures', 'marts', 'warehouse') and c.relkind in ('r', 'p') and not c.relispartition
       and a.attnum > 0 and not a.attisdropped and a.attnotnull`,
  );
  return new Set(rows.map(({ name }) => name));
};

const testsOf = (table: Table, { name, key }: Column, filled: ReadonlySet<string>): readonly unknown[] => {
  const onlyKey = table.columns.filter((column) => column.key).length === 1;
  return [
    ...(filled.has(`${table.schema}.${table.name}.${name}`) ? ["not_null"] : []),
    ...(key && onlyKey ? ["unique"] : []),
    ...(name === "platform" && table.schema === "marts" && filled.has(`marts.${table.name}.platform`)
      ? [{ accepted_values: { values: [...platforms] } }]
      : []),
    ...(name === "traffic" && table.name === "conversion_daily"
      ? [{ accepted_values: { values: ["paid", "organic"] } }]
      : []),
    ...(name === "account_key" && table.name !== "account" && table.schema === "warehouse"
      ? [{ relationships: { to: "source('costper_warehouse', 'account')", field: "account_key" } }]
      : []),
  ];
};

/** When a table last changed, where it says so; a table that does not has no freshness. */
const loadedAt = ({ schema, columns }: Table): Readonly<Record<string, unknown>> => {
  if (schema !== "marts" || columns.some(({ name }) => name === "refreshed_at")) return {};
  return columns.some(({ name }) => name === "observed_at")
    ? { loaded_at_field: "observed_at" }
    : { freshness: null };
};

const tableOf = (table: Table, filled: ReadonlySet<string>): object => ({
  name: table.name,
  description: table.comment,
  ...loadedAt(table),
  columns: table.columns.map((column) => {
    const tests = testsOf(table, column, filled);
    return {
      name: column.name,
      description: column.comment,
      data_type: column.type,
      ...(tests.length > 0 && { data_tests: tests }),
    };
  }),
});

/** deploy/dbt/sources.yml, from a migrated warehouse. */
export const renderDbtSources = async (database: Database): Promise<string> => {
  const tables = await readTables(database);
  const filled = await readFilled(database);
  const text = stringify(
    {
      version: 2,
      sources: sources.map(({ schema, name, description }) => ({
        name,
        description,
        database: "{{ env_var('COSTPER_DATABASE', 'costper') }}",
        schema,
        ...(schema === "marts" && {
          loaded_at_field: "refreshed_at",
          // When a figure last changed: a night that changed nothing leaves it, hence two days of patience.
          freshness: {
            warn_after: { count: 48, period: "hour" },
            error_after: { count: 96, period: "hour" },
          },
        }),
        tables: tables.filter((table) => table.schema === schema).map((table) => tableOf(table, filled)),
      })),
    },
    { lineWidth: 0, aliasDuplicateObjects: false },
  );
  return `${heading}${text}`;
};
