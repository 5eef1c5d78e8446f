import * as z from "zod";
import type { ClassifyOptions } from "../channels/classify.ts";
import { normalizeHost } from "../channels/normalize.ts";
import type { FirstPartySettings } from "./settings.ts";
import { leadStages } from "./stages.ts";

const decimalText = z.union([
  z.number().transform(String),
  z.string().regex(/^-?\d+(\.\d+)?$/, "must be a number"),
]);

/** `firstParty` of costper.yaml: how the company's own data are read. */
export const firstPartySection = z
  .strictObject({
    qualifiedStage: z
      .enum(leadStages)
      .default("marketing_qualified")
      .describe("A lead is qualified once it reached this stage or a later one."),
    qualifiedScore: decimalText.optional().describe("A lead is qualified from this score on, too."),
    ownHosts: z.array(z.string()).default([]).describe("Hosts of the company: no referrers."),
    unwantedReferrers: z
      .array(z.string())
      .default([])
      .describe("Hosts that only send buyers back, such as a payment page: no referrers either."),
    affiliatesArePaid: z
      .boolean()
      .default(false)
      .describe("Affiliates count as paid; only where their commissions are imported as a cost."),
    ga4KeyEvents: z
      .array(z.string().min(1))
      .default([])
      .describe(
        "Conversion names that come from GA4's key events; imported ones of these names are left out.",
      ),
    targets: z
      .array(
        z.strictObject({
          name: z.string().min(1),
          measure: z.string().min(1),
          baseline: decimalText,
          target: decimalText,
        }),
      )
      .default([])
      .describe("Aims whose progress is shown as the KPI target_progress."),
  })
  .prefault({});

export type FirstPartySection = z.infer<typeof firstPartySection>;

interface Config {
  readonly timezone: string;
  readonly reportingCurrency?: string | undefined;
  readonly firstParty: FirstPartySection;
}

export const classifyOptions = ({ firstParty }: Pick<Config, "firstParty">): ClassifyOptions => ({
  ownHosts: new Set(firstParty.ownHosts.map(normalizeHost)),
  unwantedReferrers: new Set(firstParty.unwantedReferrers.map(normalizeHost)),
  affiliatesArePaid: firstParty.affiliatesArePaid,
});

export const firstPartySettings = ({
  timezone,
  reportingCurrency,
  firstParty,
}: Config): FirstPartySettings => ({
  timeZone: timezone,
  reportingCurrency,
  qualifiedStage: firstParty.qualifiedStage,
  ...(firstParty.qualifiedScore === undefined ? {} : { qualifiedScore: firstParty.qualifiedScore }),
  ga4KeyEvents: firstParty.ga4KeyEvents,
  targets: firstParty.targets,
  classify: classifyOptions({ firstParty }),
});
