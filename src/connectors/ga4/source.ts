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
  # GA4: sessions and key events by channel, beside the platforms above; there is no spend in it, so it cannot stand alone.
  # ga4:
  #   properties: ["123456789"]         # numbers, not G- ids
  #   serviceAccountFile: ga4-key.json  # or clientId, clientSecret and refreshToken
  #   lookbackDays: 3                   # GA4 moves figures for about 72 hours
`,
    environment: [],
  },
} as const satisfies SourceProfile<Ga4Settings>;
