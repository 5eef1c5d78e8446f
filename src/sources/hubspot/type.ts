import { z } from "zod";
import { baseUrl, idText } from "../../connectors/settings.ts";
import { isDay } from "../../domain/day.ts";
import { clickIdNames } from "../../metrics/channels/click-ids.ts";
import { leadStages } from "../../metrics/first-party/stages.ts";
import { commonSettings } from "../settings.ts";
import type { SourceType } from "../source.ts";

const conditions = z.array(
  z
    .strictObject({
      field: z.string().min(1),
      in: z.array(idText).optional(),
      notIn: z.array(idText).optional(),
    })
    .refine((one) => (one.in === undefined) !== (one.notIn === undefined), "takes in or notIn"),
);

const visitNames = [
  "url",
  "source",
  "medium",
  "campaign",
  "campaign_id",
  "term",
  "content",
  "referrer",
  ...clickIdNames,
] as const;

export const hubspotSettings = z.strictObject({
  type: z.literal("hubspot"),
  ...commonSettings,
  token: z.string().min(1).describe("A service key, or the token of a private app."),
  apiVersion: z
    .string()
    .regex(/^\d{4}-(03|09)$/, 'must be a version such as "2026-09"')
    .default("2026-09"),
  since: z
    .string()
    .refine(isDay, "must be a day such as 2025-01-01")
    .optional()
    .describe("The first day asked for; omitted: 400 days ago."),
  leads: z
    .strictObject({
      from: z.enum(leadStages).default("lead").describe("Contacts are leads once they reached this stage."),
      stages: z.record(z.string(), z.enum(leadStages)).default({}),
      disqualified: z.array(z.string()).default(["UNQUALIFIED"]).describe("Values of the lead status."),
      score: z.strictObject({ field: z.string().min(1) }).optional(),
      where: conditions.default([]),
      visit: z.partialRecord(z.enum(visitNames), z.string().min(1)).default({}),
      deleted: z.enum(["keep", "drop"]).default("keep"),
      emailHash: z.boolean().default(false),
    })
    .prefault({}),
  conversions: z
    .union([
      z.literal(false),
      z.strictObject({
        name: z.string().min(1).default("deal_won"),
        pipelines: z.array(idText).min(1).optional(),
        orderId: z.string().min(1).optional(),
      }),
    ])
    .prefault({}),
  outbound: z
    .strictObject({
      field: z.string().min(1),
      in: z.array(idText).min(1),
      count: z.enum(["deals", "leads"]).default("deals"),
    })
    .optional(),
  endpoints: z.strictObject({ api: baseUrl.default("https://api.hubapi.com") }).prefault({}),
});

export type HubspotSettings = z.infer<typeof hubspotSettings>;

export const hubspot = {
  name: "hubspot",
  label: "HubSpot",
  settings: hubspotSettings,
  secrets: ["token"],
} as const satisfies SourceType<HubspotSettings>;
