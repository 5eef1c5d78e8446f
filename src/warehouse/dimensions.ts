import type pg from "pg";
import type { Entity } from "../domain/facts.ts";
import { storable } from "./accounts.ts";
import { qualified } from "./columns.ts";
import { touchCampaignNames, touchEntities, touchWhereNoVisits } from "./touched-first-party.ts";

type Kind = Entity["kind"];

/** The columns of each dimension after account_key, key columns first, and how a row is read from an entity. */
const dimensions: {
  readonly [K in Kind]: {
    readonly key: readonly string[];
    readonly columns: readonly (readonly [name: string, type: string])[];
    readonly row: (entity: Extract<Entity, { kind: K }>) => readonly (string | number | boolean | null)[];
  };
} = {
  campaign: {
    key: ["campaign_id"],
    columns: [
      ["campaign_id", "text"],
      ["name", "text"],
      ["status", "text"],
      ["type", "text"],
    ],
    row: (entity) => [entity.id, storable(entity.name), entity.status, entity.type],
  },
  ad_group: {
    key: ["ad_group_id"],
    columns: [
      ["ad_group_id", "text"],
      ["campaign_id", "text"],
      ["name", "text"],
      ["status", "text"],
    ],
    row: (entity) => [entity.id, entity.campaignId, storable(entity.name), entity.status],
  },
  ad: {
    key: ["ad_group_id", "ad_id"],
    columns: [
      ["ad_group_id", "text"],
      ["ad_id", "text"],
      ["campaign_id", "text"],
      ["name", "text"],
      ["status", "text"],
    ],
    row: (entity) => [entity.adGroupId, entity.id, entity.campaignId, storable(entity.name), entity.status],
  },
  keyword: {
    key: ["ad_group_id", "keyword_id"],
    columns: [
      ["ad_group_id", "text"],
      ["keyword_id", "text"],
      ["campaign_id", "text"],
      ["name", "text"],
      ["match_type", "text"],
      ["status", "text"],
    ],
    row: (entity) => [
      entity.adGroupId,
      entity.id,
      entity.campaignId,
      storable(entity.name),
      entity.matchType,
      entity.status,
    ],
  },
  conversion_action: {
    key: ["conversion_action_id"],
    columns: [
      ["conversion_action_id", "text"],
      ["name", "text"],
      ["status", "text"],
      ["category", "text"],
      ["origin", "text"],
      ["is_primary", "boolean"],
      ["click_window_days", "integer"],
      ["view_window_days", "integer"],
    ],
    row: (entity) => [
      entity.id,
      storable(entity.name),
      entity.status,
      entity.category,
      entity.origin,
      entity.primary,
      entity.clickWindowDays ?? null,
      entity.viewWindowDays ?? null,
    ],
  },
};

/** A listing is what is; what rows teach fills in what no listing says. */
type Source = "listed" | "learnt";

/** What visits of leads and conversions name, by id. */
const named: readonly Kind[] = ["campaign", "ad_group", "ad"];

/** The names that stored campaigns are about to lose. */
const namesLost = async (
  client: pg.PoolClient,
  accountKey: number,
  campaigns: readonly Extract<Entity, { kind: "campaign" }>[],
): Promise<readonly string[]> => {
  const { rows } = await client.query<{ name: string }>(
    `select lower(c.name) as name from warehouse.campaign c
     join unnest($2::text[], $3::text[]) as t (campaign_id, name) using (campaign_id)
     where c.account_key = $1 and c.name <> t.name`,
    [accountKey, campaigns.map(({ id }) => id), campaigns.map(({ name }) => storable(name))],
  );
  return rows.map(({ name }) => name);
};

/** In SQL: entities of a kind as rows of `t`, and where one of them is not stored as its source says. */
const fresh = (kind: Kind, source: Source, firstParameter: number): string => {
  const { key, columns } = dimensions[kind];
  const names = columns.map(([name]) => name);
  const same =
    source === "listed"
      ? `(${qualified("same", names)}) is not distinct from (${qualified("t", names)})`
      : "(same.name <> '' or t.name = '')";
  return `unnest(${columns.map(([, type], index) => `$${String(firstParameter + index)}::${type}[]`).join(", ")})
       as t (${names.join(", ")})
     where not exists (
       select from warehouse.${kind} same
       where same.account_key = $1 and ${key.map((name) => `same.${name} = t.${name}`).join(" and ")} and ${same})`;
};

