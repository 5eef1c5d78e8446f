import * as z from "zod";
import { baseUrl, idText } from "../../connectors/settings.ts";
import { deskSettings } from "../desk/settings.ts";
import { commonSettings } from "../settings.ts";
import type { SourceType } from "../source.ts";

export const liveagentSettings = z
  .strictObject({
    type: z.literal("liveagent"),
    ...commonSettings,
    account: z
      .string()
      .regex(/^[a-z0-9-]+$/i, "must be the name before .ladesk.com")
      .optional(),
    url: baseUrl.optional().describe("In place of account, where the help desk has a host of its own."),
    apiKey: z.string().min(1).describe("An API v3 key that may read calls and tickets."),
    ...deskSettings,
    contacts: z
      .union([
        z.literal(false),
        z.strictObject({
          exclude: z.array(z.string()).default(["forum", "suggestion"]),
          departments: z.array(idText).min(1).optional(),
        }),
      ])
      .prefault({}),
    endpoints: z.strictObject({ api: baseUrl.optional() }).prefault({}),
  })
  .refine(
    ({ account, url, endpoints }) =>
      (account === undefined) !== (url === undefined) || endpoints.api !== undefined,
    { path: ["account"], message: "give account, or url" },
  );

export type LiveagentSettings = z.infer<typeof liveagentSettings>;

export const liveagent = {
  name: "liveagent",
  label: "LiveAgent",
  settings: liveagentSettings,
  secrets: ["apiKey"],
} as const satisfies SourceType<LiveagentSettings>;
