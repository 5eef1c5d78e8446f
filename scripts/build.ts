import { rm } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../src/package-root.ts";
import { writePage } from "../src/web/page-files.ts";
import { bundleProgram } from "./bundle-program.ts";

// npm run build: the command line as one entry and the chunks it loads when needed, and the page beside it.
// A bundle starts in half the time of 370 files. It is not minified, so stack traces can be read without maps.
// What is installed beside it stays outside. A development package goes in: the web server, whose parts are overridden
// here (see docs/decisions/0006-dependencies.md): npm heeds no overrides of a package that is installed as a dependency.
const dist = join(packageRoot, "dist");
await rm(dist, { recursive: true, force: true });
await bundleProgram(dist);
await writePage(join(dist, "public"));
