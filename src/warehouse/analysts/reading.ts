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
  await ask(
    [
      ...[...readable, "ops"].map((schema) => `grant usage on schema ${schema} to ${role}`),
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
