import type pg from "pg";
import { Failure } from "../../domain/failure.ts";
import type { SourceContext } from "../source.ts";

type Asks = Pick<pg.Pool, "query">;

/**
 * What tells a database from any other, whatever name, address or pooler leads to it: the cluster's own number, which
 * its replicas share, and the database's number in it.
 */
const byCluster = `select system_identifier::text as cluster, d.oid::text as base
  from pg_control_system(), pg_database d where d.datname = current_database()`;

/** For servers that tell nobody their number: when it began is as good as one. */
const byStart = `select extract(epoch from pg_postmaster_start_time())::text as cluster, d.oid::text as base
  from pg_database d where d.datname = current_database()`;

const identityOf = async (server: Asks, query: string): Promise<string | undefined> => {
  const { rows } = await server.query<{ cluster: string; base: string }>(query);
  return rows[0] && `${rows[0].cluster} ${rows[0].base}`;
};

/** Whether both are one database. A connection that is in a transaction may be left with it broken. */
const isSame = async (one: Asks, other: Asks): Promise<boolean> => {
  const same = async (query: string): Promise<boolean> => {
    const known = await identityOf(one, query);
    return known !== undefined && known === (await identityOf(other, query));
  };
  return same(byCluster).catch(() => same(byStart));
};

/** What costper made itself is nothing that a source may bring. @throws Failure `request` */
export const refuseOwnWarehouse = async (
  client: pg.Client,
  { name, database }: SourceContext,
): Promise<void> => {
  if (!(await isSame(client as Asks, database.pool))) return;
  throw new Failure({
    kind: "request",
    code: "own_warehouse",
    message: `source ${name}: its connection leads to costper's own warehouse`,
    remedy: `name the company's own database in sources.${name}.connection`,
  });
};
