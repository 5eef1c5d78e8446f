import { noonOf } from "../../domain/day.ts";
import type { LeadStage } from "../../metrics/first-party/stages.ts";
import { type FieldOf, meets, namedLeadFields } from "../crm/settings.ts";
import { earliest, journeyRows, stageNames } from "../crm/stages.ts";
import { emailHash, type LeadRow, visitRow } from "../crm/visit.ts";
import { queryFields, type SeenObject, type WantedField } from "./org.ts";
import type { SalesforceRecord } from "./query.ts";
import type { SalesforceSettings } from "./type.ts";

type LeadSettings = SalesforceSettings["leads"];

/** Fields that every lead has; of the optional ones only those are asked for that the run-as user sees. */
const standing = ["Id", "IsDeleted", "MasterRecordId", "CreatedDate", "SystemModstamp"] as const;
const optional = ["IsConverted", "ConvertedDate", "ConvertedOpportunityId"] as const;

/** Fields that settings or the mapping need, with the setting that names them. */
export const wantedLeadFields = (settings: LeadSettings): readonly WantedField[] => [
  ["Status", "leads"],
  ...namedLeadFields(settings),
  ...(settings.emailHash ? [["Email", "leads.emailHash"] as const] : []),
  ...(Object.keys(settings.channels).length > 0 ? [["LeadSource", "leads.channels"] as const] : []),
];

/** The fields of a query: nobody's name, address or number is among them unless a setting names it. */
export const leadQueryFields = (wanted: readonly WantedField[], seen: SeenObject): readonly string[] =>
  queryFields(seen, standing, [...wanted.map(([name]) => name), ...optional]);

export const utc = (written: string | undefined): string | undefined => {
  const at = new Date(written ?? "");
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
};

/** What the warehouse has of a lead, for what the org keeps no history of. */
export interface StoredLead {
  /** Dates of stages, and of the one that it had last. */
  readonly stages: Readonly<Partial<Record<LeadStage, string>>>;
  readonly stageAt: string | undefined;
  readonly lostAt: string | undefined;
}

/** A lead with what is known of its past: changes of Status, oldest first. */
export interface LeadWithPast {
  readonly lead: SalesforceRecord;
  readonly changes: readonly SalesforceRecord[];
  readonly stored: StoredLead | undefined;
}

/** How leads become rows of the import. The last row is the lead as it is now. */
export interface LeadReader {
  readonly rows: (lead: LeadWithPast) => readonly LeadRow[];
  readonly counts: (lead: SalesforceRecord) => boolean;
  /** Values of Status that nobody gave a meaning. */
  readonly unknown: () => readonly string[];
}

