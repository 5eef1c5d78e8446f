import type pg from "pg";
import { nodeByNode } from "../schema-lock.ts";

/** Asks the database, whichever driver stands between. */
export type Ask = <Row extends object>(text: string, values?: readonly unknown[]) => Promise<readonly Row[]>;

/** Asks over a connection of the pool. */
export const askBy =
  (client: pg.ClientBase): Ask =>
  async <Row extends object>(text: string, values: readonly unknown[] = []) =>
    (await client.query<Row>(text, [...values])).rows;

/** What analysts read. */
export const readable = ["marts", "warehouse", "ad_reporting"] as const;

/** Schemas of ours; `bullmq` is there where the queue lives in the warehouse. */
const ours = [...readable, "figures", "ops", "staging", "partitions", "bullmq"];

/** The list as SQL: names of ours, so nothing in them needs care. */
export const ourSchemas = `array[${ours.map((name) => `'${name}'`).join(", ")}]`;

/**
 * Postgres lets everybody call every new function, and an earlier hand may have given everybody more. Who writes here
 * beside the owner keeps what he had by that.
 */
const takeFromEverybody = `
do $$
declare
  known record;
  writer text;
begin
  for known in
    select format('schema %I', nspname) as name, null::oid as function, nspacl as acl, 'n'::"char" as kind, nspowner as owner
    from pg_namespace where nspname = any (${ourSchemas})
    union all
    select format('%s %s', case relkind when 'S' then 'sequence' else 'table' end, c.oid::regclass), null, relacl,
           case relkind when 'S' then 's' else 'r' end::"char", relowner
    from pg_class c join pg_namespace n on n.oid = relnamespace
    where nspname = any (${ourSchemas}) and relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    union all
    select format('routine %s', p.oid::regprocedure), p.oid, proacl, 'f', proowner
    from pg_proc p join pg_namespace n on n.oid = pronamespace where nspname = any (${ourSchemas})
  loop
    continue when not pg_has_role(known.owner, 'usage')
      or not exists (select from aclexplode(coalesce(known.acl, acldefault(known.kind, known.owner))) where grantee = 0);
    execute format('revoke all on %s from public', known.name);
    if known.function is not null then
      for writer in
        select distinct grantee::regrole::text from pg_class c cross join lateral aclexplode(relacl)
        where c.oid = to_regclass('ops.slice') and privilege_type = 'INSERT' and grantee not in (0, relowner)
      loop
        execute format('grant execute on %s to %s', known.name, writer);
      end loop;
    end if;
  end loop;
end
$$`;

/** Takes back what everybody may do in the schemas of ours. To be called after every change of the schema. */
export const closeToEverybody = async (ask: Ask): Promise<void> => {
  await ask(nodeByNode);
  await ask(takeFromEverybody);
};
