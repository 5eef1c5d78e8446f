import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Database } from "../src/warehouse/database.ts";
import { onMigratedDatabase } from "./migrated-database.ts";
import { readTables } from "./warehouse-docs/catalog.ts";
import { renderDbtSources } from "./warehouse-docs/dbt.ts";
import { withUnits } from "./warehouse-docs/grafana.ts";
import { renderPage, seedWarehouse } from "./warehouse-docs/render.ts";

/**
 * Writes docs/warehouse.md, deploy/dbt/sources.yml and the units of Grafana's dashboard from the database's own comments;
 * with `--check` says instead whether they are up to date.
 */
const root = join(import.meta.dirname, "..");
const dashboard = "deploy/grafana/dashboards/cost-per-conversion.json";

/** A dashboard that says the same is left as it is, however it is laid out. */
const renderDashboard = async (database: Database): Promise<string> => {
  const text = await readFile(join(root, dashboard), "utf8");
  const before: unknown = JSON.parse(text);
  const after = withUnits(await readTables(database), before);
  return isDeepStrictEqual(before, after) ? text : `${JSON.stringify(after, undefined, 2)}\n`;
};

await onMigratedDatabase(async (_, database) => {
  await seedWarehouse(database);
  const files = {
    "docs/warehouse.md": await renderPage(database),
    "deploy/dbt/sources.yml": await renderDbtSources(database),
    [dashboard]: await renderDashboard(database),
  };
  for (const [name, text] of Object.entries(files)) {
    const file = join(root, name);
    if (!process.argv.includes("--check")) await writeFile(file, text);
    else if ((await readFile(file, "utf8").catch(() => "")) !== text) {
      process.stderr.write(`${name} is not what the migrations say: run npm run docs:warehouse\n`);
      process.exitCode = 1;
    }
  }
});
