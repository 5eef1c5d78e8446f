import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import * as z from "zod";
import { packageRoot } from "../src/package-root.ts";

const installed = z
  .object({
    dependencies: z.record(z.string(), z.string()),
    optionalDependencies: z.record(z.string(), z.string()),
  })
  .parse(JSON.parse(await readFile(join(packageRoot, "package.json"), "utf8")));
// What most commands load. Node opens all files of a package at once: a hundred small ones are more than a tight limit of
// descriptors allows, and to find and open them is a fifth of what a short command costs.
const loadedByMost = new Set([
  "cli-progress",
  "cli-table3",
  "commander",
  "cron-parser",
  "dotenv",
  "fastest-levenshtein",
  "ipaddr.js",
  "kysely",
  "luxon",
  "pg",
  "pg-copy-streams",
  "pino",
  "yaml",
  "zod",
]);
const external = [
  ...Object.keys({ ...installed.dependencies, ...installed.optionalDependencies }).filter(
    (name) => !loadedByMost.has(name),
  ),
  // Makes the page where it runs from source.
  "esbuild",
];

/** Bundles the command line as it is installed: one entry, and the chunks that it loads when needed. */
export const bundleProgram = async (outdir: string): Promise<void> => {
  await build({
    entryPoints: [join(packageRoot, "src", "cli.ts")],
    outdir,
    bundle: true,
    splitting: true,
    external,
    platform: "node",
    target: "node20.19",
    format: "esm",
    charset: "utf8",
    // One copy, also for what asks for it as CommonJS.
    alias: { luxon: join(packageRoot, "node_modules", "luxon", "build", "es6", "luxon.mjs") },
    // Node has it since version 21. Without it pg makes a Response, which loads all of fetch, to see where it runs.
    define: { navigator: '{ "userAgent": "Node.js" }' },
    legalComments: "none",
    // What is bundled of CommonJS asks for Node's own modules by require.
    banner: {
      js: 'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);',
    },
  });
};
