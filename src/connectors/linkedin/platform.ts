import type { PlatformProfile } from "../platform.ts";
import { notCounted } from "./counting.ts";
import { type LinkedinSettings, linkedinSettings } from "./settings.ts";

/** What an access token is got with; a section has these, or the token itself. */
const refreshing = ["clientId", "clientSecret", "refreshToken"] as const;

export const linkedin = {
  name: "linkedin",
  label: "LinkedIn",
  colour: { light: "#0b7a75", dark: "#4fcfc4" },
  accountId: {
    bare: (written) => written.trim().replace(/^urn:li:sponsoredAccount:/, ""),
    pattern: /^\d+$/,
    words: "digits, or urn:li:sponsoredAccount: and digits",
  },
  settings: linkedinSettings,
  problems: ({ isWritten }) => {
    const missing = refreshing.filter((key) => !isWritten(key));
    if (isWritten("accessToken") || missing.length === 0) return [];
    if (missing.length === refreshing.length)
      return [
        {
          key: "accessToken",
          message: "is missing: give accessToken, or all of clientId, clientSecret and refreshToken",
        },
      ];
    return missing.map((key) => ({
      key,
      message: "is missing: without accessToken it takes clientId, clientSecret and refreshToken",
    }));
  },
  signIn: () => import("./sign-in.ts").then(({ signIn }) => signIn),
  secrets: ["clientSecret", "refreshToken", "accessToken"],
  countingRule: ({ conversions = "all" }) =>
    conversions === "all"
      ? { measure: "conversions", actions: null, excluded: notCounted, attributions: null }
      : { measure: "conversions", actions: conversions, excluded: [], attributions: null },
  // Uploaded conversions take up to 72 hours, and rules credit for 30 to 90 days.
  maturity: { first: "0.6", halfLifeDays: "3" },
  networks: [{ campaignType: "*", network: "*", channel: "Paid Social" }],
  // Without ad groups: the campaign stands in, as in Fivetran's models.
  adReporting: { name: "linkedin_ads", campaignIsAdGroup: true },
  template: {
    yaml: `\
  linkedin:
    clientId: \${LINKEDIN_CLIENT_ID:-}
    clientSecret: \${LINKEDIN_CLIENT_SECRET:-}
    refreshToken: \${LINKEDIN_REFRESH_TOKEN:-}   # of an app that LinkedIn gives refresh tokens
    accessToken: \${LINKEDIN_ACCESS_TOKEN:-}     # else this: for 60 days
    # accounts: ["512345678"]
    conversions: all                    # website conversions and one-click leads; or a list of rules, and oneClickLeads
    # creatives: true                   # by ad too; one more report for each window
`,
    environment: [
      ["LINKEDIN_CLIENT_ID", "LinkedIn developer portal, app with the Advertising API"],
      ["LINKEDIN_CLIENT_SECRET", ""],
      ["LINKEDIN_REFRESH_TOKEN", "costper connect linkedin fills in this or the next"],
      ["LINKEDIN_ACCESS_TOKEN", ""],
    ],
  },
} as const satisfies PlatformProfile<LinkedinSettings>;
