import * as z from "zod";
import { kpis } from "./catalogue.ts";
import type { Kpi } from "./kpi.ts";

/** `targets` of costper.yaml: what a KPI should come to in each month. */

const sourcesOf = (id: string): readonly string[] => [
  ...new Set(kpis.filter((kpi) => kpi.id === id).flatMap(({ conversionSource }) => conversionSource ?? [])),
];

const kpiTarget = z
  .strictObject({
    kpi: z
      .string()
      .refine((id) => kpis.some((kpi) => kpi.id === id), "is no KPI of docs/kpis.md")
      .describe("A KPI of docs/kpis.md."),
    of: z
      .enum(["platform", "first_party"], { error: "must be platform or first_party" })
      .optional()
      .describe("Who counted the conversions, where a KPI has both."),
    platform: z.string().min(1).optional().describe("Of this platform alone; omitted: of everything."),
    target: z
      .union([z.number().transform(String), z.string().regex(/^-?\d+(\.\d+)?$/, "must be a number")])
      .describe("What the month should come to; a ratio as a fraction."),
    better: z
      .enum(["lower", "higher"], { error: "must be lower or higher" })
      .optional()
      .describe("Omitted: lower for costs, higher for all else."),
  })
  .superRefine(({ kpi, of }, context) => {
    const sources = sourcesOf(kpi);
    if (of === undefined && sources.length > 1)
      context.addIssue({ code: "custom", path: ["of"], message: `is missing; say ${sources.join(" or ")}` });
    if (of !== undefined && !sources.includes(of))
      context.addIssue({
        code: "custom",
        path: ["of"],
        message: sources.length === 0 ? `does not go with ${kpi}` : `must be ${sources.join(" or ")} here`,
      });
  });

export const kpiTargetSettings = z.array(kpiTarget);

export type MonthlyTarget = z.infer<typeof kpiTarget>;

/** The KPI that a target is about. */
export const kpiOfTarget = ({ kpi, of }: MonthlyTarget): Kpi | undefined =>
  kpis.find(({ id, conversionSource }) => id === kpi && (of === undefined || conversionSource === of));

export const isBetterLower = (target: MonthlyTarget): boolean =>
  target.better === undefined
    ? kpiOfTarget(target)?.unit === "currency" && target.kpi !== "profit"
    : target.better === "lower";
