import pg from "pg";
import type { Ask } from "./rights.ts";

const { escapeIdentifier } = pg;

/** Something that Postgres lets every role do, and what ends it. */
export interface Opening {
  /** As a sentence goes on after `it may still`. */
  readonly what: string;
  /** For whoever may: the owner of the database in question, or a superuser. */
  readonly sql: string;
}

/** Functions that leave something behind in the database, or hold a lock that the queue waits for. */
const families = [
  {
    what: "leave large objects in this database",
    pattern: "^lo_(creat|create|from_bytea|put|import)$|^lowrite$",
  },
  { what: "hold advisory locks, which a queue in this database waits for", pattern: "^pg_(try_)?advisory_" },
] as const;

const functionsOf = async (ask: Ask, pattern: string, name: string): Promise<string | undefined> => {
  const rows = await ask<{ name: string }>(
    `select p.oid::regprocedure::text as name from pg_proc p
     where p.pronamespace = 'pg_catalog'::regnamespace and p.proname ~ $1
       and has_function_privilege($2::name, p.oid, 'execute') order by 1`,
    [pattern, name],
  );
  return rows.length === 0 ? undefined : rows.map((row) => row.name).join(", ");
};

/** What a role may still do that no grant of ours gave it, and none takes away. */
export const stillOpen = async (ask: Ask, name: string): Promise<readonly Opening[]> => {
  const [here] = await ask<{
    database: string;
    temporary: boolean;
    queue: boolean;
    ends: boolean;
    me: string;
  }>(
    `select current_database() as database, quote_ident(current_user) as me,
            has_database_privilege($1::name, current_database(), 'temporary') as temporary,
            to_regnamespace('bullmq') is not null as queue,
            pg_has_role($1::name, 'usage') or pg_has_role('pg_signal_backend', 'usage') as ends`,
    [name],
  );
  const openings: Opening[] = [];
  if (here?.temporary)
    openings.push({
      what: "make temporary tables",
      sql: `revoke temporary on database ${escapeIdentifier(here.database)} from public`,
    });
  for (const { what, pattern } of families) {
    const functions = await functionsOf(ask, pattern, name);
    if (functions !== undefined && (pattern === families[0].pattern || here?.queue))
      openings.push({ what, sql: `revoke execute on function ${functions} from public` });
  }
  const others = await ask<{ name: string }>(
    `select quote_ident(datname) as name from pg_database
     where datallowconn and datname <> current_database() and has_database_privilege($1::name, oid, 'connect')
     order by 1`,
    [name],
  );
  for (const other of others)
    openings.push({
      what: `connect to the database ${other.name}`,
      sql: `revoke connect on database ${other.name} from public`,
    });
  if (here?.ends === false)
    openings.push({
      what: "take off its own time limit, since costper may not end its queries",
      sql: `grant ${escapeIdentifier(name)} to ${here.me}`,
    });
  return openings;
};
