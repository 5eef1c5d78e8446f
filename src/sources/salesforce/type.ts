import * as z from "zod";
import { baseUrl } from "../../connectors/settings.ts";
import { channels } from "../../domain/channel.ts";
import { conditions, dealSettings, leadSettings, outbound, since } from "../crm/settings.ts";
import { commonSettings } from "../settings.ts";
import type { SourceType } from "../source.ts";

export const salesforceSettings = z.strictObject({
  type: z.literal("salesforce"),
  ...commonSettings,
  domain: z
    .string()
    .regex(/^[a-z0-9-]+(\.[a-z]+)?$/i, "must be My Domain: the name before .my.salesforce.com")
    .describe("My Domain: the name before .my.salesforce.com."),
  clientId: z
    .string()
    .min(1)
    .describe("Consumer key of an external client app with the client credentials flow."),
  clientSecret: z.string().min(1),
  apiVersion: z
    .string()
    .regex(/^\d{2,3}\.0$/, 'must be a version such as "67.0"')
    .default("67.0"),
  since,
  leads: z
    .strictObject({
      ...leadSettings,
      disqualified: z.array(z.string()).default([]).describe("Values of the lead's Status."),
      channels: z
        .record(z.string(), z.enum(channels))
        .default({})
        .describe("Channels by values of LeadSource, for leads without a click id and tags."),
    })
    .prefault({}),
  conversions: z
    .union([
      z.literal(false),
      z.strictObject({
        ...dealSettings,
        pipelines: dealSettings.pipelines.describe("Record types of opportunities, by their API names."),
        where: conditions.default([]),
        currency: z
          .string()
          .regex(/^[A-Z]{3}$/, "must be a currency such as EUR")
          .optional()
          .describe("Of an org with a single currency; omitted: reportingCurrency."),
      }),
    ])
    .prefault({}),
  outbound,
  endpoints: z.strictObject({ login: baseUrl.optional() }).prefault({}),
});

export type SalesforceSettings = z.infer<typeof salesforceSettings>;

export const salesforce = {
  name: "salesforce",
  label: "Salesforce",
  settings: salesforceSettings,
  secrets: ["clientSecret"],
} as const satisfies SourceType<SalesforceSettings>;
