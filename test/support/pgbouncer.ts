import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { onTestFinished } from "vitest";
import { findBinaries } from "../../src/warehouse/embedded/binaries.ts";
import { connects } from "../../src/warehouse/embedded/server.ts";
import { freePort } from "./redis-server.ts";

/** A PgBouncer in transaction mode before a database. */
export interface Pooler {
  readonly url: string;
  /** Advisory locks and settings that sessions of the server have kept: another client's from now on. */
  leftBehind(): Promise<readonly string[]>;
}

/** Lends the server connections in turn, so that no two transactions of a client need share one. */
export const startPooler = async (
  behind: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Pooler> => {
  const folder = await mkdtemp(join(tmpdir(), "costper-pgbouncer-"));
  await chmod(folder, 0o755);
  const port = await freePort();
  const server = new URL(behind);
  const settings = {
    listen_addr: "127.0.0.1",
    listen_port: String(port),
    unix_socket_dir: "",
    auth_type: "any",
    pool_mode: "transaction",
    default_pool_size: "12",
    min_pool_size: "6",
    server_round_robin: "1",
    max_client_conn: "200",
    ...more,
  };
  const file = join(folder, "pgbouncer.ini");
  await writeFile(
    file,
    [
      "[databases]",
      `* = host=${server.hostname} port=${server.port} user=${server.username} password=${decodeURIComponent(server.password)}`,
      "[pgbouncer]",
      ...Object.entries(settings).map(([name, value]) => `${name} = ${value}`),
      "",
    ].join("\n"),
    { mode: 0o600 },
  );
  // It does not run as root.
  const { owner } = await findBinaries();
  if (owner) await chown(file, owner.uid, owner.gid);
  const child = spawn("pgbouncer", [file], { ...owner, stdio: "ignore" });
  onTestFinished(async () => {
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    await rm(folder, { recursive: true, force: true });
  });
  const url = new URL(behind);
  url.port = String(port);
  url.password = "";
  const deadline = Date.now() + 20_000;
  while (!(await connects(url.href))) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error("pgbouncer did not start");
    await sleep(50);
  }
  return {
    url: url.href,
    async leftBehind() {
      const client = new pg.Client({ connectionString: behind });
      await client.connect();
      try {
        const { rows } = await client.query<{ what: string }>(
          `select 'advisory lock' as what from pg_locks l join pg_database d on d.oid = l.database
           where d.datname = current_database() and l.locktype = 'advisory'
           union all
           select 'idle in transaction: ' || query from pg_stat_activity
           where datname = current_database() and state = 'idle in transaction'`,
        );
        return rows.map(({ what }) => what);
      } finally {
        await client.end();
      }
    },
  };
};
