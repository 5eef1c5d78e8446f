import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/faults/**/*.test.ts"],
    globalSetup: ["test/support/postgres-server.ts"],
    testTimeout: 150_000,
    hookTimeout: 60_000,
    maxWorkers: 1,
  },
});
