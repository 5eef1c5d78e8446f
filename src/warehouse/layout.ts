import { ourSchemas } from "./analysts/rights.ts";
import type { Database } from "./database.ts";
import { byAccount, everywhere } from "./placement.ts";
import { outerJoinPushdown } from "./transaction.ts";

/** Where a table lives: beside the other tables of its account, whole on every node, or on the coordinator alone. */
export type Placement = "by account" | "everywhere" | "coordinator";

/** As a sentence goes on after `it lies`. */
export const placeWords: Readonly<Record<Placement, string>> = {
  "by account": "by account_key",
  everywhere: "on every node",
  coordinator: "on the coordinator",
};

/** The table that all others by account lie beside. */
export const anchorTable = "warehouse.ad_daily";

export const accountColumn = "account_key";

const kinds: ReadonlyMap<string, Placement> = new Map([
  ...byAccount.map((table) => [table, "by account"] as const),
  ...everywhere.map((table) => [table, "everywhere"] as const),
]);

/** One table of ours: where it belongs and where it is. */
export interface TablePlace {
  readonly table: string;
  readonly belongs: Placement;
  /** Undefined: distributed in a way that is none of ours. */
  readonly is: Placement | undefined;
}

/** How the warehouse lies on its nodes. */
export interface Layout {
  /** The version of the extension Citus in this database, if it has it. */
  readonly citus: string | undefined;
  /** Whether this server is the coordinator of its cluster. */
  readonly isCoordinator: boolean;
  /** Nodes beside the coordinator. */
  readonly workers: number;
  /** Into how many parts the tables by account are cut; undefined where the warehouse is not distributed. */
  readonly shards: number | undefined;
  /** Whether sessions of this database get left joins that repeat rows. */
  readonly repeatsJoins: boolean;
  readonly tables: readonly TablePlace[];
}

interface Row {
  readonly name: string;
  readonly method: string | null;
  readonly copies: string | null;
  readonly key: string | null;
  readonly beside: boolean | null;
}

const isPlace = ({ method, copies, key, beside }: Row): Placement | undefined => {
  // A local table that a foreign key ties to a table of every node has a row there too.
  if (method === null || (method === "n" && copies === "s")) return "coordinator";
  if (method === "n" && copies === "t") return "everywhere";
  return method === "h" && key === accountColumn && beside ? "by account" : undefined;
};

const ofTables = (places: string): string => `
  select format('%I.%I', n.nspname, c.relname) as name,
         p.method, p.copies, p.key, p.beside
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  left join (${places}) p on p.relation = c.oid
  where n.nspname = any (${ourSchemas}) and c.relkind in ('r', 'p') and not c.relispartition
  order by c.oid`;

const distributedPlaces = `
  select logicalrelid as relation, partmethod::text as method, repmodel::text as copies,
         case partmethod when 'h' then column_to_column_name(logicalrelid, partkey) end as key,
         colocationid = (select colocationid from pg_dist_partition where logicalrelid = to_regclass('${anchorTable}')) as beside
  from pg_dist_partition`;

const noPlaces =
  "select null::oid as relation, null as method, null as copies, null as key, null::boolean as beside";

const nodes = `
  select extversion as citus, (select groupid = 0 from pg_dist_local_group) as is_coordinator,
         (select count(*)::int from pg_dist_node where groupid <> 0 and isactive and noderole = 'primary') as workers,
         (select count(*)::int from pg_dist_shard where logicalrelid = to_regclass('${anchorTable}')) as shards,
         coalesce(current_setting('${outerJoinPushdown}', true), 'off') <> 'off' as repeats_joins
  from pg_extension where extname = 'citus'`;

/** Reads where every table of the warehouse is; writes nothing. */
export const readLayout = async ({ pool }: Pick<Database, "pool">): Promise<Layout> => {
  const there = await pool.query("select from pg_extension where extname = 'citus'");
  const hasCitus = there.rows.length > 0;
  const known = hasCitus
    ? await pool.query<{
        citus: string;
        is_coordinator: boolean;
        workers: number;
        shards: number;
        repeats_joins: boolean;
      }>(nodes)
    : undefined;
  const found = known?.rows[0];
  const { rows } = await pool.query<Row>(ofTables(hasCitus ? distributedPlaces : noPlaces));
  return {
    citus: found?.citus,
    isCoordinator: found?.is_coordinator ?? true,
    workers: found?.workers ?? 0,
    shards: found && found.shards > 0 ? found.shards : undefined,
    repeatsJoins: found?.repeats_joins ?? false,
    tables: rows.map((row) => ({
      table: row.name,
      belongs: kinds.get(row.name) ?? "coordinator",
      is: isPlace(row),
    })),
  };
};