/** Entities of one kind and source; `values` by column. */
interface Batch {
  readonly kind: Kind;
  readonly source: Source;
  readonly entities: readonly Entity[];
  readonly values: readonly (readonly unknown[])[];
}

const batchesOf = (entities: readonly Entity[], source: Source): readonly Batch[] =>
  (Object.keys(dimensions) as Kind[]).flatMap((kind) => {
    const own = entities.filter((entity) => entity.kind === kind);
    const { columns, row } = dimensions[kind];
    const rows = own.map(row as (entity: Entity) => readonly unknown[]);
    const values = columns.map((_, index) => rows.map((values) => values[index]));
    return own.length === 0 ? [] : [{ kind, source, entities: own, values }];
  });

/** Those of which anything is new or another. On most nights nothing is, and one statement says so of all. */
const differing = async (
  client: pg.PoolClient,
  accountKey: number,
  batches: readonly Batch[],
): Promise<readonly Batch[]> => {
  if (batches.length === 0) return [];
  const parameters: unknown[] = [accountKey];
  const asked = batches.map(({ kind, source, values }, nth) => {
    const sql = `(select ${String(nth)} as nth from ${fresh(kind, source, parameters.length + 1)} limit 1)`;
    parameters.push(...values);
    return sql;
  });
  const { rows } = await client.query<{ nth: number }>(asked.join(" union all "), parameters);
  return batches.filter((_, nth) => rows.some((row) => row.nth === nth));
};

const storeBatch = async (
  client: pg.PoolClient,
  accountKey: number,
  { kind, source, entities, values }: Batch,
  marks: boolean,
): Promise<void> => {
  const { key, columns } = dimensions[kind];
  const names = columns.map(([name]) => name);
  const rest = names.filter((name) => !key.includes(name));
  const campaigns = entities.filter((entity) => entity.kind === "campaign");
  const lost = marks && campaigns.length > 0 ? await namesLost(client, accountKey, campaigns) : [];
  const written = await client.query<{ id: string; name: string }>(
    `insert into warehouse.${kind} as d (account_key, ${names.join(", ")})
     select distinct on (${qualified("t", key)}) $1::integer, ${qualified("t", names)}
     from ${fresh(kind, source, 2)}
     on conflict (account_key, ${key.join(", ")}) do update
     ${
       source === "listed"
         ? `set ${rest.map((name) => `${name} = excluded.${name}`).join(", ")}, updated_at = excluded.updated_at`
         : "set name = excluded.name, updated_at = excluded.updated_at where d.name = '' and excluded.name <> ''"
     }${marks && named.includes(kind) ? ` returning ${kind}_id as id, lower(name) as name` : ""}`,
    [accountKey, ...values],
  );
  await touchEntities(
    client,
    written.rows.map(({ id }) => id),
  );
  if (marks && kind === "campaign")
    await touchCampaignNames(client, [...lost, ...written.rows.map(({ name }) => name)]);
};

/**
 * Stores entities; those that did not change are not written. Entities that vanish stay. What was learnt from rows never
 * takes the place of what a listing said.
 * @returns the kinds of which anything was new or another
 */
export const storeEntities = async (
  client: pg.PoolClient,
  accountKey: number,
  listed: readonly Entity[],
  learnt: readonly Entity[] = [],
): Promise<ReadonlySet<Kind>> => {
  const batches = [...batchesOf(listed, "listed"), ...batchesOf(learnt, "learnt")];
  const changed = await differing(client, accountKey, batches);
  if (changed.length === 0) return new Set();
  // A listing may empty a name that rows have taught.
  const isListed = changed.some(({ source }) => source === "listed");
  const written = isListed
    ? batches.filter((one) => one.source === "learnt" || changed.includes(one))
    : changed;
  const marks = !(await touchWhereNoVisits(client));
  for (const batch of written) await storeBatch(client, accountKey, batch, marks);
  return new Set(written.map(({ kind }) => kind));
};

/** Those of the ids that the account has no entity of. */
export const unknownIds = async (
  client: pg.PoolClient,
  accountKey: number,
  kind: Kind,
  ids: readonly string[],
): Promise<readonly string[]> => {
  if (ids.length === 0) return [];
  const { rows } = await client.query<{ id: string }>(
    `select id from unnest($2::text[]) as wanted (id)
     where not exists (select from warehouse.${kind} d where d.account_key = $1 and d.${kind}_id = wanted.id)`,
    [accountKey, ids],
  );
  return rows.map(({ id }) => id);
};
