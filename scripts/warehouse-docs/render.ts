import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { rebuild } from "../../src/metrics/rollup/rollup.ts";
import type { Database } from "../../src/warehouse/database.ts";
import { readRoutines, readTables, schemas, type Table } from "./catalog.ts";
import { exampleDay, type Question, questions } from "./questions.ts";

const run = async ({ pool }: Database, file: string): Promise<void> => {
  await pool.query(await readFile(join(import.meta.dirname, file), "utf8"));
};

/** Fills an empty warehouse with the data that the questions are answered on: facts by rule, marts by the rollup. */
export const seedWarehouse = async (database: Database): Promise<void> => {
  await run(database, "seed.sql");
  await rebuild(
    { pool: database.pool, reportingCurrency: "EUR", clock: () => new Date("2026-11-01T03:40:00Z") },
    { from: null, to: null },
  );
  await run(database, "seed-nights.sql");
};

const cell = (value: unknown): string => {
  if (value === null || value === undefined) return "";
  const text = value instanceof Date ? value.toISOString() : String(value);
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
};

const markdownTable = (head: readonly string[], rows: readonly (readonly unknown[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.map(cell).join(" | ")} |`).join("\n");

/** A figure as it is read best: `12.500000` is `12.5`. */
const shown = (value: unknown): unknown =>
  typeof value === "string" && /^-?\d+\.\d+$/.test(value) ? value.replace(/\.?0+$/, "") : value;

export const renderQuestion = async (database: Database, { question, sql }: Question): Promise<string> => {
  const { fields, rows } = await database.pool.query<unknown[]>({
    text: sql.replaceAll("current_date", `date '${exampleDay}'`),
    rowMode: "array",
  });
  const answer = markdownTable(
    fields.map(({ name }) => name),
    rows.map((row) => row.map(shown)),
  );
  return `### ${question}\n\n\`\`\`sql\n${sql};\n\`\`\`\n\n${answer}`;
};

const renderTable = ({ schema, name, kind, comment, columns }: Table): string =>
  `### ${schema}.${name}\n\n${kind === "view" ? "View. " : ""}${comment}\n\n${markdownTable(
    ["column", "type", "meaning"],
    columns.map((column) => [
      column.key ? `**${column.name}**` : column.name,
      `${column.type}${column.nullable ? ", may be NULL" : ""}`,
      column.comment,
    ]),
  )}`;

/** Who points to whom, by the columns that facts share with the dimensions (facts carry no foreign keys). */
const references: Readonly<Record<string, string>> = {
  account_key: "account",
  campaign_id: "campaign",
  ad_group_id: "ad_group",
  ad_id: "ad",
  conversion_action_id: "conversion_action",
};

const renderDiagram = (tables: readonly Table[]): string => {
  const drawn = tables.filter(({ schema, kind }) => kind === "table" && schema === "warehouse");
  const names = new Set(drawn.map(({ name }) => name));
  const lines = drawn.flatMap(({ name, columns }) => [
    `  ${name} {`,
    ...columns
      .filter(({ key, name: column }) => key || column in references)
      .map((column) => `    ${column.type.replace(/\W.*$/, "")} ${column.name}${column.key ? " PK" : ""}`),
    "  }",
  ]);
  const links = drawn.flatMap(({ name, columns }) =>
    columns.flatMap((column) => {
      const target = references[column.name];
      return target && target !== name && names.has(target)
        ? [`  ${target} ||--o{ ${name} : "${column.name}"`]
        : [];
    }),
  );
  return `\`\`\`mermaid\nerDiagram\n${[...lines, ...links].join("\n")}\n\`\`\``;
};

const introduction = `# The warehouse, for analysts

Written from the comments in the database by \`npm run docs:warehouse\`: change a comment in \`migrations/\`, not this page.

- \`marts\` is what to query: figures that the nightly rollup writes, with the names, the finality and the projections of today joined to them. \`warehouse\` holds the facts underneath, \`ad_reporting\` the same figures under the names of Fivetran's models.
- Money is \`numeric\`, in the account's currency unless the name ends in \`_reporting\`. Counts of conversions may be fractional.
- A date is the account's own reporting day. An id is the platform's own, as text; \`''\` where the platform names none.
- A ratio of several rows is the sum of the one column divided by the sum of the other, never an average of ratios. NULL means unknown or not defined, never 0.
- \`costper grant analyst NAME\` makes a role that may read all of this and nothing else; \`costper export TABLE\` writes a table as CSV, Parquet or NDJSON.
- **Bold** columns are the key: one row for each combination.`;

/** The whole page, from a migrated and seeded warehouse. */
export const renderPage = async (database: Database): Promise<string> => {
  const tables = await readTables(database);
  const routines = await readRoutines(database);
  const answers: string[] = [];
  for (const question of questions) answers.push(await renderQuestion(database, question));
  const sections = schemas.map(
    (schema) =>
      `## ${schema}\n\n${tables
        .filter((table) => table.schema === schema)
        .map(renderTable)
        .join("\n\n")}`,
  );
  return `${[
    introduction,
    `## How the tables hang together\n\n${renderDiagram(tables)}`,
    "## Twenty questions\n\nAnswered on the small example company in `scripts/warehouse-docs/seed.sql`, on 31 October 2026.",
    ...answers,
    ...sections,
    `## Functions\n\n${markdownTable(
      ["function", "arguments", "meaning"],
      routines.map(({ name, signature, comment }) => [name, signature, comment]),
    )}`,
  ].join("\n\n")}\n`;
};
