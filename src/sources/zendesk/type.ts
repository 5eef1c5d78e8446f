import * as z from "zod";
import { baseUrl } from "../../connectors/settings.ts";
import { deskSettings } from "../desk/settings.ts";
import { commonSettings } from "../settings.ts";
import type { SourceType } from "../source.ts";

export const zendeskSettings = z.strictObject({
  type: z.literal("zendesk"),
  ...commonSettings,
  subdomain: z
    .string()
    .regex(/^[a-z0-9-]+$/i, "must be the name before .zendesk.com")
    .describe("The name before .zendesk.com."),
  clientId: z.string().min(1).optional().describe("Of a confidential OAuth client."),
  clientSecret: z.string().min(1).optional(),
  email: z.string().min(1).optional().describe("With apiToken, until 30 April 2027."),
  apiToken: z.string().min(1).optional(),
  ...deskSettings,
  contacts: z
    .union([
      z.literal(false),
      z.strictObject({
        exclude: z
          .array(z.string())
          .default([])
          .describe("Channels of tickets that are no contacts, in Zendesk's words, such as api."),
      }),
    ])
    .prefault({}),
  endpoints: z.strictObject({ api: baseUrl.optional() }).prefault({}),
});

export type ZendeskSettings = z.infer<typeof zendeskSettings>;

const isSet = (value: unknown): boolean => value !== undefined && value !== null && value !== "";

export const zendesk = {
  name: "zendesk",
  label: "Zendesk",
  settings: zendeskSettings,
  problems: ({ clientId, clientSecret, email, apiToken }) => {
    const byClient = isSet(clientId) && isSet(clientSecret);
    const byToken = isSet(email) && isSet(apiToken);
    if (byClient !== byToken) return [];
    return [
      byClient
        ? { key: "apiToken", message: "stands beside clientId: leave email and apiToken out" }
        : { key: "clientId", message: "is missing: give clientId and clientSecret, or email and apiToken" },
    ];
  },
  secrets: ["clientSecret", "apiToken"],
} as const satisfies SourceType<ZendeskSettings>;
