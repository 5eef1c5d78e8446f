import * as z from "zod";
import { isTimeZone } from "../../domain/day.ts";
import { commonSettings, readingSettings, readingProblems } from "../settings.ts";
import type { SourceType } from "../source.ts";

export const sqlSettings = z.strictObject({
  type: z.literal("sql"),
  ...commonSettings,
  timeoutSeconds: z.number().min(1).max(3_600).default(300).describe("For each query as a whole."),
  connection: z
    .string()
    .refine(
      (text) => URL.canParse(text) && /^postgres(ql)?:$/.test(new URL(text).protocol),
      "must be a URL like postgresql://user:password@host:5432/database",
    ),
  timezone: z.string().refine(isTimeZone, "must be a time zone's IANA name").optional(),
  queries: z.array(z.strictObject({ ...readingSettings, query: z.string().min(1) })).min(1),
});

export type SqlSettings = z.infer<typeof sqlSettings>;

/** A PostgreSQL database of the company's own. */
export const sql = {
  name: "sql",
  label: "SQL",
  settings: sqlSettings,
  problems: ({ queries }) => {
    if (!Array.isArray(queries)) return [];
    const replacing = new Map<string, number>();
    return queries.flatMap((query: unknown, index) => {
      if (typeof query !== "object" || query === null) return [];
      const { kind, columns, mode } = query as Readonly<Record<string, unknown>>;
      const unknown = readingProblems({ kind, columns, mode }).map(({ key, message }) => ({
        key: `queries[${String(index)}].${key}`,
        message,
      }));
      if (mode !== "replace" || typeof kind !== "string") return unknown;
      const before = replacing.get(kind);
      replacing.set(kind, index);
      return before === undefined
        ? unknown
        : [
            ...unknown,
            {
              key: `queries[${String(index)}].mode`,
              message: `would remove the ${kind} of queries[${String(before)}]; make one query of both with union all`,
            },
          ];
    });
  },
  secrets: ["connection"],
} as const satisfies SourceType<SqlSettings>;
