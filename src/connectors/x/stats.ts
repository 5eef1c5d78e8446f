import * as z from "zod";
import { addDays, countDays, type DayRange, earlierDay, laterDay, windowsOf } from "../../domain/day.ts";
import type { Activity } from "./activity.ts";
import type { Parameters } from "./oauth.ts";

/** What a report is of, and which figures it has. */
export interface Report {
  readonly entity: "FUNDING_INSTRUMENT" | "CAMPAIGN" | "PROMOTED_TWEET";
  readonly metricGroups: "ENGAGEMENT,BILLING" | "WEB_CONVERSION";
}

/** One question: up to 20 entities on one placement, over some whole days of the account. */
export interface Question extends DayRange {
  readonly report: Report;
  readonly ids: readonly string[];
  readonly placement: string;
}

/** Questions about the same entities, whose answers are added up before anything is handed on. */
export type Batch = readonly Question[];

const mostIds = 20;
/** Of one synchronous answer; a job takes a whole window. */
export const synchronousDays = 7;

/** Days as dates alone: X reads them as midnights of the account, whatever its clocks did in between. The end is exclusive. */
export const parametersOf = ({ report, ids, placement, from, to }: Question): Parameters => ({
  entity: report.entity,
  entity_ids: ids.join(","),
  start_time: from,
  end_time: addDays(to, 1),
  granularity: "DAY",
  placement,
  metric_groups: report.metricGroups,
});

const placesOf = ({ placements }: Activity): string => placements.toSorted().join(",");

/**
 * Up to 20 entities each, those that were shown in the same places side by side: a batch asks once for every place of
 * any of them.
 */
export const batchesOf = (
  report: Report,
  activities: readonly Activity[],
  spanDays: number,
): readonly Batch[] => {
  const sorted = activities
    .map((activity) => ({ activity, key: `${placesOf(activity)} ${activity.id}` }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ activity }) => activity);
  return Array.from({ length: Math.ceil(sorted.length / mostIds) }, (_, index) =>
    batchOf(report, sorted.slice(index * mostIds, (index + 1) * mostIds), spanDays),
  );
};

const batchOf = (report: Report, some: readonly Activity[], spanDays: number): Batch => {
  const from = some.reduce((day, activity) => earlierDay(day, activity.from), some[0]?.from ?? "");
  const to = some.reduce((day, activity) => laterDay(day, activity.to), some[0]?.to ?? "");
  const placements = [...new Set(some.flatMap((activity) => activity.placements))];
  return windowsOf({ from, to }, spanDays).flatMap((span) =>
    placements.flatMap((placement) => {
      const ids = some
        .filter((activity) => activity.from <= span.to && activity.to >= span.from)
        .filter((activity) => activity.placements.includes(placement))
        .map(({ id }) => id);
      return ids.length > 0 ? [{ report, ids, placement, ...span }] : [];
    }),
  );
};

/** Halves of a question that X finds too complex, or that names something it does not know: ids first, then days. */
export const halvesOf = (question: Question): readonly [Question, Question] | undefined => {
  const { ids, from, to } = question;
  if (ids.length > 1) {
    const middle = Math.ceil(ids.length / 2);
    return [
      { ...question, ids: ids.slice(0, middle) },
      { ...question, ids: ids.slice(middle) },
    ];
  }
  const days = countDays({ from, to });
  if (days <= 1) return undefined;
  const middle = addDays(from, Math.floor(days / 2));
  return [
    { ...question, to: addDays(middle, -1) },
    { ...question, from: middle },
  ];
};

/** The body of an answer, synchronous or in a job's file. Metrics are looked at one by one. */
export const statsShape = z.object({
  time_series_length: z.number().int().nullish(),
  data: z.array(
    z.object({
      id: z.string(),
      id_data: z.array(
        z.object({ segment: z.unknown().optional(), metrics: z.record(z.string(), z.unknown()).nullish() }),
      ),
    }),
  ),
});
export type StatsBody = z.infer<typeof statsShape>;

export interface Answered {
  readonly question: Question;
  readonly body: StatsBody;
}
