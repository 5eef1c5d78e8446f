import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { onTestFinished } from "vitest";
import { findBinaries } from "../../src/warehouse/embedded/binaries.ts";
import { freePort } from "./redis-server.ts";

/** A folder that the user of Postgres may enter, gone when the test ends. */
export const openFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "costper-server-"));
  await chmod(folder, 0o755);
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
};

export interface Certificates {
  /** Of the authority, for those who are to trust it. */
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** A private authority and a certificate of it for 127.0.0.1 and localhost. */
export const makeCertificates = async (folder: string): Promise<Certificates> => {
  const openssl = (...args: string[]): void => {
    const { status, stderr } = spawnSync("openssl", args, { cwd: folder, encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
  };
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await writeFile(join(folder, "names"), "subjectAltName=IP:127.0.0.1,DNS:localhost\n");
  openssl(
    "req",
    "-x509",
    ...key,
    "-keyout",
    "ca.key",
    "-out",
    "ca.crt",
    "-days",
    "2",
    "-subj",
    "/CN=the authority",
  );
  openssl("req", ...key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost");
  openssl(
    ..."x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial".split(" "),
    ..."-out server.crt -days 2 -extfile names".split(" "),
  );
  return {
    ca: join(folder, "ca.crt"),
    certificate: join(folder, "server.crt"),
    key: join(folder, "server.key"),
  };
};

export interface OwnServer {
  readonly port: number;
  /** The folder of its socket. */
  readonly socket: string;
  /** Runs statements as its superuser, over the socket. */
  readonly admin: (statement: string) => Promise<void>;
}

/** A real Postgres with the pg_hba.conf and settings of a test; its superuser is app, its database costper. */
export const startOwnServer = async (options: {
  readonly hba: string;
  readonly tls?: Certificates;
}): Promise<OwnServer> => {
  const folder = await openFolder();
  const { initdb, postgres, owner } = await findBinaries();
  const data = join(folder, "data");
  const socket = join(folder, "project:region:instance");
  await mkdir(socket, { recursive: true });
  await mkdir(data);
  await writeFile(join(folder, "pg_hba.conf"), options.hba);
  const files = [data, socket, join(folder, "pg_hba.conf")];
  if (options.tls) {
    await copyFile(options.tls.certificate, join(folder, "server.crt"));
    await copyFile(options.tls.key, join(folder, "server.key"));
    await chmod(join(folder, "server.key"), 0o600);
    files.push(join(folder, "server.crt"), join(folder, "server.key"));
  }
  if (owner) for (const file of files) await chown(file, owner.uid, owner.gid);
  const made = spawnSync(
    initdb,
    [`--pgdata=${data}`, "--username=app", "--auth=trust", "--locale=C", "-E", "UTF8"],
    {
      ...owner,
      encoding: "utf8",
    },
  );
  if (made.status !== 0) throw new Error(made.stderr);
  const port = await freePort();
  const settings = {
    port: String(port),
    listen_addresses: "127.0.0.1",
    unix_socket_directories: socket,
    hba_file: join(folder, "pg_hba.conf"),
    fsync: "off",
    shared_buffers: "32MB",
    ...(options.tls && {
      ssl: "on",
      ssl_cert_file: join(folder, "server.crt"),
      ssl_key_file: join(folder, "server.key"),
    }),
  };
  const child = spawn(
    postgres,
    ["-D", data, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
    { ...owner, stdio: "ignore" },
  );
  onTestFinished(async () => {
    const ended = once(child, "exit");
    child.kill("SIGQUIT");
    await ended;
  });
  const admin = async (statement: string, database = "costper"): Promise<void> => {
    const client = new pg.Client({ host: socket, port, user: "app", database });
    client.on("error", () => undefined);
    await client.connect();
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  };
  const deadline = Date.now() + 30_000;
  for (;;)
    try {
      await admin("create database costper", "postgres");
      return { port, socket, admin };
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(50);
    }
};
