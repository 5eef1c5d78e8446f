import * as z from "zod";
import { accountList, baseUrl, breakdownList, idText, lookback, requestTimeout } from "../settings.ts";

/** `connectors.meta` of costper.yaml. */
export const metaSettings = z.strictObject({
  accessToken: z.string().min(1),
  /** The app that `costper connect meta` signs in with; nothing else reads it. */
  appId: idText.optional(),
  /** Adds appsecret_proof to each call. */
  appSecret: z.string().min(1).optional(),
  accounts: accountList,
  /** Goal names (purchase, lead ...), or exact action types; names that contain one another are refused. */
  conversions: z.array(idText).min(1).default(["purchase", "lead"]),
  /** Attribution windows that are added up; nested ones together are refused. */
  attribution: z
    .array(z.enum(["1d_click", "7d_click", "28d_click", "1d_view", "1d_ev"]))
    .min(1)
    .default(["7d_click", "1d_view"]),
  breakdowns: breakdownList("device", "country"),
  apiVersion: z
    .string()
    .regex(/^v\d+\.\d+$/, "must look like v25.0")
    .default("v25.0"),
  lookbackDays: lookback,
  timeoutSeconds: requestTimeout,
  endpoints: z.strictObject({ graph: baseUrl.default("https://graph.facebook.com") }).prefault({}),
});

export type MetaSettings = z.infer<typeof metaSettings>;
