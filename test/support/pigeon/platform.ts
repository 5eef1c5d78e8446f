import * as z from "zod";
import type { PlatformProfile } from "../../../src/connectors/platform.ts";
import { accountList, baseUrl, idText, lookback } from "../../../src/connectors/settings.ts";

const settings = z.strictObject({
  key: z.string().min(1),
  ring: z.string().min(1).optional(),
  accounts: accountList,
  keeper: idText.optional(),
  conversions: z.union([z.literal("all"), z.array(idText).min(1)]).default("all"),
  lookbackDays: lookback,
  endpoints: z.strictObject({ api: baseUrl.default("https://api.pigeon.example") }).prefault({}),
});

export type PigeonSettings = z.infer<typeof settings>;

/** A platform that is in no list of `src`: ads on messages that pigeons carry. One of its accounts has two currencies. */
export const pigeon = {
  name: "pigeon",
  label: "Pigeon <Post>",
  colour: { light: "#5a2d82", dark: "#c9a7eb" },
  accountId: {
    bare: (written) => written.trim().replace(/^loft-/, ""),
    pattern: /^[a-z0-9]+(:[A-Z]{3})?$/,
    words: "lower-case letters and digits, with or without loft-",
    names: (bare, accountId) => accountId === bare || accountId.startsWith(`${bare}:`),
  },
  accountIdSettings: ["keeper"],
  settings,
  problems: ({ values, isWritten }) =>
    isWritten("ring") && values["key"] === values["ring"]
      ? [{ key: "ring", message: "is the key again; give the ring's own number" }]
      : [],
  secrets: ["key"],
  countingRule: ({ conversions = "all" }) => ({
    measure: "conversions",
    actions: conversions === "all" ? null : conversions,
    excluded: ["coo"],
    attributions: null,
  }),
  maturity: { first: "0.4", halfLifeDays: "7" },
  networks: [
    { campaignType: "*", network: "square", channel: "Display" },
    { campaignType: "*", network: "*", channel: "Paid Video" },
  ],
  changes: [{ date: "2026-01-05", text: "Pigeons are counted when they land" }],
  adReporting: { name: "carrier_pigeon_ads", campaignIsAdGroup: true },
  template: {
    yaml: `\
  pigeon:
    key: \${PIGEON_KEY}
    # accounts: ["loft-a1"]
`,
    environment: [["PIGEON_KEY", "the keeper has it"]],
  },
} as const satisfies PlatformProfile<PigeonSettings>;