export const leadReader = (options: {
  readonly settings: LeadSettings;
  readonly seen: SeenObject;
  /** Whether the org keeps the history of Status. */
  readonly isTracked: boolean;
  /** Whether what is stored was read by another rule. */
  readonly corrects: boolean;
  /** What is seen first in this run, is dated by it. */
  readonly now: Date;
  readonly timeZone: string;
  readonly unmapped: (value: string) => void;
}): LeadReader => {
  const { settings, seen, isTracked, corrects, now, timeZone, unmapped } = options;
  const statuses = seen.picklist("Status");
  const labels = new Map(statuses.map(({ value, label }) => [value, label]));
  const { stageOf, shown } = stageNames(settings.stages, labels);
  const observed = now.toISOString();
  const disqualifies = (status: string): boolean =>
    settings.disqualified.includes(status) || settings.disqualified.includes(labels.get(status) ?? "");
  const first = statuses.find(({ isDefault }) => isDefault)?.value;
  const fieldOf =
    (lead: SalesforceRecord): FieldOf =>
    (name) =>
      lead[seen.named(name) ?? name];

  /** Each Status that a lead had, with the time that it got it where the org tells; newest last. */
  const pastOf = ({ lead, changes }: LeadWithPast): readonly { value: string; at: string | undefined }[] => {
    const created = utc(lead["CreatedDate"]);
    const now = lead["Status"];
    const [oldest] = changes;
    if (oldest !== undefined)
      return [
        ...(oldest["OldValue"] === undefined ? [] : [{ value: oldest["OldValue"], at: created }]),
        ...changes.map(({ NewValue = "", CreatedDate }) => ({ value: NewValue, at: utc(CreatedDate) })),
      ];
    if (now === undefined) return [];
    return [{ value: now, at: isTracked || now === first ? created : undefined }];
  };

  const stagesOf = (found: LeadWithPast): ReadonlyMap<LeadStage, string> => {
    const { lead, stored } = found;
    const isConverted = lead["IsConverted"] === "true";
    const stages = new Map<LeadStage, string>();
    const reach = (stage: LeadStage, at: string | undefined) => {
      // By another rule a stage may have been another Status: its last date is that of the one it has now.
      const kept = corrects ? (stored?.stageAt ?? stored?.stages[stage]) : stored?.stages[stage];
      const known = at ?? kept ?? observed;
      stages.set(stage, earliest(stages.get(stage), known) ?? known);
    };
    const missing = new Set<string>();
    for (const { value, at } of pastOf(found)) {
      const stage = stageOf(value);
      if (stage !== undefined) reach(stage, at);
      // What a converted or disqualified lead is called is said by that.
      else if (!disqualifies(value) && !(isConverted && value === lead["Status"])) missing.add(value);
    }
    for (const value of missing) unmapped(shown(value));
    if (isConverted) {
      const day = lead["ConvertedDate"]?.slice(0, 10);
      const at = day === undefined ? undefined : noonOf(day, timeZone).toISOString();
      reach("sales_qualified", at);
      if (lead["ConvertedOpportunityId"] !== undefined) reach("opportunity", at);
    }
    return stages;
  };

  const stageNow = (lead: SalesforceRecord): LeadStage | undefined =>
    lead["IsConverted"] !== "true"
      ? stageOf(lead["Status"] ?? "")
      : lead["ConvertedOpportunityId"] === undefined
        ? "sales_qualified"
        : "opportunity";

  /** Since when it has the Status that disqualifies it. */
  const lostAt = (found: LeadWithPast): string | undefined => {
    if (!disqualifies(found.lead["Status"] ?? "")) return undefined;
    let since: string | undefined;
    for (const { value, at } of pastOf(found).toReversed()) {
      if (!disqualifies(value)) break;
      since = at;
    }
    return since ?? found.stored?.lostAt ?? utc(found.lead["SystemModstamp"]);
  };

  return {
    counts: (lead) => meets(settings.where, fieldOf(lead)),
    unknown: () =>
      statuses
        .filter(({ value }) => stageOf(value) === undefined && !disqualifies(value))
        .map(({ value }) => shown(value)),
    rows: (found) => {
      const { lead } = found;
      const valueOf = fieldOf(lead);
      const created_at = utc(lead["CreatedDate"]);
      const base = { lead_id: lead["Id"] ?? "", created_at: created_at ?? "" };
      const stages = stagesOf(found);
      const now = stageNow(lead);
      const nowAt = now === undefined ? undefined : stages.get(now);
      const score = settings.score === undefined ? undefined : valueOf(settings.score.field);
      const lost = lostAt(found);
      const email = settings.emailHash ? emailHash(valueOf("Email")) : undefined;
      return [
        ...journeyRows(base, stages, []),
        {
          ...base,
          ...visitRow(settings.visit, valueOf, () => settings.channels[valueOf("LeadSource") ?? ""]),
          ...(now === undefined ? {} : { stage: now }),
          ...(nowAt === undefined ? {} : { stage_at: nowAt }),
          // A score has no history here: it is dated by who saw it first.
          ...(score === undefined ? {} : { score, score_at: observed }),
          ...(lost === undefined ? {} : { lost_at: lost }),
          ...(email === undefined ? {} : { email_sha256: email }),
        },
      ];
    },
  };
};
