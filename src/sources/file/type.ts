import * as z from "zod";
import { commonSettings, csvSettings, readingSettings, readingProblems } from "../settings.ts";
import type { SourceType } from "../source.ts";

export const fileSettings = z.strictObject({
  type: z.literal("file"),
  ...commonSettings,
  ...readingSettings,
  ...csvSettings,
  path: z
    .string()
    .min(1)
    .refine((text) => !/[*?]/.test(text.replace(/[^/]*$/, "")), "may have * and ? in the last part only")
    .describe("From the config's folder; * and ? stand for parts of the name."),
  after: z.enum(["move", "keep"]).default("keep").describe("move: to done beside it, or to refused."),
  quietSeconds: z
    .number()
    .min(0)
    .max(86_400)
    .default(60)
    .describe("A file younger than this may still be written."),
});

export type FileSettings = z.infer<typeof fileSettings>;

/** Files that somebody drops into a folder. */
export const file = {
  name: "file",
  label: "File",
  settings: fileSettings,
  problems: readingProblems,
  secrets: [],
} as const satisfies SourceType<FileSettings>;
