import { setWhereKnown } from "./transaction.ts";

/**
 * Waits until nobody else changes the schema, to the end of the transaction. A table that nobody else may lock stands
 * for it; before it is there, an advisory lock does.
 */
export const aloneWithSchema = `
do $$
begin
  if to_regclass('ops.kysely_migration_lock') is null then
    perform pg_advisory_xact_lock(hashtext('costper.migrate'));
  end if;
  if to_regclass('ops.kysely_migration_lock') is not null then
    lock table ops.kysely_migration_lock in exclusive mode;
  end if;
end
$$`;

/** On a distributed schema one transaction may change several tables only node by node. */
export const nodeByNode = setWhereKnown({ "citus.multi_shard_modify_mode": "sequential" });
