import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { buildPage } from "./bundle.ts";

// npm run build:web: bundles the page into the folder that the built server reads.
const folder = resolve("dist", "web", "public");
await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
for (const { name, body } of await buildPage()) await writeFile(join(folder, name), body);
