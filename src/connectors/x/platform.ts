import type { PlatformProfile } from "../platform.ts";
import { bareId, namesPart } from "./account-parts.ts";
import { attributions, countedByDefault } from "./conversion-types.ts";
import { type XSettings, xSettings } from "./settings.ts";

export const x = {
  name: "x",
  label: "X",
  colour: { light: "#6b4fa0", dark: "#c3a6f0" },
  accountId: {
    bare: bareId,
    pattern: /^[A-Za-z0-9]+(:[A-Z]{3})?$/,
    words: "letters and digits as in X's own URLs (18ce54d4x5t); with :EUR behind it one currency alone",
    names: namesPart,
  },
  settings: xSettings,
  secrets: ["consumerSecret", "accessToken", "accessTokenSecret"],
  countingRule: ({ conversions = countedByDefault, attribution = attributions }) => ({
    measure: "conversions",
    actions: conversions,
    excluded: [],
    // Both are X's own figure, also where it does not say which part is which.
    attributions: attributions.every((part) => attribution.includes(part)) ? null : attribution,
  }),
  // Everything but spend is locked after a day; late conversions within the window may still be booked.
  maturity: { first: "0.9", halfLifeDays: "2" },
  networks: [{ campaignType: "*", network: "*", channel: "Paid Social" }],
  adReporting: { name: "twitter_ads" },
  template: {
    yaml: `\
  x:
    # X (Twitter) ads: the keys of an application with access to the Ads API, and a user's token made for it.
    consumerKey: \${X_ADS_CONSUMER_KEY}
    consumerSecret: \${X_ADS_CONSUMER_SECRET}
    accessToken: \${X_ADS_ACCESS_TOKEN}
    accessTokenSecret: \${X_ADS_ACCESS_TOKEN_SECRET}
    # accounts: ["18ce54d4x5t"]         # with all their currencies; "18ce54d4x5t:EUR" is one of them alone
    conversions: [purchases, custom]    # web conversion types without conversion_
    # attribution: [post_engagement]    # left out: after an engagement and after a mere view, as X itself counts
`,
    environment: [
      ["X_ADS_CONSUMER_KEY", "X developer portal, an app with the Ads API"],
      ["X_ADS_CONSUMER_SECRET", ""],
      ["X_ADS_ACCESS_TOKEN", "of a user with at least CAMPAIGN_ANALYST on the account"],
      ["X_ADS_ACCESS_TOKEN_SECRET", ""],
    ],
  },
} as const satisfies PlatformProfile<XSettings>;
