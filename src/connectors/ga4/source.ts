import type { SourceProfile } from "../platform.ts";
import { type Ga4Settings, ga4Settings } from "./settings.ts";

/** Google Analytics stands beside the ad platforms: it has sessions and key events, and no spend. */
export const ga4 = {
  name: "ga4",
  label: "GA4",
  settings: ga4Settings,
  signIn: () => import("./sign-in.ts").then(({ signIn }) => signIn),
  secrets: ["clientSecret", "refreshToken"],
  template: {
    yaml: `\
  # Sessions and key events by channel, beside the platforms above; there is no spend in it, so it cannot stand alone.
  ga4:
    properties: ["123456789"]           # numbers, not G- ids; costper connect ga4 lists them
    clientId: \${GA4_CLIENT_ID}
    clientSecret: \${GA4_CLIENT_SECRET}
    refreshToken: \${GA4_REFRESH_TOKEN}
    # serviceAccountFile: ga4-key.json  # in place of these three
    # lookbackDays: 3                   # GA4 moves figures for about 72 hours
`,
    environment: [
      ["GA4_CLIENT_ID", "Google Cloud console, OAuth client of the type Desktop app"],
      ["GA4_CLIENT_SECRET", ""],
      ["GA4_REFRESH_TOKEN", "costper connect ga4 fills it in"],
    ],
  },
} as const satisfies SourceProfile<Ga4Settings>;
