import type { PlatformProfile } from "../platform.ts";
import { type GoogleSettings, googleSettings } from "./settings.ts";

export const google = {
  name: "google",
  label: "Google",
  colour: { light: "#1d5bb8", dark: "#8ab4f8" },
  accountId: {
    bare: (written) =>
      written
        .trim()
        .replaceAll("-", "")
        .replace(/^customers\//, ""),
    pattern: /^\d{10}$/,
    words: "ten digits, with or without dashes (111-222-3333)",
  },
  accountIdSettings: ["loginCustomerId"],
  settings: googleSettings,
  signIn: () => import("./sign-in.ts").then(({ signIn }) => signIn),
  secrets: ["developerToken", "clientSecret", "refreshToken"],
  countingRule: ({ conversions = "primary" }) =>
    conversions === "primary"
      ? { measure: "primary", actions: null, excluded: [], attributions: null }
      : { measure: "all", actions: conversions, excluded: [], attributions: null },
  // Dated on the click, credited for weeks: the lag is the customer's own time to decide.
  maturity: { first: "0.5", halfLifeDays: "3" },
  // MIXED and Google's own surfaces count as Cross-network, as do campaign types that run everywhere. The last lines
  // serve campaigns whose network is not known.
  networks: [
    { campaignType: "PERFORMANCE_MAX", network: "*", channel: "Cross-network" },
    { campaignType: "DEMAND_GEN", network: "*", channel: "Cross-network" },
    { campaignType: "SMART", network: "*", channel: "Cross-network" },
    { campaignType: "SHOPPING", network: "SEARCH", channel: "Paid Shopping" },
    { campaignType: "SHOPPING", network: "SEARCH_PARTNERS", channel: "Paid Shopping" },
    { campaignType: "*", network: "SEARCH", channel: "Paid Search" },
    { campaignType: "*", network: "SEARCH_PARTNERS", channel: "Paid Search" },
    { campaignType: "*", network: "CONTENT", channel: "Display" },
    { campaignType: "*", network: "YOUTUBE", channel: "Paid Video" },
    { campaignType: "*", network: "YOUTUBE_SEARCH", channel: "Paid Video" },
    { campaignType: "*", network: "YOUTUBE_WATCH", channel: "Paid Video" },
    { campaignType: "*", network: "GOOGLE_TV", channel: "Paid Video" },
    { campaignType: "*", network: "MIXED", channel: "Cross-network" },
    { campaignType: "*", network: "GOOGLE_OWNED_CHANNELS", channel: "Cross-network" },
    { campaignType: "*", network: "GMAIL", channel: "Cross-network" },
    { campaignType: "*", network: "DISCOVER", channel: "Cross-network" },
    { campaignType: "*", network: "MAPS", channel: "Cross-network" },
    { campaignType: "SHOPPING", network: "*", channel: "Paid Shopping" },
    { campaignType: "DISPLAY", network: "*", channel: "Display" },
    { campaignType: "VIDEO", network: "*", channel: "Paid Video" },
    { campaignType: "*", network: "*", channel: "Paid Search" },
  ],
  clicks: {
    reportedId: "gclid",
    campaignId: "gad_campaignid",
    remedy: "switch auto-tagging on, and see that redirects keep the gclid",
  },
  adReporting: { name: "google_ads" },
  template: {
    yaml: `\
  google:
    developerToken: \${GOOGLE_ADS_DEVELOPER_TOKEN:-}   # optional since September 2026
    clientId: \${GOOGLE_ADS_CLIENT_ID}
    clientSecret: \${GOOGLE_ADS_CLIENT_SECRET}
    refreshToken: \${GOOGLE_ADS_REFRESH_TOKEN}
    # loginCustomerId: "123-456-7890"   # a manager account; its client accounts are found through it
    # accounts: ["111-222-3333"]        # left out: every account that the credentials reach
    conversions: primary                # what Google counts itself; or a list of action names or ids
    # clicks: true                      # joins imported conversions to campaigns by their gclid; one operation more an account and day
    # breakdowns: [device, country]     # also keyword, search_term; two operations more each, an account and 31 days
    # lookbackDays: 30                  # instead of the one above, for this platform
`,
    environment: [
      ["GOOGLE_ADS_DEVELOPER_TOKEN", "Google Ads, API Center; optional"],
      ["GOOGLE_ADS_CLIENT_ID", "Google Cloud console, OAuth client"],
      ["GOOGLE_ADS_CLIENT_SECRET", ""],
      ["GOOGLE_ADS_REFRESH_TOKEN", "costper connect google fills it in"],
    ],
  },
} as const satisfies PlatformProfile<GoogleSettings>;
