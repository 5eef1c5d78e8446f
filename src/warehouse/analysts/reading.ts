import pg from "pg";
import { type Ask, closeToEverybody, readable } from "./rights.ts";

const { escapeIdentifier } = pg;

/** Of the other schemas: whether a day is whole, what is missing and why. */
const readableBeside = ["ops.account_day"];

/** Columns that stand for one person: whoever holds a list of addresses could look them up by their hash. */
const ofPersons = "_sha256$";

interface Relation {
  readonly name: string;
  /** The columns an analyst may read; absent: all, also those to come. */
  readonly columns: readonly string[] | null;
}

/**
 * What lies under the views of a distributed warehouse. Each node asks its parts of these as the reader, where one
 * server asks as the views' owner: they hold the same figures, and nobody's name.
 */
export const underViews = async (ask: Ask): Promise<readonly string[]> => {
  const [there] = await ask("select from pg_extension where extname = 'citus'");
  if (!there) return [];
  const tables = await ask<{ name: string }>(
    `with recursive under as (
       select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = any ($1) and c.relkind = 'v'
       union
       select d.refobjid
       from under u
       join pg_rewrite r on r.ev_class = u.oid
       join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
         and d.refclassid = 'pg_class'::regclass and d.refobjid <> u.oid
     )
     select u.oid::regclass::text as name
     from under u join pg_class c on c.oid = u.oid join pg_namespace n on n.oid = c.relnamespace
     join pg_dist_partition p on p.logicalrelid = u.oid and p.partmethod = 'h'
     where n.nspname <> all ($1) order by 1`,
    [readable],
  );
  return tables.map(({ name }) => name);
};

/**
 * Lets a role read what analysts read, as the schema is now: tables and views, without the columns that stand for a
 * person, and the functions that compute nothing but figures.
 */
export const grantReading = async (ask: Ask, name: string): Promise<void> => {
  const role = escapeIdentifier(name);
  const relations = await ask<Relation>(
    `select c.oid::regclass::text as name,
            case when bool_or(a.attname ~ $3)
                 then array_agg(quote_ident(a.attname) order by a.attnum) filter (where a.attname !~ $3) end as columns
     from pg_class c
     join pg_namespace n on n.oid = c.relnamespace
     join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where (n.nspname = any ($1) or c.oid = any ($2::text[]::regclass[]))
       and c.relkind in ('r', 'p', 'v', 'm') and pg_has_role(c.relowner, 'usage')
     group by c.oid`,
    [readable, readableBeside, ofPersons],
  );
  const functions = await ask<{ name: string }>(
    `select p.oid::regprocedure::text as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where n.nspname = any ($1) and p.prokind = 'f' and p.provolatile <> 'v' and pg_has_role(p.proowner, 'usage')`,
    [[...readable, "figures", "ops"]],
  );
  const under = await underViews(ask);
  await ask(
    [
      ...[...readable, "ops", ...(under.length > 0 ? ["figures"] : [])].map(
        (schema) => `grant usage on schema ${schema} to ${role}`,
      ),
      ...relations.flatMap(({ name: relation, columns }) =>
        columns === null
          ? [`grant select on ${relation} to ${role}`]
          : [
              `revoke all on ${relation} from ${role}`,
              ...(columns.length > 0
                ? [`grant select (${columns.join(", ")}) on ${relation} to ${role}`]
                : []),
            ],
      ),
      ...under.map((table) => `grant select on ${table} to ${role}`),
      ...functions.map(({ name: routine }) => `grant execute on function ${routine} to ${role}`),
    ].join(";\n"),
  );
};

/** What an upgrade has made is granted to the analysts that are known, whichever role upgraded. */
export const grantAnew = async (ask: Ask): Promise<void> => {
  const analysts = await ask<{ name: string }>(
    "select role_name as name from ops.analyst join pg_roles on rolname = role_name order by 1",
  );
  for (const { name } of analysts) await grantReading(ask, name);
};

/** Of what was made in the schema, nobody may do more than is meant, and analysts no less. */
export const settleRights = async (ask: Ask): Promise<void> => {
  await closeToEverybody(ask);
  await grantAnew(ask);
};
