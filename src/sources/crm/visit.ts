import { createHash } from "node:crypto";
import { clickIdNames } from "../../metrics/channels/click-ids.ts";
import type { FieldOf, VisitFields } from "./settings.ts";

const tagNames = ["source", "medium", "campaign", "campaign_id", "term", "content"] as const;
const visitColumns = [...tagNames, "referrer_host", ...clickIdNames] as const;

/** The columns of the rows that a lead of a CRM becomes. */
export const leadColumns = [
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
  "raw_stage",
  "raw_stage_at",
  "raw_status",
  "raw_fields",
  "seen",
  "excluded",
  ...visitColumns,
] as const;

export type LeadRow = Partial<Record<(typeof leadColumns)[number], string>>;

/** What a landing page's address says of the visit. The rest of it, where people's addresses occur, is thrown away. */
const landing = (written: string | undefined): LeadRow => {
  if (written === undefined || !URL.canParse(written)) return {};
  const { searchParams } = new URL(written);
  const row: LeadRow = {};
  const take = (column: keyof LeadRow, parameter: string) => {
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

/**
 * The visit that a record names in its fields.
 * @param reported the channel that the CRM itself says, where there is neither click id nor tag.
 */
export const visitRow = (
  visit: VisitFields,
  valueOf: FieldOf,
  reported: () => string | undefined,
): LeadRow => {
  const { url, referrer, ...fields } = visit;
  const at = (field: string | undefined) => (field === undefined ? undefined : valueOf(field));
  const row: LeadRow = landing(at(url));
  for (const [column, field] of Object.entries(fields) as [keyof LeadRow, string][]) {
    const value = valueOf(field);
    if (value !== undefined) row[column] = value;
  }
  const host = hostOf(at(referrer));
  if (host !== undefined) row.referrer_host = host;
  if (visitColumns.some((name) => name !== "referrer_host" && row[name] !== undefined)) return row;
  const channel = reported();
  return channel === undefined ? row : { ...row, channel };
};

/** A person's address as it is kept; undefined where there is none. */
export const emailHash = (written: string | undefined): string | undefined => {
  const email = written?.trim().toLowerCase();
  return email ? createHash("sha256").update(email).digest("hex") : undefined;
};
