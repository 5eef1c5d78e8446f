import { createHash } from "node:crypto";
import { clickIdNames } from "../../metrics/channels/click-ids.ts";
import { type LeadStage, stagesFrom } from "../../metrics/first-party/stages.ts";
import type { HubspotRecord } from "./records.ts";
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

const tagNames = ["source", "medium", "campaign", "campaign_id", "term", "content"] as const;
const visitColumns = [...tagNames, "referrer_host", ...clickIdNames] as const;

/** The columns of the rows that a contact becomes. */
export const contactColumns = [
  "lead_id",
  "created_at",
  "stage",
  "stage_at",
  "lost_at",
  "score",
  "score_at",
  "email_sha256",
  "channel",
  "merged_into",
  "deleted",
  ...visitColumns,
] as const;

type Row = Partial<Record<(typeof contactColumns)[number], string>>;

const defaultVisit: LeadSettings["visit"] = {
  url: "hs_analytics_first_url",
  referrer: "hs_analytics_first_referrer",
  gclid: "hs_google_click_id",
  fbclid: "hs_facebook_click_id",
};

const visitOf = ({ visit }: LeadSettings) => ({ ...defaultVisit, ...visit });

/** HubSpot's name of the property with the first day of a stage. */
const enteredProperty = (stage: string): string => `hs_v2_date_entered_${stage}`;

