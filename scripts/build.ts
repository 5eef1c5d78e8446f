import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { z } from "zod";
import { packageRoot } from "../src/package-root.ts";
import { buildPage } from "../src/web/bundle.ts";

// npm run build: the command line as one entry and the chunks it loads when needed, and the page beside it.
// A bundle starts in half the time of 370 files. It is not minified, so stack traces can be read without maps.
// What is installed beside it stays outside. A development package goes in: the web server, whose parts are overridden
// here (see docs/decisions/0006-dependencies.md): npm heeds no overrides of a package that is installed as a dependency.
const installed = z
  .object({
    dependencies: z.record(z.string(), z.string()),
    optionalDependencies: z.record(z.string(), z.string()),
  })
  .parse(JSON.parse(await readFile(join(packageRoot, "package.json"), "utf8")));
const external = [
  ...Object.keys({ ...installed.dependencies, ...installed.optionalDependencies }),
  // Makes the page where it runs from source.
  "esbuild",
];
const dist = join(packageRoot, "dist");
await rm(dist, { recursive: true, force: true });
await build({
  entryPoints: [join(packageRoot, "src", "cli.ts")],
  outdir: dist,
  bundle: true,
  splitting: true,
  external,
  platform: "node",
  target: "node20.19",
  format: "esm",
  charset: "utf8",
  legalComments: "none",
  // What is bundled of CommonJS asks for Node's own modules by require.
  banner: {
    js: 'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);',
  },
});
const page = join(dist, "public");
await mkdir(page);
for (const { name, body } of await buildPage()) await writeFile(join(page, name), body);
