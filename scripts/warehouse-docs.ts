import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { onMigratedDatabase } from "./migrated-database.ts";
import { renderPage, seedWarehouse } from "./warehouse-docs/render.ts";

/** Writes docs/warehouse.md from the database's own comments; with `--check` says instead whether it is up to date. */
const file = join(import.meta.dirname, "..", "docs", "warehouse.md");

await onMigratedDatabase(async (_, database) => {
  await seedWarehouse(database);
  const page = await renderPage(database);
  if (!process.argv.includes("--check")) return writeFile(file, page);
  if ((await readFile(file, "utf8").catch(() => "")) === page) return;
  process.stderr.write("docs/warehouse.md is not what the migrations say: run npm run docs:warehouse\n");
  process.exitCode = 1;
});
