import { rm } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll } from "vitest";

const root = join(import.meta.dirname, "..", "..");

/** Builds costper for the tests of a file, as it is installed: the loader of development has limits of its own. */
export const buildCostper = (): { readonly program: string } => {
  const folder = join(root, `dist.test-${String(process.pid)}`);
  beforeAll(() =>
    build({
      entryPoints: [join(root, "src", "cli.ts")],
      outdir: folder,
      bundle: true,
      splitting: true,
      packages: "external",
      platform: "node",
      format: "esm",
      logLevel: "error",
    }),
  );
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return { program: join(folder, "cli.js") };
};
