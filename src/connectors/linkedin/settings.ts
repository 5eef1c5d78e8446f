import * as z from "zod";
import { accountList, baseUrl, idText, lookback, noBreakdowns, requestTimeout } from "../settings.ts";

/** `connectors.linkedin` of costper.yaml: an access token, or what is needed to refresh one. */
export const linkedinSettings = z.strictObject({
  clientId: z.string().min(1).optional(),
  clientSecret: z.string().min(1).optional(),
  refreshToken: z.string().min(1).optional(),
  accessToken: z.string().min(1).optional(),
  accounts: accountList,
  /** `all`: website conversions and one-click leads; or names or ids of conversion rules, and `oneClickLeads`. */
  conversions: z.union([z.literal("all"), z.array(idText).min(1)]).default("all"),
  /** Also pulls creatives (ads); costs one more report per window. */
  creatives: z.boolean().default(false),
  breakdowns: noBreakdowns(
    "LinkedIn's reports by device lose rows, and those by country add noise to every figure on purpose",
  ),
  apiVersion: z
    .string()
    .regex(/^\d{6}$/, "must look like 202609")
    .default("202609"),
  lookbackDays: lookback,
  timeoutSeconds: requestTimeout,
  endpoints: z
    .strictObject({
      api: baseUrl.default("https://api.linkedin.com"),
      oauth: baseUrl.default("https://www.linkedin.com"),
    })
    .prefault({}),
});

export type LinkedinSettings = z.infer<typeof linkedinSettings>;
