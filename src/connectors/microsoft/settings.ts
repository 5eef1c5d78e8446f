import * as z from "zod";
import { accountList, baseUrl, breakdownList, idText, lookback, requestTimeout } from "../settings.ts";

/** `connectors.microsoft` of costper.yaml: Microsoft Advertising (Bing, Yahoo, AOL, partners, Audience network). */
export const microsoftSettings = z.strictObject({
  developerToken: z.string().min(1),
  clientId: z.string().min(1),
  /** Left out or empty for a public client: one that sends a secret is refused. */
  clientSecret: z.string().optional(),
  refreshToken: z.string().min(1),
  /** `common`, or the Entra tenant that the user belongs to. */
  tenant: z
    .string()
    .regex(/^[A-Za-z0-9.-]+$/, "must be common, or a tenant's id or domain")
    .default("common"),
  accounts: accountList,
  /** `qualified`: goals that the platform includes in bidding; or names or ids of goals. */
  conversions: z.union([z.literal("qualified"), z.array(idText).min(1)]).default("qualified"),
  breakdowns: breakdownList("device", "country"),
  lookbackDays: lookback,
  timeoutSeconds: requestTimeout,
  endpoints: z
    .strictObject({
      oauth: baseUrl.default("https://login.microsoftonline.com"),
      clientCenter: baseUrl.default("https://clientcenter.api.bingads.microsoft.com"),
      reporting: baseUrl.default("https://reporting.api.bingads.microsoft.com"),
    })
    .prefault({}),
});

export type MicrosoftSettings = z.infer<typeof microsoftSettings>;
