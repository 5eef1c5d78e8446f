import { Failure } from "../../domain/failure.ts";
import { underViews } from "./reading.ts";
import { type Ask, ourSchemas } from "./rights.ts";

export const refuse = (message: string, remedy: string): Failure =>
  new Failure({ kind: "request", code: "usage", message, remedy });

/** Every role that the analyst can act as, with what makes it more than an analyst; the analyst itself among them. */
const mightyRoles = `
with reached as (
  select oid, rolname, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls
  from pg_roles r where rolname = $1::name
    -- A superuser counts as a member of every role: it is told of itself.
    or pg_has_role($1::name, oid, 'member') and not (select rolsuper from pg_roles where rolname = $1::name)
), relation as (
  select c.oid, c.relowner, n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = any (${ourSchemas}) and c.relkind in ('r', 'p', 'v', 'm', 'f')
), schema as (
  select oid, nspname, nspowner from pg_namespace where nspname = any (${ourSchemas})
)
select rolname::text as via, why
from reached r
cross join lateral (
  select 1 as place, 'is a superuser' as why where rolsuper
  union all select 2, 'may make roles' where rolcreaterole
  union all select 3, 'may make databases' where rolcreatedb
  union all select 4, 'may replicate the whole server' where rolreplication
  union all select 5, 'passes by row security' where rolbypassrls
  union all select 6, 'is a role of Postgres itself' where rolname ~ '^pg_'
  union all select 7, 'owns the database' from pg_database where datname = current_database() and datdba = r.oid
  union all select 8, format('owns schema %s', nspname) from schema where nspowner = r.oid
  union all select 9, format('owns %s.%s', nspname, relname) from relation where relowner = r.oid
  union all select 10, format('may write %s.%s', nspname, relname) from relation
            where has_table_privilege(r.oid, relation.oid, 'insert, update, delete, truncate, trigger')
  union all select 11, format('may read %s.%s', nspname, relname) from relation
            where nspname in ('figures', 'ops', 'staging', 'partitions', 'bullmq') and relname <> 'account_day' and format('%I.%I', nspname, relname) <> all ($2)
              and has_schema_privilege(r.oid, nspname, 'usage') and has_table_privilege(r.oid, relation.oid, 'select')
  union all select 12, format('may read %s.%s.%s', nspname, relname, attname)
            from relation join pg_attribute on attrelid = relation.oid and attnum > 0 and not attisdropped
            where attname ~ '_sha256$' and has_column_privilege(r.oid, relation.oid, attnum, 'select')
  union all select 13, format('may make tables in schema %s', nspname) from schema
            where has_schema_privilege(r.oid, oid, 'create')
) as found
order by rolname = $1::name, place, why limit 1`;

/**
 * An analyst reads what it was granted and nothing else, whichever role it acts as. Membership is looked at as a
 * whole, also through other roles: what is taken from the role itself takes nothing from those.
 * @throws Failure that names the role by which it may do more.
 */
export const refuseMore = async (ask: Ask, name: string): Promise<void> => {
  const [found] = await ask<{ via: string; why: string }>(mightyRoles, [name, await underViews(ask)]);
  if (!found) return;
  const { via, why } = found;
  throw via === name
    ? refuse(`${name} may do more than an analyst: it ${why}`, "choose another name, or take its rights away")
    : refuse(
        `${name} may do more than an analyst: it is a member of ${via}, which ${why}, and a grant takes nothing of that away`,
        `take it out of ${via} (and of the roles between), or choose another name`,
      );
};
