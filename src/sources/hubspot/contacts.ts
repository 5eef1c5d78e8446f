import { type LeadStage, stagesFrom } from "../../metrics/first-party/stages.ts";
import { type FieldOf, meets, namedLeadFields, rawRow } from "../crm/settings.ts";
import type { Meaning } from "../crm/reconfigure.ts";
import { earliest, journeyRows, type RawStages, stageNames } from "../crm/stages.ts";
import { emailHash, type LeadRow, visitRow } from "../crm/visit.ts";
import { type HubspotRecord, utc } from "./records.ts";
import type { HubspotSettings } from "./type.ts";

type LeadSettings = HubspotSettings["leads"];

/** HubSpot's own stages. */
const builtIn: Readonly<Record<string, LeadStage>> = {
  subscriber: "subscriber",
  lead: "lead",
  marketingqualifiedlead: "marketing_qualified",
  salesqualifiedlead: "sales_qualified",
  opportunity: "opportunity",
  customer: "customer",
  evangelist: "evangelist",
  other: "other",
};

/** `hs_analytics_source`, where nothing else says where a contact came from. */
const channels: Readonly<Record<string, string>> = {
  PAID_SEARCH: "Paid Search",
  PAID_SOCIAL: "Paid Social",
  ORGANIC_SEARCH: "Organic Search",
  SOCIAL_MEDIA: "Organic Social",
  REFERRALS: "Referral",
  EMAIL_MARKETING: "Email",
  DIRECT_TRAFFIC: "Direct",
  AI_REFERRALS: "AI Assistant",
};

const defaultVisit = {
  url: "hs_analytics_first_url",
  referrer: "hs_analytics_first_referrer",
  gclid: "hs_google_click_id",
  fbclid: "hs_facebook_click_id",
} as const satisfies LeadSettings["visit"];

/** HubSpot's name of the property with the first day of a stage. */
const enteredProperty = (stage: string): string => `hs_v2_date_entered_${stage}`;

/** The properties that are asked for; of those in `optional` only the ones that there are. */
export const contactProperties = (settings: LeadSettings) => ({
  required: [
    ["lifecyclestage", "leads"],
    ...namedLeadFields(settings),
    ...(settings.emailHash ? [["email", "leads.emailHash"] as const] : []),
  ] as readonly (readonly [string, string])[],
  optional: [
    "createdate",
    "hs_lead_status",
    "hs_analytics_source",
    "hs_merged_object_ids",
    "hs_calculated_merged_vids",
    ...Object.values(defaultVisit),
    ...[...Object.keys(builtIn), ...Object.keys(settings.stages)].map(enteredProperty),
  ] as readonly string[],
  histories: [
    "lifecyclestage",
    "hs_lead_status",
    ...(settings.score ? [settings.score.field] : []),
  ] as readonly string[],
});

const fieldOf =
  ({ properties }: HubspotRecord): FieldOf =>
  (name) =>
    properties[name]?.trim() || undefined;

/** How contacts become rows of the import, by settings and the portal's own labels. */
export interface ContactReader {
  readonly meaning: Meaning;
  /** The rows of a lead: its history, the last one as it is now. Empty: it is none, or none that counts. */
  readonly rows: (contact: HubspotRecord) => readonly LeadRow[];
  /** Whether `where` lets it count. */
  readonly counts: (contact: HubspotRecord) => boolean;
  /** Whether all that it has reached has no meaning yet. */
  readonly isUnclear: (contact: HubspotRecord) => boolean;
  /** Ids that were merged into it. */
  readonly merged: (contact: HubspotRecord) => readonly string[];
}

