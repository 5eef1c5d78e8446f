import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/faults/**", "test/browser/**", "test/citus/cluster/**"],
    globalSetup: ["test/support/postgres-server.ts"],
    // Nothing is tried again: limits are for what hangs, and far beyond what a busy machine needs.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 90_000 } },
    maxWorkers: 2,
  },
});
