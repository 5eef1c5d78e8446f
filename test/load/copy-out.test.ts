import { expect, test } from "vitest";
import { copyOut } from "../../src/warehouse/copy-out.ts";
import { breakConnection, watchConnections } from "../../src/warehouse/lost-connections.ts";
import { freshDatabase } from "../support/database.ts";

const rows = (count: number): string =>
  `copy (select n, repeat('x', 100) from generate_series(1, ${String(count)}) n) to stdout`;

test("copies follow each other on one connection, and statements after them", async () => {
  const { pool } = await freshDatabase();
  const client = await pool.connect();
  for (const count of [0, 1, 30_000]) {
    const parts: Buffer[] = [];
    for await (const bytes of copyOut(client, rows(count))) parts.push(bytes);
    expect(Buffer.concat(parts).toString().split("\n")).toHaveLength(count + 1);
  }
  expect((await client.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
  client.release();
});

test("who reads a copy is told when the server refuses it, its connection is ended, or was lost before", async () => {
  const { pool } = await freshDatabase();
  watchConnections(pool);
  const read = async (statement: string, onBytes?: (pid: number) => Promise<unknown>) => {
    const client = await pool.connect();
    const { rows: pids } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
    try {
      if (statement === "lost") {
        breakConnection(client);
        await new Promise((resolve) => client.once("end", resolve));
      }
      for await (const _ of copyOut(client, statement === "lost" ? rows(1) : statement))
        await onBytes?.(pids[0]?.pid ?? 0);
    } finally {
      client.release(true);
    }
  };
  await expect(
    read("copy (select 1 / (n - 20000) from generate_series(1, 30000) n) to stdout"),
  ).rejects.toThrow("division by zero");
  await expect(
    read(rows(1_000_000), (pid) => pool.query("select pg_terminate_backend($1)", [pid])),
  ).rejects.toThrow(/terminat|broke|closed/i);
  await expect(read("lost")).rejects.toThrow("broke during a copy");
});
