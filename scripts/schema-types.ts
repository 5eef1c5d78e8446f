import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { onMigratedDatabase } from "./migrated-database.ts";

/** Writes src/warehouse/schema.ts from the migrations; with `--verify` says instead whether it is up to date. */
const root = join(import.meta.dirname, "..");

// Figures and days stay text, as src/warehouse/database.ts reads them. Partitions are left out by default.
const options = (url: string): string[] => [
  "--dialect=postgres",
  `--url=${url}`,
  "--numeric-parser=string",
  "--date-parser=string",
  "--default-schema=public",
  "--include-pattern=(warehouse|marts|figures|ops|staging|ad_reporting).*",
  "--exclude-pattern=ops.kysely_*",
  `--out-file=${join(root, "src", "warehouse", "schema.ts")}`,
];

const verify = process.argv.includes("--verify");

await onMigratedDatabase(async (url) => {
  const program = join(root, "node_modules", ".bin", "kysely-codegen");
  const child = spawn(program, [...options(url), ...(verify ? ["--verify"] : [])], { stdio: "inherit" });
  const [code] = (await once(child, "exit")) as [number | null];
  process.exitCode = code ?? 1;
});