/** The properties that are asked for; of those in `optional` only the ones that there are. */
export const contactProperties = (settings: LeadSettings) => ({
  required: [
    ["lifecyclestage", "leads"],
    ...Object.entries(settings.visit).map(([column, field]) => [field, `leads.visit.${column}`] as const),
    ...(settings.score ? [[settings.score.field, "leads.score.field"] as const] : []),
    ...settings.where.map(({ field }, index) => [field, `leads.where[${String(index)}].field`] as const),
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

const utc = (written: string | null | undefined): string | undefined => {
  if (written == null || written === "") return undefined;
  // Dates of properties are text, some of them epoch ms.
  const at = new Date(/^\d{12,}$/.test(written) ? Number(written) : written);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
};

const earliest = (...times: readonly (string | undefined)[]): string | undefined =>
  times.filter((time) => time !== undefined).sort()[0];

/** What a landing page's address says of the visit. The rest of it, where people's addresses occur, is thrown away. */
const landing = (written: string | undefined): Row => {
  if (written === undefined || !URL.canParse(written)) return {};
  const { searchParams } = new URL(written);
  const row: Row = {};
  const take = (column: keyof Row, parameter: string) => {
    const value = searchParams.get(parameter)?.trim();
    if (value !== undefined && value !== "") row[column] = value;
  };
  for (const name of tagNames) take(name, name === "campaign_id" ? "utm_id" : `utm_${name}`);
  for (const name of clickIdNames) take(name, name);
  return row;
};

const hostOf = (written: string | undefined): string | undefined => {
  if (written === undefined) return undefined;
  const url = /^https?:\/\//.test(written) ? written : `https://${written}`;
  return URL.canParse(url) ? new URL(url).hostname : undefined;
};

const visitRow = (properties: HubspotRecord["properties"], settings: LeadSettings): Row => {
  const { url, referrer, ...fields } = visitOf(settings);
  const valueOf = (field: string | undefined): string | undefined =>
    field === undefined ? undefined : properties[field]?.trim() || undefined;
  const row: Row = { ...landing(valueOf(url)) };
  for (const [column, field] of Object.entries(fields) as [keyof Row, string][]) {
    const value = valueOf(field);
    if (value !== undefined) row[column] = value;
  }
  const host = hostOf(valueOf(referrer));
  if (host !== undefined) row.referrer_host = host;
  const isKnown = visitColumns.some((name) => name !== "referrer_host" && row[name] !== undefined);
  const source = properties["hs_analytics_source"];
  if (!isKnown && source != null && source !== "") row.channel = channels[source] ?? "Unassigned";
  return row;
};

/** How contacts become rows of the import, by settings and the portal's own labels. */
export interface ContactReader {
  /** The rows of a lead: its history, the last one as it is now. Empty: it is none, or none that counts. */
  readonly rows: (contact: HubspotRecord) => readonly Row[];
  /** Whether `where` lets it count. */
  readonly counts: (contact: HubspotRecord) => boolean;
  /** Ids that were merged into it. */
  readonly merged: (contact: HubspotRecord) => readonly string[];
}

export const contactReader = (options: {
  readonly settings: LeadSettings;
  readonly labels: ReadonlyMap<string, string>;
  readonly unmapped: (value: string) => void;
}): ContactReader => {
  const { settings, labels, unmapped } = options;
  const reached = new Set(stagesFrom(settings.from));
  // A label names a stage where it is the only one of its kind.
  const byLabel = new Map(
    [...labels]
      .filter(([, label]) => [...labels.values()].filter((other) => other === label).length === 1)
      .map(([value, label]) => [value, label]),
  );
  const stageOf = (value: string): LeadStage | undefined =>
    settings.stages[value] ?? settings.stages[byLabel.get(value) ?? ""] ?? builtIn[value];
  const disqualified = new Set(settings.disqualified);

  const stagesOf = ({
    properties,
    propertiesWithHistory,
  }: HubspotRecord): Map<LeadStage, string | undefined> => {
    const stages = new Map<LeadStage, string | undefined>();
    const missing = new Set<string>();
    const reach = (value: string | null | undefined, at: string | undefined) => {
      if (value == null || value === "") return;
      const stage = stageOf(value);
      if (stage === undefined) missing.add(value);
      else stages.set(stage, earliest(stages.get(stage), at));
    };
    for (const { value, timestamp } of propertiesWithHistory?.["lifecyclestage"] ?? [])
      reach(value, utc(timestamp));
    for (const [name, value] of Object.entries(properties))
      if (name.startsWith("hs_v2_date_entered_") && value)
        reach(name.slice("hs_v2_date_entered_".length), utc(value));
    reach(properties["lifecyclestage"], undefined);
    for (const value of missing)
      unmapped(byLabel.has(value) ? `${value} (${byLabel.get(value) ?? ""})` : value);
    return stages;
  };

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

  return {
    counts: ({ properties }) =>
      settings.where.every(({ field, in: allowed, notIn }) => {
        const value = properties[field] ?? "";
        return allowed === undefined ? notIn?.includes(value) !== true : allowed.includes(value);
      }),
    merged: ({ id, properties }) => {
      const ids = [
        ...(properties["hs_merged_object_ids"] ?? "").split(";"),
        ...(properties["hs_calculated_merged_vids"] ?? "").split(";").map((part) => part.split(":")[0] ?? ""),
      ].map((other) => other.trim());
      return [...new Set(ids)].filter((other) => other !== "" && other !== id);
    },
    rows: (contact) => {
      const { id, properties, createdAt } = contact;
      const stages = stagesOf(contact);
      const asLead = [...stages].filter(([stage]) => reached.has(stage));
      if (asLead.length === 0) return [];
      const created_at =
        earliest(...asLead.map(([, at]) => at)) ??
        utc(properties["createdate"]) ??
        utc(createdAt) ??
        createdAt;
      const base: Row = { lead_id: id, created_at };
      const scores = scoresOf(contact);
      const ladder = [...stages];
      const history = Array.from({ length: Math.max(ladder.length, scores.length) }, (_, index): Row => {
        const [stage, stageAt] = ladder[index] ?? [];
        const { score, at } = scores[index] ?? {};
        return {
          ...base,
          ...(stage === undefined ? {} : { stage }),
          ...(stageAt === undefined ? {} : { stage_at: stageAt }),
          ...(score === undefined ? {} : { score }),
          ...(at === undefined ? {} : { score_at: at }),
        };
      });
      const now = stageOf(properties["lifecyclestage"] ?? "");
      const nowAt = now === undefined ? undefined : stages.get(now);
      const score =
        settings.score === undefined ? undefined : (properties[settings.score.field] ?? undefined);
      const scoreAt =
        settings.score === undefined
          ? undefined
          : utc(contact.propertiesWithHistory?.[settings.score.field]?.[0]?.timestamp);
      const lost = lostAt(contact);
      const email = settings.emailHash ? properties["email"]?.trim().toLowerCase() : undefined;
      return [
        ...history,
        {
          ...base,
          ...visitRow(properties, settings),
          ...(now === undefined ? {} : { stage: now }),
          ...(nowAt === undefined ? {} : { stage_at: nowAt }),
          ...(score === undefined || score === "" ? {} : { score }),
          ...(scoreAt === undefined ? {} : { score_at: scoreAt }),
          ...(lost === undefined ? {} : { lost_at: lost }),
          ...(email ? { email_sha256: createHash("sha256").update(email).digest("hex") } : {}),
        },
      ];
    },
  };
};
