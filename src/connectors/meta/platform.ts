import type { PlatformProfile, SettingProblem } from "../platform.ts";
import { attributionProblems, countedActionTypes, goalProblems } from "./goals.ts";
import { type MetaSettings, metaSettings } from "./settings.ts";

const problemsOf = (key: string, values: unknown, find: (texts: readonly string[]) => readonly string[]) =>
  (Array.isArray(values) ? find(values.map(String)) : []).map((message): SettingProblem => ({
    key,
    message,
  }));

export const meta = {
  name: "meta",
  label: "Meta",
  colour: { light: "#b4530a", dark: "#f0a35e" },
  accountId: {
    bare: (written) => written.trim().replace(/^act_/, ""),
    pattern: /^\d+$/,
    words: "digits, with or without act_",
  },
  settings: metaSettings,
  // Sets of conversions or attribution windows that would count something twice.
  problems: ({ values }) => [
    ...problemsOf("conversions", values["conversions"], goalProblems),
    ...problemsOf("attribution", values["attribution"], attributionProblems),
  ],
  signIn: () => import("./sign-in.ts").then(({ signIn }) => signIn),
  secrets: ["accessToken", "appSecret"],
  countingRule: ({ conversions = ["purchase", "lead"], attribution = ["7d_click", "1d_view"] }) => ({
    measure: "conversions",
    actions: countedActionTypes(conversions),
    excluded: [],
    attributions: attribution,
  }),
  // Mostly dated on the conversion: only late uploads and deduplication move a day.
  maturity: { first: "0.8", halfLifeDays: "2" },
  networks: [
    { campaignType: "*", network: "audience_network", channel: "Display" },
    { campaignType: "*", network: "*", channel: "Paid Social" },
  ],
  changes: [
    {
      date: "2025-06-10",
      text: "Meta reports by each ad set's own attribution setting and ignores the one asked for",
    },
    { date: "2026-01-12", text: "Meta no longer returns the 7-day and 28-day view windows" },
    {
      date: "2026-03-01",
      text: "Meta counts link clicks only as click-through, advertiser by advertiser from March on",
    },
  ],
  adReporting: { name: "facebook_ads" },
  template: {
    yaml: `\
  meta:
    accessToken: \${META_ACCESS_TOKEN}
    appId: \${META_APP_ID:-}             # with the secret: lets costper connect sign in
    appSecret: \${META_APP_SECRET:-}     # optional: signs each call
    # accounts: ["act_1"]
    conversions: [purchase, lead]       # goals that count; also registration, contact, schedule, subscribe, trial, custom.<id>
    attribution: [7d_click, 1d_view]    # windows that are added up; they must not contain each other
    # breakdowns: [device, country]     # splits campaign-days by these too; one more report each, an account and 30 days
`,
    environment: [
      ["META_ACCESS_TOKEN", "costper connect meta fills it in; or a system user's, with ads_read"],
      ["META_APP_ID", "Meta for Developers, App settings, Basic"],
      ["META_APP_SECRET", ""],
    ],
  },
} as const satisfies PlatformProfile<MetaSettings>;
