import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
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
  /** Ends it without a word to its clients, as a crash would. */
  end(): Promise<void>;
  /** Starts it anew at the same port. */
  begin(): Promise<void>;
  /** Ends and begins. */
  crash(): Promise<void>;
  /** Halts all of its processes: connections stay, and nothing answers. */
  freeze(): Promise<void>;
  thaw(): void;
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
  const postmaster = async (): Promise<number> =>
    Number((await readFile(join(data, "postmaster.pid"), "utf8")).split("\n")[0]);
  const end = async (): Promise<void> => {
    process.kill(await postmaster(), "SIGQUIT");
    while (await connects(server.url)) await sleep(20);
    while (existsSync(join(data, "postmaster.pid"))) await sleep(20);
  };
  const begin = async (): Promise<void> => {
    const settings = {
      port: new URL(server.url).port,
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
  };
  /** The postmaster first, so that it begins no more; awake, it comes last. */
  const family = async (): Promise<readonly number[]> => {
    const first = await postmaster();
    const { stdout } = spawnSync("ps", ["-o", "pid=", "--ppid", String(first)], { encoding: "utf8" });
    return [first, ...stdout.trim().split(/\s+/).filter(Boolean).map(Number)];
  };
  let frozen: readonly number[] = [];
  const thaw = (): void => {
    for (const pid of [...frozen].reverse()) process.kill(pid, "SIGCONT");
    frozen = [];
  };
  onTestFinished(thaw);
  return {
    url: server.url,
    end,
    begin,
    async crash() {
      await end();
      await begin();
    },
    async freeze() {
      frozen = await family();
      for (const pid of frozen) process.kill(pid, "SIGSTOP");
    },
    thaw,
  };
};
