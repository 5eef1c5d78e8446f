import * as z from "zod";

/** Settings that every help desk takes. */
export const deskSettings = {
  calls: z
    .union([z.literal(false), z.strictObject({ count: z.enum(["answered", "all"]).default("answered") })])
    .prefault({}),
  lookbackDays: z.number().int().min(1).max(90).default(7),
} as const;
