import { axisDate, weekOf } from "../format.ts";
import { placeDay } from "./series.ts";

export type TickGrain = "day" | "week" | "month";

interface Ticks {
  readonly places: readonly number[];
  readonly text: (place: number) => string;
}

const isMonday = (place: number): boolean => new Date(place * 1000).getUTCDay() === 1;
const monthOf = (place: number): number => new Date(place * 1000).getUTCMonth();
const isMonthStart = (place: number): boolean => placeDay(place).endsWith("-01");

const everyNth = (places: readonly number[], step: number): readonly number[] =>
  places.filter((_, index) => (places.length - 1 - index) % step === 0);

const monthly = (places: readonly number[], months: number): readonly number[] =>
  places.filter((place) => isMonthStart(place) && monthOf(place) % months === 0);

/** Sets of ticks from fine to coarse; each is a day, a week or a month of the chart, never a place between two. */
const choices = (places: readonly number[], grain: TickGrain): readonly (readonly number[])[] => {
  if (grain === "week") return [1, 2, 4, 8, 13, 26, 52].map((step) => everyNth(places, step));
  const months = [1, 3, 6, 12].map((step) => monthly(places, step));
  if (grain === "month") return months;
  const mondays = places.filter(isMonday);
  return [places, everyNth(places, 2), mondays, everyNth(mondays, 2), ...months];
};

/** Where a chart of days, weeks or months has its ticks, at most so many, and what they say. */
export const ticksOf = (places: readonly number[], grain: TickGrain, most: number): Ticks => {
  const found = choices(places, grain).find((ticks) => ticks.length > 0 && ticks.length <= most);
  const shown = found ?? everyNth(places, Math.ceil(places.length / most));
  const isByMonth = grain === "month" || (shown.length > 1 && shown.every(isMonthStart));
  return {
    places: shown,
    text: (place) =>
      grain === "week"
        ? `W${String(weekOf(placeDay(place)))}\n${axisDate(place, 86_400)}`
        : axisDate(place, isByMonth ? 31 * 86_400 : 86_400),
  };
};
