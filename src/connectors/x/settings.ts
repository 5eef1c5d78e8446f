import * as z from "zod";
import { accountList, baseUrl, lookback, noBreakdowns, requestTimeout } from "../settings.ts";
import { attributions, countedByDefault, webConversionTypes } from "./conversion-types.ts";

/** `connectors.x` of costper.yaml. */
export const xSettings = z.strictObject({
  consumerKey: z.string().min(1),
  consumerSecret: z.string().min(1),
  accessToken: z.string().min(1),
  accessTokenSecret: z.string().min(1),
  /** X's own ids mean all their currencies; `<id>:<CUR>` means that one alone. */
  accounts: accountList,
  /** Which web conversion types count. */
  conversions: z
    .array(z.enum(webConversionTypes))
    .min(1)
    .default([...countedByDefault]),
  /** Conversions after an engagement with the ad, after a mere view, or both. */
  attribution: z
    .array(z.enum(attributions))
    .min(1)
    .default([...attributions]),
  breakdowns: noBreakdowns(
    "X computes segments as jobs alone, they do not add up to the campaign, and none of them is a country",
  ),
  lookbackDays: lookback,
  timeoutSeconds: requestTimeout,
  endpoints: z
    .strictObject({
      api: baseUrl.default("https://ads-api.x.com"),
      /** Where people sign in (costper connect). */
      oauth: baseUrl.default("https://api.x.com"),
    })
    .prefault({}),
});

export type XSettings = z.infer<typeof xSettings>;
