import * as z from "zod";
import type { Entity } from "../../domain/facts.ts";
import { Failure } from "../../domain/failure.ts";
import type { Pull } from "../connector.ts";
import { actionFamilies, actionName, customConversion, familyOf } from "./actions.ts";
import type { Client } from "./client.ts";
import { countedActionTypes } from "./goals.ts";
import { type InsightsRow, nameText } from "./normalize.ts";
import { edgeStatusesOf, type Level } from "./queries.ts";

/** What insights rows said by the way: names of ids that no edge lists any more, and action types. */
export interface Sightings {
  readonly entities: Map<string, Entity>;
  readonly actionTypes: Set<string>;
}

export const noSightings = (): Sightings => ({ entities: new Map(), actionTypes: new Set() });

/** Ids whose figures exist although every edge leaves them out have been deleted. */
const gone = "DELETED";

export const sight = (sightings: Sightings, row: InsightsRow): void => {
  const { campaign_id: campaignId = "", adset_id: adGroupId, ad_id: adId } = row;
  const keep = (entity: Entity) => {
    const key = `${entity.kind} ${entity.id}`;
    if (entity.name !== "" && !sightings.entities.has(key)) sightings.entities.set(key, entity);
  };
  if (campaignId)
    keep({ kind: "campaign", id: campaignId, name: row.campaign_name ?? "", status: gone, type: "" });
  if (adGroupId)
    keep({ kind: "ad_group", id: adGroupId, campaignId, name: row.adset_name ?? "", status: gone });
  if (adId && adGroupId)
    keep({ kind: "ad", id: adId, adGroupId, campaignId, name: row.ad_name ?? "", status: gone });
};

const wireEntity = z.object({
  id: z.string().min(1),
  name: nameText.catch(""),
  status: z.string().optional(),
  effective_status: z.string().optional(),
  campaign_id: z.string().optional(),
  adset_id: z.string().optional(),
  objective: z.string().nullish(),
});

const edges = [
  { level: "campaign", edge: "campaigns", fields: "id,name,status,effective_status,objective" },
  { level: "adset", edge: "adsets", fields: "id,name,campaign_id,status,effective_status" },
  { level: "ad", edge: "ads", fields: "id,name,adset_id,campaign_id,status,effective_status" },
] as const satisfies readonly { level: Level; edge: string; fields: string }[];

const toEntity = (level: Level, raw: unknown, accountId: string): Entity => {
  const parsed = wireEntity.safeParse(raw);
  if (!parsed.success)
    throw new Failure({
      kind: "data",
      platform: "meta",
      accountId,
      message: `a ${level} is not as documented at ${parsed.error.issues[0]?.path.join(".") ?? ""}`,
      remedy: "report it to costper",
    });
  const { id, name, campaign_id: campaignId = "", adset_id: adGroupId = "", objective } = parsed.data;
  const status = parsed.data.effective_status ?? parsed.data.status ?? "";
  switch (level) {
    case "campaign":
      return { kind: "campaign", id, name, status, type: objective ?? "" };
    case "adset":
      return { kind: "ad_group", id, campaignId, name, status };
    case "ad":
      return { kind: "ad", id, adGroupId, campaignId, name, status };
  }
};

/** Campaigns, ad sets and ads of every status that edges list, then deleted ones by the names insights gave them. */
export async function* readEntities(
  client: Client,
  pull: Pull,
  sightings: Sightings,
  goals: readonly string[],
): AsyncGenerator<readonly Entity[]> {
  const seen = new Set<string>();
  const fresh = (entities: readonly Entity[]): readonly Entity[] =>
    entities.filter(({ kind, id }) => {
      const key = `${kind} ${id}`;
      return !seen.has(key) && seen.add(key);
    });
  for (const { level, edge, fields } of edges) {
    const call = {
      path: [`act_${pull.account.id}`, edge],
      params: { fields, effective_status: edgeStatusesOf(level) },
      name: edge,
      accountId: pull.account.id,
      signal: pull.signal,
    };
    for await (const page of client.pages(call, 200)) {
      const entities = fresh(page.map((raw) => toEntity(level, raw, pull.account.id)));
      if (entities.length > 0) yield entities;
    }
  }
  const deleted = fresh([...sightings.entities.values()]);
  if (deleted.length > 0) yield deleted;
  yield conversionActions(goals, sightings.actionTypes);
}

/** The names and action types that this pull's rows carried; asks for nothing. */
export async function* learntEntities({
  entities,
  actionTypes,
}: Sightings): AsyncGenerator<readonly Entity[]> {
  yield [...entities.values()];
  yield [...actionTypes].map(actionOf);
}

/** Meta lists no action types: those that are known, those that the settings count and those seen in figures. */
const conversionActions = (goals: readonly string[], seen: ReadonlySet<string>): readonly Entity[] => {
  const canonical = actionFamilies.map((family) => family.canonical);
  return [...new Set([...canonical, ...countedActionTypes(goals), ...seen])].map(actionOf);
};

const actionOf = (id: string): Entity => {
  const family = familyOf(id);
  return {
    kind: "conversion_action",
    id,
    name: actionName(id),
    status: "ACTIVE",
    category: family?.category ?? (id.startsWith(customConversion) ? "CUSTOM" : ""),
    origin: originOf(id),
    primary: family?.canonical === id,
    clickWindowDays: 28,
    viewWindowDays: 1,
  };
};

const originOf = (id: string): string => {
  if (id.startsWith("offsite_conversion.") || id.endsWith("_website")) return "WEBSITE";
  if (id.startsWith("onsite_")) return "META";
  if (id.startsWith("app_custom_event.") || id.endsWith("_mobile_app")) return "APP";
  return id.startsWith("offline_") || id.endsWith("_offline") ? "OFFLINE" : "";
};
