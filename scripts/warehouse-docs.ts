import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { onMigratedDatabase } from "./migrated-database.ts";
import { renderDbtSources } from "./warehouse-docs/dbt.ts";
import { renderPage, seedWarehouse } from "./warehouse-docs/render.ts";

/**
 * Writes docs/warehouse.md and deploy/dbt/sources.yml from the database's own comments; with `--check` says instead
 * whether they are up to date.
 */
const root = join(import.meta.dirname, "..");

await onMigratedDatabase(async (_, database) => {
  await seedWarehouse(database);
  const files = {
    "docs/warehouse.md": await renderPage(database),
    "deploy/dbt/sources.yml": await renderDbtSources(database),
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
