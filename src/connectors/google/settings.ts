import * as z from "zod";
import { accountList, baseUrl, breakdownList, idText, lookback, requestTimeout } from "../settings.ts";

/** `connectors.google` of costper.yaml. */
export const googleSettings = z.strictObject({
  /** Optional since Google retired developer tokens in September 2026. */
  developerToken: z.string().optional(),
  clientId: z.string().min(1),
  clientSecret: z.string().min(1),
  refreshToken: z.string().min(1),
  /** The manager account through which accounts are reached; its clients are discovered beside direct ones. */
  loginCustomerId: idText.optional(),
  accounts: accountList,
  /** `primary`: what Google counts in metrics.conversions; or names or ids of actions (their all_conversions). */
  conversions: z.union([z.literal("primary"), z.array(idText).min(1)]).default("primary"),
  /** Fetch the click report, which finds the campaign of a gclid: one more operation an account and day. */
  clicks: z
    .boolean()
    .default(false)
    .describe("Also fetch which campaign each click id belongs to, to join first-party conversions."),
  breakdowns: breakdownList("device", "country", "keyword", "search_term"),
  lookbackDays: lookback,
  timeoutSeconds: requestTimeout,
  endpoints: z
    .strictObject({
      api: baseUrl.default("https://googleads.googleapis.com"),
      oauth: baseUrl.default("https://oauth2.googleapis.com"),
    })
    .prefault({}),
});

export type GoogleSettings = z.infer<typeof googleSettings>;
