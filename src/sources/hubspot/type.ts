import * as z from "zod";
import { baseUrl } from "../../connectors/settings.ts";
import { leadStages } from "../../metrics/first-party/stages.ts";
import { dealSettings, leadSettings, outbound, since } from "../crm/settings.ts";
import { commonSettings } from "../settings.ts";
import type { SourceType } from "../source.ts";

export const hubspotSettings = z.strictObject({
  type: z.literal("hubspot"),
  ...commonSettings,
  token: z.string().min(1).describe("A service key, or the token of a private app."),
  apiVersion: z
    .string()
    .regex(/^\d{4}-(03|09)$/, 'must be a version such as "2026-09"')
    .default("2026-09"),
  since,
  leads: z
    .strictObject({
      from: z.enum(leadStages).default("lead").describe("Contacts are leads once they reached this stage."),
      disqualified: z.array(z.string()).default(["UNQUALIFIED"]).describe("Values of the lead status."),
      ...leadSettings,
    })
    .prefault({}),
  conversions: z.union([z.literal(false), z.strictObject(dealSettings)]).prefault({}),
  outbound,
  endpoints: z.strictObject({ api: baseUrl.default("https://api.hubapi.com") }).prefault({}),
});

export type HubspotSettings = z.infer<typeof hubspotSettings>;

export const hubspot = {
  name: "hubspot",
  label: "HubSpot",
  settings: hubspotSettings,
  secrets: ["token"],
} as const satisfies SourceType<HubspotSettings>;
