import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Database, openDatabase } from "../src/warehouse/database.ts";
import { startEmbedded } from "../src/warehouse/embedded/server.ts";
import { migrate } from "../src/warehouse/migrate.ts";

/** Runs `work` on an empty warehouse of today's schema in a Postgres of its own, gone when it is done. */
export const onMigratedDatabase = async (
  work: (url: string, database: Database) => Promise<void>,
): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "costper-schema-"));
  // Open to the user that Postgres runs as where this is root.
  await chmod(folder, 0o755);
  const server = await startEmbedded({ folder, settings: { fsync: "off" } });
  try {
    const database = openDatabase(server.url, { connections: 2 });
    try {
      await migrate(database);
      await work(server.url, database);
    } finally {
      await database.close();
    }
  } finally {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
};
