import type { PlatformProfile } from "../platform.ts";
import { clickThrough } from "./goals.ts";
import { type MicrosoftSettings, microsoftSettings } from "./settings.ts";

export const microsoft = {
  name: "microsoft",
  label: "Microsoft",
  colour: { light: "#a3195b", dark: "#f48fb8" },
  accountId: {
    bare: (written) => written.trim(),
    pattern: /^\d+$/,
    words: "digits (the account id of the API, not the number with letters that the pages show)",
  },
  settings: microsoftSettings,
  signIn: () => import("./sign-in.ts").then(({ signIn }) => signIn),
  secrets: ["developerToken", "clientSecret", "refreshToken"],
  // Conversions after a mere view have an attribution of their own, which never counts.
  countingRule: ({ conversions = "qualified" }) =>
    conversions === "qualified"
      ? { measure: "primary", actions: null, excluded: [], attributions: [clickThrough] }
      : { measure: "all", actions: conversions, excluded: [], attributions: [clickThrough] },
  // Like Google: credited for weeks, and clicks are reported within hours.
  maturity: { first: "0.5", halfLifeDays: "3" },
  networks: [
    { campaignType: "*", network: "audience", channel: "Display" },
    { campaignType: "*", network: "content", channel: "Display" },
    { campaignType: "*", network: "*", channel: "Paid Search" },
  ],
  clicks: {
    remedy: "switch auto-tagging on (msclkid), and put utm_id={CampaignId} into the tracking template",
  },
  adReporting: { name: "microsoft_ads" },
  template: {
    yaml: `\
  microsoft:
    # Microsoft Advertising: Bing, Yahoo, AOL, search partners, Audience network.
    developerToken: \${MICROSOFT_ADS_DEVELOPER_TOKEN}
    clientId: \${MICROSOFT_ADS_CLIENT_ID}
    clientSecret: \${MICROSOFT_ADS_CLIENT_SECRET:-}     # left out for a public client
    refreshToken: \${MICROSOFT_ADS_REFRESH_TOKEN}
    # tenant: common                    # or the id of your own Entra tenant
    # accounts: ["700000021"]           # left out: every account that the user reaches
    conversions: qualified              # goals that are included in bidding; or a list of goal names or ids
    # breakdowns: [device, country]     # splits campaign-days by these too; two reports more each, an account and 31 days
`,
    environment: [
      ["MICROSOFT_ADS_DEVELOPER_TOKEN", "Microsoft Advertising developer portal, production"],
      ["MICROSOFT_ADS_CLIENT_ID", "Azure portal, app registration"],
      ["MICROSOFT_ADS_CLIENT_SECRET", "only of a web application"],
      ["MICROSOFT_ADS_REFRESH_TOKEN", "costper connect microsoft fills it in"],
    ],
  },
} as const satisfies PlatformProfile<MicrosoftSettings>;
