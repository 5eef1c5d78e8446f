import { randomBytes } from "node:crypto";
import pg from "pg";
import { inject, onTestFinished } from "vitest";
import { type Database, openDatabase } from "../../src/warehouse/database.ts";

const admin = async (statement: string): Promise<void> => {
  const url = new URL(inject("postgresUrl"));
  url.pathname = "/postgres";
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
};

/** The URL of a fresh, migrated database; call `drop` when done. */
export const createDatabase = async (
  options: { readonly empty?: boolean } = {},
): Promise<{ url: string; drop: () => Promise<void> }> => {
  const name = `test_${randomBytes(6).toString("hex")}`;
  await admin(`create database ${name} template ${options.empty ? "template0" : "costper"}`);
  const url = new URL(inject("postgresUrl"));
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => admin(`drop database if exists ${name} with (force)`) };
};

/** A fresh, migrated warehouse for the running test; dropped when it finishes. */
export const freshDatabase = async (): Promise<Database & { readonly url: string }> => {
  const { url, drop } = await createDatabase();
  const database = openDatabase(url, { connections: 6 });
  onTestFinished(async () => {
    await database.close();
    await drop();
  });
  return { ...database, url };
};
