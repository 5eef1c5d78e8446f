import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { mkdir, open, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import * as z from "zod";
import { Failure } from "../../domain/failure.ts";
import { isAlive } from "../process-alive.ts";
import { writeWhole } from "../whole-file.ts";
import { dataFolder, findBinaries } from "./binaries.ts";
import { ensureData, folderFailure, resetPassword } from "./folder.ts";
import { isAnotherAtIt, withLock } from "./lock.ts";
import { choosePort } from "./port.ts";

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
  /** Where it listens; default: where it did the last time. */
  readonly port?: number | undefined;
  /** Settings of postgresql.conf, for tests. */
  readonly settings?: Readonly<Record<string, string>>;
}

interface Access {
  readonly port: number;
  readonly password: string;
}

const startTimeoutMs = 60_000;

/** Whether the process is the server of that folder, and not one that has got a dead server's number since. */
const servesFolder = (pid: number, data: string): boolean => {
  if (!isAlive(pid)) return false;
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, "utf8")
      .split("\0")
      .includes(data);
  } catch {
    // Elsewhere than on Linux: by the list of processes; without one it is believed.
    const { status, stdout } = spawnSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" });
    return status !== 0 || stdout.includes(data);
  }
};

interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

/** The server that runs on the data, as it says itself. */
const postmaster = (data: string): Postmaster | undefined => {
  const file = join(data, "postmaster.pid");
  if (!existsSync(file)) return undefined;
  const lines = readFileSync(file, "utf8").split("\n");
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  return pid > 0 && servesFolder(pid, data) ? { pid, port } : undefined;
};

const urlOf = ({ port, password }: Access, database = "costper"): string =>
  `postgresql://costper:${password}@127.0.0.1:${String(port)}/${database}`;

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

const didNotStart = async (log: string, since: number): Promise<Failure> => {
  const said = (await readFile(log, "utf8").catch(() => "")).slice(since).trim().split("\n").slice(-4);
  const isFull = said.some((line) => line.includes("No space left on device"));
  return new Failure({
    kind: isFull ? "transient" : "request",
    message: `the embedded Postgres did not start: ${said.join(" ") || "it said nothing"}`,
    remedy: isFull
      ? "free some space and run the command again; what was published is kept"
      : `see ${log}; bring the folder back from a backup, or move it away to begin anew`,
  });
};

/** Until it answers; a server that ends meanwhile is not waited for. */
const waitUntilUp = async (access: Access, isGone: () => boolean, log: string, since = 0): Promise<void> => {
  const deadline = Date.now() + startTimeoutMs;
  while (!(await connects(urlOf(access, "postgres")))) {
    if (isGone() || Date.now() > deadline) throw await didNotStart(log, since);
    await sleep(50);
  }
};

const ensureDatabase = async (access: Access): Promise<void> => {
  const client = new pg.Client({
    connectionString: urlOf(access, "postgres"),
    connectionTimeoutMillis: 10_000,
  });
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

/** The processes that use the server leave a file with their pid, so that the last one can stop it. */
const isUsedByOthers = (users: string): boolean =>
  readdirSync(users).some((name) => Number(name) !== process.pid && isAlive(Number(name)));

/** How long a server may take to write what it holds. */
const stopMs = 15_000;

const stop = async (data: string): Promise<void> => {
  const server = postmaster(data);
  if (server === undefined) return;
  process.kill(server.pid, "SIGINT");
  const deadline = Date.now() + stopMs;
  while (isAlive(server.pid) && existsSync(join(data, "postmaster.pid"))) {
    // On a full disk it never ends: it recovers by itself at the next start.
    if (Date.now() > deadline) return void process.kill(server.pid, "SIGQUIT");
    await sleep(20);
  }
};

const accessShape = z.object({ port: z.number(), password: z.string().min(1) });

/** What is known of the server's password; a file that was cut off counts as none. */
const readAccess = async (file: string): Promise<Access | undefined> => {
  try {
    return accessShape.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EACCES") throw folderFailure(file, error);
    return undefined;
  }
};

/** Starts the embedded Postgres, or joins the one that another costper process has started in the same folder. */
export const startEmbedded = async (options: EmbeddedOptions): Promise<EmbeddedServer> => {
  const folder = resolve(options.folder);
  const users = join(folder, "postgres.users");
  await mkdir(users, { recursive: true }).catch((error: unknown) => {
    throw folderFailure(folder, error);
  });
  const binaries = await findBinaries();
  const accessFile = join(folder, "postgres.json");
  const log = join(folder, "postgres.log");
  const own = join(users, String(process.pid));
  let data = "";

  const start = async (): Promise<Access> => {
    data = join(await dataFolder(join(folder, "postgres"), binaries), "data");
    await writeFile(own, "");
    const known = await readAccess(accessFile);
    const running = postmaster(data);
    if (known && running) {
      const access = { password: known.password, port: running.port || known.port };
      await waitUntilUp(access, () => postmaster(data) === undefined, log);
      await ensureDatabase(access);
      return access;
    }
    if (running) await stop(data);
    const wanted: Access = {
      port: await choosePort(options.port, known?.port),
      password: known?.password ?? randomBytes(18).toString("base64url"),
    };
    await writeWhole(accessFile, JSON.stringify(wanted), { mode: 0o600 });
    const isNew = !existsSync(data);
    await ensureData(data, wanted.password, binaries);
    // Left by a server that died, its number since given to another process: Postgres itself would not start over it.
    if (existsSync(join(data, "postmaster.pid"))) await rm(join(data, "postmaster.pid"));
    if (!known && !isNew) await resetPassword(data, wanted.password, binaries);
    const logFile = await open(log, "a");
    const since = (await logFile.stat()).size;
    const settings = Object.entries({ ...defaultSettings, ...options.settings, port: String(wanted.port) });
    // Its own process group: a Ctrl-C in the terminal must not stop the database before costper has rolled back.
    const server = spawn(
      binaries.postgres,
      ["-D", data, ...settings.flatMap(([key, value]) => ["-c", `${key}=${value}`])],
      { ...binaries.owner, detached: true, stdio: ["ignore", logFile.fd, logFile.fd] },
    );
    let gone = false;
    server.once("exit", () => (gone = true));
    server.once("error", () => (gone = true));
    server.unref();
    await logFile.close();
    await waitUntilUp(wanted, () => gone, log, since);
    await ensureDatabase(wanted);
    return wanted;
  };

  const access = await withLock(folder, () =>
    start().catch((error: unknown) => {
      const isOfFolder = typeof (error as NodeJS.ErrnoException).syscall === "string";
      throw isOfFolder ? folderFailure(folder, error) : error;
    }),
  );

  // A process may end without closing: at a second Ctrl-C, or when the reader of its output has gone. Nothing can be
  // waited for then; whoever is just joining stops the server later.
  const onExit = (): void => {
    // Somebody may have taken the folder away meanwhile.
    if (!existsSync(users)) return;
    rmSync(own, { force: true });
    const server = isAnotherAtIt(folder) || isUsedByOthers(users) ? undefined : postmaster(data);
    if (server) process.kill(server.pid, "SIGINT");
  };
  process.once("exit", onExit);

  return {
    url: urlOf(access),
    close: () => {
      process.off("exit", onExit);
      const leave = async (): Promise<void> => {
        await rm(own, { force: true });
        if (!isUsedByOthers(users)) await stop(data);
      };
      // A full disk takes no lock, and must not keep the server up.
      return withLock(folder, leave).catch((error: unknown) =>
        (error as Failure).code === "lock" ? leave() : Promise.reject(error),
      );
    },
  };
};
