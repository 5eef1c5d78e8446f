import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/faults/**", "test/browser/**"],
    globalSetup: ["test/support/postgres-server.ts"],
    testTimeout: 60_000,
    // A shared machine may stall a process for seconds; what fails twice is broken. At hand, once is enough.
    retry: process.env["CI"] ? 1 : 0,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
