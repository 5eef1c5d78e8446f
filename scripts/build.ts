import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../src/package-root.ts";
import { buildPage } from "../src/web/bundle.ts";
import { bundleProgram } from "./bundle-program.ts";

// npm run build: the command line as one entry and the chunks it loads when needed, and the page beside it.
// A bundle starts in half the time of 370 files. It is not minified, so stack traces can be read without maps.
// What is installed beside it stays outside. A development package goes in: the web server, whose parts are overridden
// here (see docs/decisions/0006-dependencies.md): npm heeds no overrides of a package that is installed as a dependency.
const dist = join(packageRoot, "dist");
await rm(dist, { recursive: true, force: true });
await bundleProgram(dist);
const page = join(dist, "public");
await mkdir(page);
for (const { name, body } of await buildPage()) await writeFile(join(page, name), body);
