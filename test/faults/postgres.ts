import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { dataFolder, findBinaries } from "../../src/warehouse/embedded/binaries.ts";
import { connects, startEmbedded } from "../../src/warehouse/embedded/server.ts";

/** A Postgres of a test's own, which it may restart. */
export interface OwnPostgres {
  readonly url: string;
  /** Ends it without a word to its clients, as a crash would, and starts it anew at the same port. */
  crash(): Promise<void>;
}

export const startOwnPostgres = async (): Promise<OwnPostgres> => {
  const folder = await mkdtemp(join(tmpdir(), "costper-restart-"));
  const server = await startEmbedded({ folder, settings: { shared_buffers: "64MB" } });
  const binaries = await findBinaries();
  const data = join(await dataFolder(join(folder, "postgres"), binaries), "data");
  let own: ChildProcess | undefined;
  onTestFinished(async () => {
    await server.close();
    own?.kill("SIGQUIT");
    await rm(folder, { recursive: true, force: true });
  });
  return {
    url: server.url,
    async crash() {
      const pid = Number((await readFile(join(data, "postmaster.pid"), "utf8")).split("\n")[0]);
      process.kill(pid, "SIGQUIT");
      while (await connects(server.url)) await sleep(20);
      await sleep(500);
      const { port } = new URL(server.url);
      const settings = {
        port,
        shared_buffers: "64MB",
        wal_level: "minimal",
        max_wal_senders: "0",
        unix_socket_directories: "",
        listen_addresses: "127.0.0.1",
      };
      own = spawn(
        binaries.postgres,
        ["-D", data, ...Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`])],
        { ...binaries.owner, stdio: "ignore" },
      );
      while (!(await connects(server.url))) await sleep(50);
    },
  };
};
