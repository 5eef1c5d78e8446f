import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import pg, { type PoolClient } from "pg";
import { Failure } from "../domain/failure.ts";
import type { Database } from "./database.ts";
import { begin } from "./transaction.ts";

const { escapeIdentifier, escapeLiteral } = pg;

export interface AnalystOptions {
  /** As Postgres is to know it; any characters but NUL, at most 63 bytes. */
  readonly name: string;
  /** A query is ended after so long (default five minutes). */
  readonly statementTimeoutMs?: number;
}

export interface GrantedAnalyst {
  readonly name: string;
  /** Set where the role was made just now; it is kept nowhere. */
  readonly password: string | undefined;
}

const readable = ["marts", "warehouse", "ad_reporting"];

/** Of the other schemas: whether a day is whole, what is missing and why. */
const readableBeside = ["ops.account_day"];

const refuse = (message: string, remedy: string): Failure =>
  new Failure({ kind: "request", code: "usage", message, remedy });

const checkName = (name: string): void => {
  if (name === "" || name.includes("\0") || Buffer.byteLength(name) > 63)
    throw refuse("a role's name has 1 to 63 bytes", "choose another name");
  if (
    /^pg_/i.test(name) ||
    ["public", "none", "current_user", "current_role", "session_user"].includes(name.toLowerCase())
  )
    throw refuse(`${name} is a name that Postgres keeps for itself`, "choose another name");
};

/** What Postgres stores of a password (RFC 5803): so the password itself reaches no server log. */
const scramVerifier = (password: string): string => {
  const iterations = 4_096;
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  const hmac = (text: string) => createHmac("sha256", salted).update(text).digest();
  const storedKey = createHash("sha256").update(hmac("Client Key")).digest("base64");
  const serverKey = hmac("Server Key").toString("base64");
  return `SCRAM-SHA-256$${String(iterations)}:${salt.toString("base64")}$${storedKey}:${serverKey}`;
};

/** @returns the password where the role is new. */
const ensureRole = async (client: PoolClient, name: string): Promise<string | undefined> => {
  const { rows } = await client.query<{ mighty: boolean; own: boolean }>(
    `select rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls as mighty,
            pg_has_role(current_user, oid, 'member') and rolname = current_user as own
     from pg_roles where rolname = $1`,
    [name],
  );
  const [role] = rows;
  if (role?.own) throw refuse(`${name} is the role that costper itself uses`, "choose another name");
  if (role?.mighty)
    throw refuse(
      `${name} is there and may do more than an analyst`,
      "choose another name, or take its rights away",
    );
  if (role) return undefined;
  const password = randomBytes(18).toString("base64url");
  await client.query(
    `create role ${escapeIdentifier(name)} login nosuperuser nocreatedb nocreaterole noreplication
     password ${escapeLiteral(scramVerifier(password))}`,
  );
  return password;
};

const grantReading = async (client: PoolClient, name: string, statementTimeoutMs: number): Promise<void> => {
  const role = escapeIdentifier(name);
  const schemas = readable.map(escapeIdentifier).join(", ");
  const { rows } = await client.query<{ database: string; others: string[] }>(
    `select current_database() as database, coalesce(array_agg(nspname::text), '{}') as others
     from pg_namespace where nspname <> all ($1) and nspname !~ '^pg_' and nspname <> 'information_schema'`,
    [readable],
  );
  const database = escapeIdentifier(rows[0]?.database ?? "");
  const others = (rows[0]?.others ?? []).map(escapeIdentifier).join(", ");
  const settings: readonly (readonly [string, string])[] = [
    ["statement_timeout", String(statementTimeoutMs)],
    ["idle_in_transaction_session_timeout", "600000"],
    ["default_transaction_read_only", "on"],
    ["search_path", "marts, warehouse, ad_reporting"],
  ];
  await client.query(
    [
      // What an earlier hand may have given is taken back first: the answer is the same however often this runs.
      `revoke all on all tables in schema ${schemas}${others && `, ${others}`} from ${role}`,
      `revoke all on schema ${schemas}${others && `, ${others}`} from ${role}`,
      `grant connect on database ${database} to ${role}`,
      `grant usage on schema ${schemas} to ${role}`,
      `grant select on all tables in schema ${schemas} to ${role}`,
      ...readableBeside.flatMap((table) => [
        `grant usage on schema ${table.split(".")[0] ?? ""} to ${role}`,
        `grant select on ${table} to ${role}`,
      ]),
      // Tables to come, as far as the role that runs this makes them; partitions are read through their tables.
      `alter default privileges in schema ${schemas} grant select on tables to ${role}`,
      ...settings.map(
        ([setting, value]) =>
          `alter role ${role} in database ${database} set ${setting} = ${setting === "search_path" ? value : escapeLiteral(value)}`,
      ),
    ].join(";\n"),
  );
};

/**
 * Makes a role that may read what analysts query and nothing else, or brings one that is there into that state.
 * @throws Failure `request` where the name cannot be, or costper's own role may not make roles.
 */
export const grantAnalyst = async (database: Database, options: AnalystOptions): Promise<GrantedAnalyst> => {
  const { name, statementTimeoutMs = 300_000 } = options;
  checkName(name);
  const client = await database.pool.connect();
  try {
    await begin(client);
    const password = await ensureRole(client, name);
    await grantReading(client, name, statementTimeoutMs);
    await client.query("commit");
    return { name, password };
  } catch (error) {
    await client.query("rollback");
    if ((error as { code?: string }).code !== "42501") throw error;
    throw new Failure({
      kind: "request",
      message: "the database user of costper may not make roles or grant on its schemas",
      remedy: "run the command as the owner of the database (set `database` to its URL for once)",
      cause: error,
    });
  } finally {
    client.release();
  }
};
