import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { Failure } from "../../domain/failure.ts";
import { isAlive } from "../process-alive.ts";
import { type Binaries, dataFolder, findBinaries } from "./binaries.ts";

/** An embedded Postgres that is up. */
export interface EmbeddedServer {
  /** `postgresql://costper:PASSWORD@127.0.0.1:PORT/costper` */
  readonly url: string;
  /** Leaves it; the last process that uses it stops it. */
  close(): Promise<void>;
}

export interface EmbeddedOptions {
  /** Where data, log and password are kept; made if missing. */
  readonly folder: string;
  /** Settings of postgresql.conf, for tests. */
  readonly settings?: Readonly<Record<string, string>>;
}

interface Access {
  readonly port: number;
  readonly password: string;
}

const startTimeoutMs = 60_000;

const freePort = (): Promise<number> =>
  new Promise((found, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => found(port));
    });
  });

/** The postmaster's pid, where one runs on the data. */
const postmaster = (data: string): number | undefined => {
  const file = join(data, "postmaster.pid");
  if (!existsSync(file)) return undefined;
  const pid = Number(readFileSync(file, "utf8").split("\n")[0]);
  return pid > 0 && isAlive(pid) ? pid : undefined;
};

const urlOf = ({ port, password }: Access, database = "costper"): string =>
  `postgresql://costper:${password}@127.0.0.1:${String(port)}/${database}`;

const run = (program: string, args: readonly string[], binaries: Binaries): Promise<void> =>
  new Promise((done, reject) => {
    const child = spawn(program, args, { ...binaries.owner, stdio: ["ignore", "ignore", "pipe"] });
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
    child.once("error", reject);
    child.once("exit", (code) =>
      code === 0 ? done() : reject(new Error(`${program} ended with ${String(code)}: ${errors}`)),
    );
  });

const initialise = async (data: string, password: string, binaries: Binaries): Promise<void> => {
  const passwordFile = `${data}.password`;
  await writeFile(passwordFile, password, { mode: 0o644 });
  try {
    await run(
      binaries.initdb,
      [
        `--pgdata=${data}`,
        "--username=costper",
        "--auth=scram-sha-256",
        `--pwfile=${passwordFile}`,
        "--encoding=UTF8",
        "--locale=C",
      ],
      binaries,
    );
  } finally {
    await rm(passwordFile, { force: true });
  }
};

const defaultSettings = {
  shared_buffers: "256MB",
  max_wal_size: "4GB",
  max_connections: "100",
  wal_level: "minimal",
  max_wal_senders: "0",
  unix_socket_directories: "",
  listen_addresses: "127.0.0.1",
};

/** Whether a server answers there. */
export const connects = async (url: string): Promise<boolean> => {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
};

const waitUntilUp = async (access: Access, log: string): Promise<void> => {
  const deadline = Date.now() + startTimeoutMs;
  while (!(await connects(urlOf(access, "postgres")))) {
    if (Date.now() > deadline)
      throw new Failure({
        kind: "transient",
        message: `the embedded Postgres did not start: ${(await readFile(log, "utf8").catch(() => "")).split("\n").slice(-4).join(" ")}`,
        remedy: `see ${log}, or set DATABASE_URL to a database of your own`,
      });
    await sleep(50);
  }
};

const ensureDatabase = async (access: Access): Promise<void> => {
  const client = new pg.Client({ connectionString: urlOf(access, "postgres") });
  await client.connect();
  try {
    const { rowCount } = await client.query("select from pg_database where datname = 'costper'");
    if (rowCount === 0) await client.query("create database costper");
  } catch (error) {
    if ((error as { code?: string }).code !== "42P04" && (error as { code?: string }).code !== "23505")
      throw error;
  } finally {
    await client.end();
  }
};

/** One process at a time makes or starts the server; a lock whose owner died is taken over. */
const withLock = async <T>(folder: string, work: () => Promise<T>): Promise<T> => {
  const lock = join(folder, "postgres.lock");
  for (;;) {
    try {
      const handle = await open(lock, "wx");
      await handle.writeFile(String(process.pid));
      await handle.close();
      break;
    } catch {
      const holder = Number(await readFile(lock, "utf8").catch(() => "0"));
      if (holder > 0 && !isAlive(holder)) await rm(lock, { force: true });
      else await sleep(50);
    }
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
};

/** The processes that use the server leave a file with their pid, so that the last one can stop it. */
const otherUsers = async (users: string): Promise<number> => {
  const pids = (await readdir(users)).map(Number).filter((pid) => pid !== process.pid);
  return pids.filter(isAlive).length;
};

const stop = async (data: string): Promise<void> => {
  const pid = postmaster(data);
  if (pid === undefined) return;
  process.kill(pid, "SIGINT");
  while (isAlive(pid) && existsSync(join(data, "postmaster.pid"))) await sleep(20);
};

/** Starts the embedded Postgres, or joins the one that another costper process has started in the same folder. */
export const startEmbedded = async (options: EmbeddedOptions): Promise<EmbeddedServer> => {
  const folder = resolve(options.folder);
  const users = join(folder, "postgres.users");
  await mkdir(users, { recursive: true });
  const binaries = await findBinaries();
  const data = join(await dataFolder(join(folder, "postgres"), binaries), "data");
  const accessFile = join(folder, "postgres.json");
  const log = join(folder, "postgres.log");

  const access = await withLock(folder, async (): Promise<Access> => {
    await writeFile(join(users, String(process.pid)), "");
    const known = existsSync(accessFile)
      ? (JSON.parse(await readFile(accessFile, "utf8")) as Access)
      : undefined;
    if (known && postmaster(data) !== undefined) {
      await waitUntilUp(known, log);
      return known;
    }
    const wanted: Access = {
      port: await freePort(),
      password: known?.password ?? randomBytes(18).toString("base64url"),
    };
    await writeFile(accessFile, JSON.stringify(wanted), { mode: 0o600 });
    if (!existsSync(join(data, "PG_VERSION"))) await initialise(data, wanted.password, binaries);
    const logFile = await open(log, "a");
    const settings = Object.entries({ ...defaultSettings, ...options.settings, port: String(wanted.port) });
    // Its own process group: a Ctrl-C in the terminal must not stop the database before costper has rolled back.
    spawn(binaries.postgres, ["-D", data, ...settings.flatMap(([key, value]) => ["-c", `${key}=${value}`])], {
      ...binaries.owner,
      detached: true,
      stdio: ["ignore", logFile.fd, logFile.fd],
    }).unref();
    await logFile.close();
    await waitUntilUp(wanted, log);
    await ensureDatabase(wanted);
    return wanted;
  });

  return {
    url: urlOf(access),
    close: () =>
      withLock(folder, async () => {
        await rm(join(users, String(process.pid)), { force: true });
        if ((await otherUsers(users)) === 0) await stop(data);
      }),
  };
};
