import * as z from "zod";
import { baseUrl, idText, requestTimeout } from "../settings.ts";

/** `connectors.ga4` of costper.yaml: sessions and key events, no spend. */
export const ga4Settings = z
  .strictObject({
    /** Numeric property ids; GA4's own admin shows them under property settings. */
    properties: z
      .array(idText.pipe(z.string().regex(/^\d+$/, "must be a property's number, not a G- measurement id")))
      .min(1),
    clientId: z.string().min(1).optional(),
    clientSecret: z.string().min(1).optional(),
    refreshToken: z.string().min(1).optional(),
    /** Path of a service account's JSON key; in place of the three above. */
    serviceAccountFile: z.string().min(1).optional(),
    /** GA4 moves figures for about 72 hours. */
    lookbackDays: z.number().int().min(1).max(1_125).default(3),
    timeoutSeconds: requestTimeout,
    endpoints: z
      .strictObject({
        api: baseUrl.default("https://analyticsdata.googleapis.com"),
        oauth: baseUrl.default("https://oauth2.googleapis.com"),
        /** Lists the properties; costper connect asks it, nothing else. */
        admin: baseUrl.default("https://analyticsadmin.googleapis.com"),
      })
      .prefault({}),
  })
  .refine(
    ({ serviceAccountFile, clientId, clientSecret, refreshToken }) =>
      serviceAccountFile !== undefined || (clientId && clientSecret && refreshToken),
    "takes serviceAccountFile, or all of clientId, clientSecret and refreshToken",
  );

export type Ga4Settings = z.infer<typeof ga4Settings>;
