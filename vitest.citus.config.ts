import { defineConfig } from "vitest/config";

const isNamed = process.env["CITUS_URL"] !== undefined;

if (!isNamed)
  process.stdout.write(
    "The tests of a distributed warehouse are left out: CITUS_URL names no database of a Citus cluster's coordinator (docs/citus.md).\n",
  );

export default defineConfig({
  test: {
    include: isNamed ? ["test/citus/cluster/**/*.test.ts"] : [],
    passWithNoTests: true,
    ...(isNamed && { globalSetup: ["test/support/postgres-server.ts"] }),
    // Nothing is tried again: limits are for what hangs, and far beyond what a busy machine needs.
    testTimeout: 900_000,
    hookTimeout: 180_000,
    // The files share one cluster.
    fileParallelism: false,
    maxWorkers: 1,
  },
});
