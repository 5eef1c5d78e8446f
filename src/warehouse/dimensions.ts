import type pg from "pg";
import type { Entity } from "../domain/facts.ts";
import { storable } from "./accounts.ts";
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

const storeKind = async <K extends Kind>(
  client: pg.PoolClient,
  accountKey: number,
  kind: K,
  entities: readonly Extract<Entity, { kind: K }>[],
  { source, marks }: { readonly source: Source; readonly marks: boolean },
): Promise<void> => {
  const { key, columns, row } = dimensions[kind];
  const names = columns.map(([name]) => name);
  const rest = names.filter((name) => !key.includes(name));
  const values = entities.map(row);
  const campaigns = (entities as readonly Entity[]).filter((entity) => entity.kind === "campaign");
  const lost = marks && campaigns.length > 0 ? await namesLost(client, accountKey, campaigns) : [];
  const written = await client.query<{ id: string; name: string }>(
    `insert into warehouse.${kind} as d (account_key, ${names.join(", ")})
     select distinct on (${key.map((name) => `t.${name}`).join(", ")}) $1::integer, ${names.map((name) => `t.${name}`).join(", ")}
     from unnest(${columns.map(([, type], index) => `$${String(index + 2)}::${type}[]`).join(", ")})
       as t (${names.join(", ")})
     left join warehouse.${kind} same
       on same.account_key = $1 and ${key.map((name) => `same.${name} = t.${name}`).join(" and ")}
     where same.account_key is null
        or (${names.map((name) => `same.${name}`).join(", ")})
           is distinct from (${names.map((name) => `t.${name}`).join(", ")})
     on conflict (account_key, ${key.join(", ")}) do update
     ${
       source === "listed"
         ? `set ${rest.map((name) => `${name} = excluded.${name}`).join(", ")}, updated_at = excluded.updated_at`
         : "set name = excluded.name, updated_at = excluded.updated_at where d.name = '' and excluded.name <> ''"
     }${marks && named.includes(kind) ? ` returning ${kind}_id as id, lower(name) as name` : ""}`,
    [accountKey, ...columns.map((_, index) => values.map((value) => value[index]))],
  );
  await touchEntities(
    client,
    written.rows.map(({ id }) => id),
  );
  if (marks && kind === "campaign")
    await touchCampaignNames(client, [...lost, ...written.rows.map(({ name }) => name)]);
};

/**
 * Stores a batch of entities; those that did not change are not written. Entities that vanish stay. What was learnt
 * from rows never takes the place of what a listing said.
 */
export const storeEntities = async (
  client: pg.PoolClient,
  accountKey: number,
  entities: readonly Entity[],
  source: Source = "listed",
): Promise<void> => {
  if (entities.length === 0) return;
  const marks = !(await touchWhereNoVisits(client));
  for (const kind of Object.keys(dimensions) as Kind[]) {
    const own = entities.filter((entity) => entity.kind === kind);
    if (own.length > 0) await storeKind(client, accountKey, kind, own as never, { source, marks });
  }
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
