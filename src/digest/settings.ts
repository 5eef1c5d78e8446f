import * as z from "zod";
import { isTimeZone } from "../domain/day.ts";
import type { Schedule } from "../domain/schedule.ts";

/** `digest` of costper.yaml: when what changed is told, and to whom. */

const weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;

export const digestSettings = z.strictObject({
  every: z.enum(["day", "week"]).default("day").describe("day: of yesterday; week: of the last seven days."),
  on: z.enum(weekdays).default("monday").describe("The weekday of a weekly one."),
  at: z
    .string({ error: "must be an hour such as 08:00" })
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, "must be an hour such as 08:00")
    .default("08:00"),
  timezone: z
    .string()
    .refine(isTimeZone, "must be a time zone's IANA name such as Europe/Copenhagen")
    .optional()
    .describe("Whose clock `at` is on; omitted: that of `timezone` above."),
  notify: z.array(z.string().min(1)).min(1).describe("Names of notifiers."),
});

export type DigestSettings = z.infer<typeof digestSettings>;

/** When digests are due: after the nights of the days that they tell of. */
export const digestSchedule = (
  { every, on, at, timezone }: DigestSettings,
  usualTimeZone: string | undefined,
): Schedule => {
  const [hour = "", minute = ""] = at.split(":");
  const day = every === "week" ? String((weekdays.indexOf(on) + 1) % 7) : "*";
  return {
    pattern: `${String(Number(minute))} ${String(Number(hour))} * * ${day}`,
    timeZone: timezone ?? usualTimeZone ?? "UTC",
  };
};

interface Problem {
  readonly path: string;
  readonly message: string;
}

/** What `digest` says together with other keys that cannot be. Looks at the tree before it is known to fit. */
export const digestProblems = (tree: unknown): readonly Problem[] => {
  const { digest, notifiers } = (tree ?? {}) as { digest?: unknown; notifiers?: unknown };
  if (typeof digest !== "object" || digest === null) return [];
  const { notify, every, on } = digest as { notify?: unknown; every?: unknown; on?: unknown };
  const known = typeof notifiers === "object" && notifiers !== null ? Object.keys(notifiers) : [];
  const strangers = (Array.isArray(notify) ? notify : []).flatMap((name: unknown, index): Problem[] =>
    typeof name !== "string" || known.includes(name)
      ? []
      : [
          {
            path: `digest.notify[${String(index)}]`,
            message: `no notifier is called ${name}; there is ${known.join(", ") || "none"}`,
          },
        ],
  );
  const idle =
    on !== undefined && every !== "week"
      ? [
          {
            path: "digest.on",
            message: "names a weekday, and the digest comes daily: set every: week, or remove it",
          },
        ]
      : [];
  return [...strangers, ...idle];
};
