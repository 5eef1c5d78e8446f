import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { bundleProgram } from "../../scripts/bundle-program.ts";

const root = join(import.meta.dirname, "..", "..");

/** Builds costper for the tests of a file, as it is installed: the loader of development has limits of its own. */
export const buildCostper = (): { readonly program: string } => {
  const folder = join(root, `dist.test-${String(process.pid)}`);
  beforeAll(() => bundleProgram(folder));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return { program: join(folder, "cli.js") };
};
