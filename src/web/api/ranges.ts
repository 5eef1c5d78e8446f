import { sql } from "kysely";
import * as z from "zod";
import { addDays, addMonths, countDays, isDay } from "../../domain/day.ts";
import type { Range } from "./answers.ts";
import type { Read } from "./read.ts";

const longestDays = 3700;

export const dayKey = z
  .string()
  .refine((text) => isDay(text) && text > "1999" && text < "2100", "is not a day like 2026-11-20");

const monthStart = (of: string): string => `${of.slice(0, 7)}-01`;

const quarterStart = (of: string): string => {
  const month = Math.floor((Number(of.slice(5, 7)) - 1) / 3) * 3 + 1;
  return `${of.slice(0, 4)}-${String(month).padStart(2, "0")}-01`;
};

interface Preset {
  /** The days of it, seen from the youngest day. */
  readonly days: (youngest: string) => Range;
  /** How many months before its likeness lies; none: as many days just before. */
  readonly months?: number;
}

/** Ranges by name. Months, quarters and years begin with the calendar's and go up to the youngest day. */
const presets: ReadonlyMap<string, Preset> = new Map<string, Preset>([
  ["yesterday", { days: (to) => ({ from: to, to }) }],
  ["this_month", { days: (to) => ({ from: monthStart(to), to }), months: 1 }],
  [
    "last_month",
    {
      days: (to) => ({ from: addMonths(monthStart(to), -1), to: addDays(monthStart(to), -1) }),
      months: 1,
    },
  ],
  ["quarter", { days: (to) => ({ from: quarterStart(to), to }), months: 3 }],
  ["year", { days: (to) => ({ from: `${to.slice(0, 4)}-01-01`, to }), months: 12 }],
]);

/** `range=30d`, or a name: the days up to the youngest one with figures; or `from` and `to`. */
export const rangeKeys = {
  range: z
    .string()
    .refine((text) => presets.has(text) || /^\d{1,4}d$/.test(text), {
      message: `is not a number of days like 30d, nor one of ${[...presets.keys()].join(", ")}`,
    })
    .refine(
      (text) =>
        presets.has(text) || (Number.parseInt(text, 10) > 0 && Number.parseInt(text, 10) <= longestDays),
      { message: `must be between 1d and ${String(longestDays)}d` },
    )
    .optional(),
  from: dayKey.optional(),
  to: dayKey.optional(),
};

interface AskedRange {
  readonly range?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

const misplaced = (path: string, message: string): z.ZodError =>
  new z.ZodError([{ code: "custom", path: [path], message, input: undefined }]);

const youngestDay = async (read: Read): Promise<string> => {
  const [row] = await read<{ day: string }>(sql`
    select coalesce(max(date), current_date - 1) as day from marts.cost_per_conversion_by_account_daily`);
  return row?.day ?? "";
};

/** The days that are meant. Without a start or an end: thirty days up to the youngest day with figures. */
export const resolveRange = async (read: Read, asked: AskedRange): Promise<Range> => {
  const youngest = asked.to ?? (await youngestDay(read));
  const named = asked.from === undefined ? presets.get(asked.range ?? "")?.days(youngest) : undefined;
  const days = asked.range === undefined ? 30 : Number.parseInt(asked.range, 10) || 30;
  const { from, to } = named ?? { from: asked.from ?? addDays(youngest, 1 - days), to: youngest };
  if (from > to) throw misplaced("from", "is later than to");
  if (countDays({ from, to }) > longestDays)
    throw misplaced("from", `the range is longer than ${String(longestDays)} days`);
  return { from, to };
};

export const comparisons = ["previous", "year", "none"] as const;

/** With which days a range is compared: those before it, the same of the year before, or none. */
export const compareKey = {
  compare: z.enum(comparisons, `is none of ${comparisons.join(", ")}`).default("previous"),
};

const isMonthEnd = (date: string): boolean => addDays(date, 1).endsWith("-01");

/** The same days so many months earlier; the end of a month stays the end of a month. */
const monthsBefore = ({ from, to }: Range, months: number): Range => ({
  from: addMonths(from, -months),
  to:
    from.endsWith("-01") && isMonthEnd(to)
      ? addDays(addMonths(addDays(to, 1), -months), -1)
      : addMonths(to, -months),
});

/** Whole calendar months are compared with as many whole months. */
const wholeMonths = ({ from, to }: Range): number | undefined => {
  if (!from.endsWith("-01") || !isMonthEnd(to)) return undefined;
  const count = (text: string): number => Number(text.slice(0, 4)) * 12 + Number(text.slice(5, 7));
  return count(to) - count(from) + 1;
};

/** The days that a range is compared with; null where none are wanted. */
export const comparedRange = (
  range: Range,
  asked: AskedRange & { readonly compare: (typeof comparisons)[number] },
): Range | null => {
  if (asked.compare === "none") return null;
  if (asked.compare === "year") return monthsBefore(range, 12);
  const named = asked.from === undefined ? presets.get(asked.range ?? "")?.months : undefined;
  const months = named ?? wholeMonths(range);
  if (months !== undefined) return monthsBefore(range, months);
  return { from: addDays(range.from, -countDays(range)), to: addDays(range.from, -1) };
};
