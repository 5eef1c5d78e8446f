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

/** A server of the machine's own (an older Postgres, say) in place of the embedded one; its user may make databases. */
const givenUrl = process.env["COSTPER_TEST_POSTGRES"];

const startServer = async () => {
  const folder = await mkdtemp(join(tmpdir(), "costper-test-"));
  // Open to the user that Postgres runs as where this is root.
  await chmod(folder, 0o755);
  const server = await startEmbedded({
    folder,
    settings: { fsync: "off", synchronous_commit: "off", full_page_writes: "off" },
  });
  return {
    url: server.url,
    close: async () => {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};

/** One real Postgres for the whole test run, with a migrated database that every test file copies. */
export default async (project: TestProject) => {
  const server =
    givenUrl === undefined ? await startServer() : { url: givenUrl, close: () => Promise.resolve() };
  const template = openDatabase(server.url);
  await migrate(template);
  await template.close();
  project.provide("postgresUrl", server.url);
  return () => server.close();
};
