import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import pg from "pg";
import { Failure } from "../../domain/failure.ts";
import type { Database } from "../database.ts";
import { inTransaction } from "../transaction.ts";
import { grantReading } from "./reading.ts";
import { type Ask, askBy, closeToEverybody, ourSchemas, readable } from "./rights.ts";
import { refuse, refuseMore } from "./role-check.ts";
import { type Opening, stillOpen } from "./still-open.ts";

const { escapeIdentifier, escapeLiteral } = pg;

export interface AnalystOptions {
  /** As Postgres is to know it; any characters but NUL, at most 63 bytes. */
  readonly name: string;
  /** A query is ended after so long (default five minutes). */
  readonly statementTimeoutMs?: number;
  /** How many connections it may have at once (default ten): a limit that the role cannot take off itself. */
  readonly connections?: number;
  /** Whether the server is costper's alone: then what everybody may do there is taken away too. */
  readonly ownServer?: boolean;
}

export interface GrantedAnalyst {
  readonly name: string;
  /** Set where the role was made just now; it is kept nowhere. */
  readonly password: string | undefined;
  /** What Postgres lets every role do, and costper's own may not take away. */
  readonly stillOpen: readonly Opening[];
}

const usualTimeoutMs = 300_000;

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
const ensureRole = async (ask: Ask, name: string): Promise<string | undefined> => {
  const [role] = await ask<{ own: boolean }>(
    "select rolname = current_user as own from pg_roles where rolname = $1",
    [name],
  );
  if (role?.own) throw refuse(`${name} is the role that costper itself uses`, "choose another name");
  if (role) return undefined;
  const password = randomBytes(18).toString("base64url");
  await ask(
    `create role ${escapeIdentifier(name)} login nosuperuser nocreatedb nocreaterole noreplication
     password ${escapeLiteral(scramVerifier(password))}`,
  );
  return password;
};

/**
 * What an earlier hand may have given is taken back first: the answer is the same however often this runs. Of the
 * settings only the number of connections binds; the others are a help that the role itself may take off.
 */
const startAnew = async (ask: Ask, options: AnalystOptions): Promise<void> => {
  const { name, statementTimeoutMs = usualTimeoutMs, connections = 10 } = options;
  const role = escapeIdentifier(name);
  const [found] = await ask<{ database: string; schemas: string[] }>(
    `select quote_ident(current_database()) as database, array_agg(quote_ident(nspname)::text) as schemas
     from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'`,
  );
  const { database = "", schemas = [] } = found ?? {};
  const all = schemas.join(", ");
  const settings: readonly (readonly [string, string])[] = [
    ["statement_timeout", escapeLiteral(String(statementTimeoutMs))],
    ["idle_in_transaction_session_timeout", "'600000'"],
    ["default_transaction_read_only", "'on'"],
    ["search_path", readable.join(", ")],
  ];
  await ask(
    [
      `revoke all on all tables in schema ${all} from ${role}`,
      `revoke all on all sequences in schema ${all} from ${role}`,
      `revoke all on all functions in schema ${all} from ${role}`,
      `revoke all on schema ${all} from ${role}`,
      `revoke all on database ${database} from ${role}`,
      `grant connect on database ${database} to ${role}`,
      `alter role ${role} connection limit ${String(connections)}`,
      // Tables to come, as far as the role that runs this makes them; an upgrade grants those that any other makes.
      `alter default privileges in schema ${readable.join(", ")} grant select on tables to ${role}`,
      ...settings.map(
        ([setting, value]) => `alter role ${role} in database ${database} set ${setting} = ${value}`,
      ),
    ].join(";\n"),
  );
};

/** Everybody may make temporary tables by default. Those who write here go on to: imports and the queue make some. */
const closeTemporary = async (ask: Ask): Promise<void> => {
  const owned = await ask<{ database: string; writers: string[] }>(
    `select quote_ident(datname) as database,
            (select array_agg(distinct writer) from (
               select nspowner::regrole::text as writer from pg_namespace where nspname = any (${ourSchemas})
               union select quote_ident(current_user)
               union select grantee::regrole::text from pg_class cross join lateral aclexplode(relacl)
                 where pg_class.oid = 'ops.slice'::regclass and privilege_type = 'INSERT' and grantee <> 0) as w) as writers
     from pg_database where datname = current_database() and pg_has_role(datdba, 'usage')`,
  );
  for (const { database, writers } of owned)
    await ask(
      `grant temporary on database ${database} to ${writers.join(", ")}; revoke temporary on database ${database} from public`,
    );
};

/** Who made the role may end its queries; from Postgres 16 on only as a member that inherits. */
const mayEndItsQueries = async (ask: Ask, name: string): Promise<void> => {
  const [may] = await ask<{ already: boolean; grants: boolean; version: number }>(
    `select pg_has_role($1::name, 'usage') or pg_has_role('pg_signal_backend', 'usage') as already,
            pg_has_role($1::name, 'member with admin option')
              or (select rolcreaterole from pg_roles where rolname = current_user) as grants,
            current_setting('server_version_num')::integer as version`,
    [name],
  );
  if (!may || may.already || !may.grants) return;
  await ask(
    `grant ${escapeIdentifier(name)} to current_user${may.version >= 160_000 ? " with inherit true" : ""}`,
  );
};

const inWords = (error: unknown): unknown =>
  (error as { code?: string }).code === "42501"
    ? new Failure({
        kind: "request",
        message: "the database user of costper may not make roles or grant on its schemas",
        remedy: "run the command as the owner of the database (set `database` to its URL for once)",
        cause: error,
      })
    : error;

/**
 * Makes a role that may read what analysts query and nothing else, or brings one that is there into that state.
 * @throws Failure `request` where the name cannot be, the role may do more by way of another, or costper's own role
 * may not make roles.
 */
export const grantAnalyst = async (database: Database, options: AnalystOptions): Promise<GrantedAnalyst> => {
  const { name, statementTimeoutMs = usualTimeoutMs, ownServer = false } = options;
  checkName(name);
  try {
    return await inTransaction(database.pool, async (client) => {
      const ask = askBy(client);
      const password = await ensureRole(ask, name);
      await closeToEverybody(ask);
      await startAnew(ask, options);
      await grantReading(ask, name);
      await closeTemporary(ask);
      await refuseMore(ask, name);
      await mayEndItsQueries(ask, name);
      await ask(
        `insert into ops.analyst (role_name, statement_timeout_ms) values ($1, $2)
         on conflict (role_name) do update
         set statement_timeout_ms = excluded.statement_timeout_ms, granted_at = now()`,
        [name, statementTimeoutMs],
      );
      // On a server of costper's own nobody else needs what everybody has.
      if (ownServer) for (const { sql } of await stillOpen(ask, name)) await ask(sql);
      return { name, password, stillOpen: await stillOpen(ask, name) };
    });
  } catch (error) {
    throw inWords(error);
  }
};
