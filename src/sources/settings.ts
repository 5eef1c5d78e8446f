import * as z from "zod";
import { isCron } from "../domain/schedule.ts";
import { importKinds } from "../imports/kinds/index.ts";
import { columnsOf } from "../imports/kinds/kind.ts";

/** Settings that every source takes. */
export const commonSettings = {
  enabled: z.boolean().default(true).describe("false: it is left alone, and what it brought stays."),
  schedule: z
    .string()
    .refine(isCron, 'must be a cron expression of five fields such as "15 4 * * *"')
    .optional()
    .describe("Its own time, as cron, in the config's time zone; omitted: with the night."),
  maxAgeHours: z.number().positive().max(8_760).default(36).describe("Older than this it is stale."),
  timeoutSeconds: z.number().min(1).max(3_600).default(45),
  idPrefix: z
    .string()
    .max(40)
    .optional()
    .describe("Put before each of its ids; omitted: the name and a colon; empty: ids as they come."),
};

/** How a file or query is read: as `costper import` does. */
export const readingSettings = {
  kind: z.enum(Object.keys(importKinds) as [string, ...string[]]),
  columns: z
    .record(z.string(), z.string().min(1))
    .default({})
    .describe("Columns of costper by the names that they have here; others keep theirs."),
  mode: z
    .enum(["merge", "replace"])
    .default("merge")
    .describe("replace: rows of this source that no longer come go."),
};

/** How the text of a CSV is written. */
export const csvSettings = {
  separator: z.enum([",", ";", "\t", "|"]).optional(),
  decimalComma: z.boolean().default(false),
  dateFormat: z.string().min(1).optional(),
  encoding: z.enum(["utf-8", "windows-1252", "utf-16", "utf-16le", "utf-16be"]).optional(),
  timezone: z.string().optional().describe("Of times without an offset; omitted: those are refused."),
  skipBad: z.boolean().default(false),
};

/** What is wrong with the keys of a reading together. */
export const readingProblems = ({
  kind,
  columns,
  mode,
}: Readonly<Record<string, unknown>>): readonly { key: string; message: string }[] => {
  const found = typeof kind === "string" ? importKinds[kind] : undefined;
  if (found === undefined) return [];
  if (mode === "replace" && found.name === "rates")
    return [{ key: "mode", message: "rates are only merged: leave it out" }];
  if (typeof columns !== "object" || columns === null) return [];
  const known = columnsOf(found);
  return Object.keys(columns)
    .filter((name) => !known.includes(name))
    .map((name) => ({
      key: `columns.${name}`,
      message: `is no column of ${found.name}; there are ${known.join(", ")}`,
    }));
};

/** A number of bytes as people write it. */
export const byteSize = z.union([z.number().int().positive(), z.string()]).transform((value, context) => {
  const [, amount, unit = "B"] = /^(\d+)\s*(B|KB|MB|GB)?$/i.exec(String(value).trim()) ?? [];
  if (amount === undefined) {
    context.addIssue({ code: "custom", message: "must be a size such as 50MB" });
    return z.NEVER;
  }
  return Number(amount) * { B: 1, KB: 1_000, MB: 1_000_000, GB: 1_000_000_000 }[unit.toUpperCase() as "B"];
});

/** Settings of any source, as far as whoever does not know its type may read them. */
export interface SourceSettings {
  readonly type: string;
  readonly enabled: boolean;
  readonly schedule?: string | undefined;
  readonly maxAgeHours: number;
  readonly timeoutSeconds: number;
  readonly idPrefix?: string | undefined;
}
