import * as z from "zod";
import { asFailure } from "../../domain/failure.ts";
import { requireFields } from "../crm/fields.ts";
import type { HubspotClient } from "./client.ts";
import type { HubspotSettings } from "./type.ts";

const text = z.union([z.string(), z.number().transform(String), z.boolean().transform(String)]);

const detailsShape = z.object({
  portalId: text,
  timeZone: z.string().nullish(),
  companyCurrency: z.string().nullish(),
});
const propertiesShape = z.object({ results: z.array(z.object({ name: z.string() })) });
const propertyShape = z.object({
  options: z.array(z.object({ value: text, label: z.string() })).default([]),
});
const pipelinesShape = z.object({
  results: z.array(
    z.object({
      id: text,
      stages: z.array(
        z.object({
          id: text,
          metadata: z.object({ isClosed: text.nullish(), probability: text.nullish() }).prefault({}),
        }),
      ),
    }),
  ),
});

/** The account behind a key. */
export type Portal = z.infer<typeof detailsShape>;

export const portalOf = (
  client: HubspotClient,
  { apiVersion }: HubspotSettings,
  signal: AbortSignal,
): Promise<Portal> => client.get(`/account-info/${apiVersion}/details`, detailsShape, signal);

const usageShape = z.object({
  results: z.array(z.object({ usageLimit: z.number(), currentUsage: z.number() })),
});

/** Calls of the account's day, in words; empty where the key may not ask. */
export const usageOf = async (
  client: HubspotClient,
  { apiVersion }: HubspotSettings,
  signal: AbortSignal,
): Promise<string> => {
  try {
    const path = `/account-info/${apiVersion}/api-usage/daily/private-apps`;
    const [usage] = (await client.get(path, usageShape, signal)).results;
    return usage === undefined
      ? ""
      : `; ${String(usage.currentUsage)} of ${String(usage.usageLimit)} calls of the day are used`;
  } catch (error) {
    signal.throwIfAborted();
    const { kind } = asFailure(error);
    if (kind === "account" || kind === "request") return "";
    throw error;
  }
};

/** Names of the properties that contacts or deals have. */
export const propertyNames = async (
  client: HubspotClient,
  { apiVersion }: HubspotSettings,
  object: "contacts" | "deals",
  signal: AbortSignal,
): Promise<ReadonlySet<string>> => {
  const { results } = await client.get(`/crm/properties/${apiVersion}/${object}`, propertiesShape, signal);
  return new Set(results.map(({ name }) => name));
};

/** HubSpot passes over names that it does not know. @throws Failure `request` */
export const requireProperties = (
  known: ReadonlySet<string>,
  object: string,
  wanted: readonly (readonly [name: string, setting: string])[],
  source: string,
): void =>
  requireFields((name) => known.has(name), wanted, {
    source,
    lack: `${object} have no property`,
    remedy: "use the internal names of HubSpot's settings, Properties",
  });

/** The internal names of the lifecycle stages by their labels. */
export const stageLabels = async (
  client: HubspotClient,
  { apiVersion }: HubspotSettings,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> => {
  const { options } = await client.get(
    `/crm/properties/${apiVersion}/contacts/lifecyclestage`,
    propertyShape,
    signal,
  );
  return new Map(options.map(({ value, label }) => [value, label]));
};

/** The stages of deals that are won. */
export const wonStages = async (
  client: HubspotClient,
  { apiVersion }: HubspotSettings,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> => {
  const { results } = await client.get(`/crm/pipelines/${apiVersion}/deals`, pipelinesShape, signal);
  return new Set(
    results.flatMap(({ stages }) =>
      stages.filter(({ metadata }) => Number(metadata.probability ?? 0) === 1).map(({ id }) => id),
    ),
  );
};