export const contactReader = (options: {
  readonly settings: LeadSettings;
  readonly labels: ReadonlyMap<string, string>;
  readonly unmapped: (value: string) => void;
  /** Told of fields of `where` with a value that may not be stored. */
  readonly hide: (field: string) => void;
}): ContactReader => {
  const { settings, labels, unmapped, hide } = options;
  const reached = new Set(stagesFrom(settings.from));
  const { stageOf, shown } = stageNames(settings.stages, labels, builtIn);
  const visit = { ...defaultVisit, ...settings.visit };
  const disqualified = new Set(settings.disqualified);

  /** The first time of each of HubSpot's own values. */
  const rawStagesOf = ({ properties, propertiesWithHistory }: HubspotRecord): RawStages => {
    const raws = new Map<string, string | undefined>();
    const reach = (value: string | null | undefined, at: string | undefined) => {
      if (value != null && value !== "") raws.set(value, earliest(raws.get(value), at));
    };
    for (const { value, timestamp } of propertiesWithHistory?.["lifecyclestage"] ?? [])
      reach(value, utc(timestamp));
    for (const [name, value] of Object.entries(properties))
      if (name.startsWith("hs_v2_date_entered_") && value)
        reach(name.slice("hs_v2_date_entered_".length), utc(value));
    reach(properties["lifecyclestage"], undefined);
    return raws;
  };

  const meaningOf = (raws: RawStages): Map<LeadStage, string | undefined> => {
    const stages = new Map<LeadStage, string | undefined>();
    for (const [value, at] of raws) {
      const stage = stageOf(value);
      if (stage !== undefined) stages.set(stage, earliest(stages.get(stage), at));
    }
    return stages;
  };

  const reachesLead = (raws: RawStages): boolean =>
    [...meaningOf(raws).keys()].some((stage) => reached.has(stage));

  /** When the status that it has now, and that disqualifies it, was set. */
  const lostAt = ({ properties, propertiesWithHistory, updatedAt }: HubspotRecord): string | undefined => {
    const status = properties["hs_lead_status"] ?? "";
    if (!disqualified.has(status)) return undefined;
    let since: string | undefined;
    for (const { value, timestamp } of propertiesWithHistory?.["hs_lead_status"] ?? []) {
      if (!disqualified.has(value ?? "")) break;
      since = utc(timestamp);
    }
    return since ?? utc(updatedAt);
  };

  /** Each score that exceeded every earlier one. */
  const scoresOf = ({
    properties,
    propertiesWithHistory,
  }: HubspotRecord): readonly { score: string; at: string | undefined }[] => {
    const { score } = settings;
    if (score === undefined) return [];
    const maxima: { score: string; at: string | undefined }[] = [];
    const history = (propertiesWithHistory?.[score.field] ?? []).toReversed();
    const now = properties[score.field];
    for (const { value, at } of [
      ...history.map((entry) => ({ value: entry.value, at: utc(entry.timestamp) })),
      ...(history.length === 0 && now != null ? [{ value: now, at: undefined }] : []),
    ]) {
      const last = maxima.at(-1);
      if (value != null && value !== "" && (last === undefined || Number(value) > Number(last.score)))
        maxima.push({ score: value, at });
    }
    return maxima;
  };

  const everyValue = [...Object.keys(builtIn), ...labels.keys(), ...Object.keys(settings.stages)];
  return {
    meaning: {
      stages: Object.fromEntries(
        everyValue.flatMap((value) => {
          const stage = stageOf(value);
          return stage === undefined ? [] : [[value, stage] as const];
        }),
      ),
      from: [...reached],
      where: settings.where,
    },
    counts: (contact) => meets(settings.where, fieldOf(contact)),
    isUnclear: (contact) => !reachesLead(rawStagesOf(contact)),
    merged: ({ id, properties }) => {
      const ids = [
        ...(properties["hs_merged_object_ids"] ?? "").split(";"),
        ...(properties["hs_calculated_merged_vids"] ?? "").split(";").map((part) => part.split(":")[0] ?? ""),
      ].map((other) => other.trim());
      return [...new Set(ids)].filter((other) => other !== "" && other !== id);
    },
    rows: (contact) => {
      const { id, properties, createdAt } = contact;
      const valueOf = fieldOf(contact);
      const raws = rawStagesOf(contact);
      const stages = meaningOf(raws);
      const unknown = [...raws.keys()].filter((value) => stageOf(value) === undefined);
      for (const value of unknown) unmapped(shown(value));
      const asLead = [...stages].filter(([stage]) => reached.has(stage));
      if (asLead.length === 0 && unknown.length === 0) return [];
      const created_at =
        earliest(...asLead.map(([, at]) => at)) ??
        utc(properties["createdate"]) ??
        utc(createdAt) ??
        createdAt;
      const base = { lead_id: id, created_at };
      const rawNow = valueOf("lifecyclestage");
      const now = stageOf(rawNow ?? "");
      const nowAt = now === undefined ? undefined : stages.get(now);
      const score =
        settings.score === undefined ? undefined : (properties[settings.score.field] ?? undefined);
      const scoreAt =
        settings.score === undefined
          ? undefined
          : utc(contact.propertiesWithHistory?.[settings.score.field]?.[0]?.timestamp);
      const lost = lostAt(contact);
      const email = settings.emailHash ? emailHash(valueOf("email")) : undefined;
      return [
        ...journeyRows(base, stages, scoresOf(contact), raws),
        {
          ...base,
          ...rawRow(
            { stage: rawNow, stageAt: raws.get(rawNow ?? ""), status: valueOf("hs_lead_status") },
            settings.where,
            { valueOf, hide },
          ),
          ...visitRow(visit, valueOf, () => {
            const source = valueOf("hs_analytics_source");
            return source === undefined ? undefined : (channels[source] ?? "Unassigned");
          }),
          ...(now === undefined ? {} : { stage: now }),
          ...(nowAt === undefined ? {} : { stage_at: nowAt }),
          ...(score === undefined || score === "" ? {} : { score }),
          ...(scoreAt === undefined ? {} : { score_at: scoreAt }),
          ...(lost === undefined ? {} : { lost_at: lost }),
          ...(email === undefined ? {} : { email_sha256: email }),
        },
      ];
    },
  };
};
