import * as z from "zod";
import { idText } from "../../connectors/settings.ts";
import { isDay } from "../../domain/day.ts";
import { clickIdNames } from "../../metrics/channels/click-ids.ts";
import { personalData } from "../../imports/personal-data.ts";
import { leadStages } from "../../metrics/first-party/stages.ts";

/** Settings that every CRM takes. */

export const conditions = z.array(
  z
    .strictObject({
      field: z.string().min(1),
      in: z.array(idText).optional(),
      notIn: z.array(idText).optional(),
    })
    .refine((one) => (one.in === undefined) !== (one.notIn === undefined), "takes in or notIn"),
);

const visitNames = [
  "url",
  "source",
  "medium",
  "campaign",
  "campaign_id",
  "term",
  "content",
  "referrer",
  ...clickIdNames,
] as const;

export const since = z
  .string()
  .refine(isDay, "must be a day such as 2025-01-01")
  .optional()
  .describe("The first day asked for; omitted: 400 days ago.");

/** What makes a record of a CRM a lead, beside what is the CRM's own. */
export const leadSettings = {
  stages: z.record(z.string(), z.enum(leadStages)).default({}),
  score: z.strictObject({ field: z.string().min(1) }).optional(),
  where: conditions.default([]),
  visit: z.partialRecord(z.enum(visitNames), z.string().min(1)).default({}),
  deleted: z.enum(["keep", "drop"]).default("keep"),
  emailHash: z.boolean().default(false),
} as const;

export const dealSettings = {
  name: z.string().min(1).default("deal_won"),
  pipelines: z.array(idText).min(1).optional(),
  orderId: z.string().min(1).optional(),
} as const;

export const outbound = z
  .strictObject({
    field: z.string().min(1),
    in: z.array(idText).min(1),
    count: z.enum(["deals", "leads"]).default("deals"),
  })
  .optional();

export type VisitFields = Readonly<Partial<Record<(typeof visitNames)[number], string>>>;

export type Conditions = readonly {
  readonly field: string;
  readonly in?: readonly string[] | undefined;
  readonly notIn?: readonly string[] | undefined;
}[];

/** The settings of a CRM as far as whoever lands its records reads them. */
export interface CrmSettings {
  readonly since?: string | undefined;
  readonly leads: { readonly deleted: "keep" | "drop" };
  readonly outbound?:
    | { readonly field: string; readonly in: readonly string[]; readonly count: "deals" | "leads" }
    | undefined;
}

/** A field of a record as text; undefined where it is empty. */
export type FieldOf = (field: string) => string | undefined;

/** Whether the conditions let a record count. Judged here, so that a changed one applies to what is stored, too. */
export const meets = (conditions: Conditions, valueOf: FieldOf): boolean =>
  conditions.every(({ field, in: allowed, notIn }) => {
    const value = valueOf(field) ?? "";
    return allowed === undefined ? notIn?.includes(value) !== true : allowed.includes(value);
  });

/**
 * A record's own values beside what they mean: its stage, its status, and what `where` judges by. What looks like
 * somebody's address or number is none of them.
 */
export const rawRow = (
  { stage, stageAt, status }: Readonly<Record<"stage" | "stageAt" | "status", string | undefined>>,
  where: Conditions,
  { valueOf, hide }: { readonly valueOf: FieldOf; readonly hide: (field: string) => void },
): Readonly<Record<string, string>> => {
  const fields = where.flatMap(({ field }) => {
    const value = valueOf(field);
    if (value === undefined) return [];
    if (personalData(field, value) === null) return [[field, value] as const];
    hide(field);
    return [];
  });
  return {
    ...(stage === undefined ? {} : { raw_stage: stage }),
    ...(stageAt === undefined ? {} : { raw_stage_at: stageAt }),
    ...(status === undefined ? {} : { raw_status: status }),
    ...(fields.length === 0 ? {} : { raw_fields: JSON.stringify(Object.fromEntries(fields)) }),
  };
};

/** The fields of leads that settings name, with where they do. */
export const namedLeadFields = ({
  visit,
  score,
  where,
}: {
  readonly visit: VisitFields;
  readonly score?: { readonly field: string } | undefined;
  readonly where: Conditions;
}): readonly (readonly [field: string, setting: string])[] => [
  ...Object.entries(visit).map(([column, field]) => [field, `leads.visit.${column}`] as const),
  ...(score ? [[score.field, "leads.score.field"] as const] : []),
  ...where.map(({ field }, index) => [field, `leads.where[${String(index)}].field`] as const),
];
