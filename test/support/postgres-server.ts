import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { openDatabase } from "../../src/warehouse/database.ts";
import { startEmbedded } from "../../src/warehouse/embedded/server.ts";
import { migrate } from "../../src/warehouse/migrate.ts";

declare module "vitest" {
  interface ProvidedContext {
    postgresUrl: string;
  }
}

/** One real Postgres for the whole test run, with a migrated database that every test file copies. */
export default async (project: TestProject) => {
  const folder = await mkdtemp(join(tmpdir(), "costper-test-"));
  // Open to the user that Postgres runs as where this is root.
  await chmod(folder, 0o755);
  const server = await startEmbedded({
    folder,
    settings: { fsync: "off", synchronous_commit: "off", full_page_writes: "off" },
  });
  const template = openDatabase(server.url);
  await migrate(template);
  await template.close();
  project.provide("postgresUrl", server.url);
  return async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  };
};
