import type { Annotation, Overview, Period } from "../../api/answers.ts";
import { compactMoney, count, dayText, money, periodText, times } from "../format.ts";
import { Chart } from "../parts/chart.tsx";
import type { Line, Mark } from "../parts/plot.ts";
import { placeDay, seconds, settling, valuesBy } from "../parts/series.ts";
import { platformName } from "../platforms.ts";

type Measure = "cost_per_conversion" | "spend" | "conversions" | "return_on_ad_spend";

interface Drawing {
  readonly overview: Overview;
  readonly group: Overview["groups"][number];
  readonly annotations: readonly Annotation[];
}

const titles: Readonly<Record<Measure, string>> = {
  cost_per_conversion: "Cost per conversion",
  spend: "Spend",
  conversions: "Conversions",
  return_on_ad_spend: "Return on ad spend",
};

/** Measures that late conversions change. */
const ripens: ReadonlySet<Measure> = new Set(["cost_per_conversion", "conversions", "return_on_ad_spend"]);

/** All platforms together have the name `''`. */
const seriesName = (platform: string): string => (platform === "" ? "All" : platformName(platform));

const colourOf = (platform: string): string => (platform === "" ? "--ink" : `--${platform}`);

/** The projection goes on from the last final figure, so that the dashed line does not hang in the air. */
const projection = (own: readonly Period[], dates: readonly string[], platform: string): Line | undefined => {
  const byDate = new Map(own.map((period) => [period.date, period]));
  const values = dates.map((date, index) => {
    const period = byDate.get(date);
    if (period?.projected_cost_per_conversion != null) return Number(period.projected_cost_per_conversion);
    const next = byDate.get(dates[index + 1] ?? "");
    const joins =
      period?.is_final === true && next?.is_final === false && period.cost_per_conversion !== null;
    return joins ? Number(period.cost_per_conversion) : null;
  });
  if (values.every((value) => value === null)) return undefined;
  return { label: `${seriesName(platform)} expected`, colour: colourOf(platform), values, dashed: true };
};

/** What happened by day, numbered as in the list below the charts. */
export const marksOf = (
  annotations: readonly Annotation[],
): readonly (Mark & { readonly date: string })[] => {
  const dates = [...new Set(annotations.map(({ date }) => date))].toSorted();
  return dates.map((date, index) => {
    const texts = annotations.filter((annotation) => annotation.date === date).map(({ text }) => text);
    return { date, place: seconds(date), sign: String(index + 1), text: texts.join("; ") };
  });
};

const textOf = (measure: Measure, currency: string | null): ((value: string | null) => string) => {
  if (measure === "conversions") return count;
  return measure === "return_on_ad_spend" ? times : (value) => money(value, currency);
};

const MeasureChart = ({
  overview: { grain, drawn, range },
  group: { periods, currency },
  annotations,
  measure,
  height,
}: Drawing & { readonly measure: Measure; readonly height: number }) => {
  const dates = [...new Set(periods.map(({ date }) => date))];
  const platforms = [...new Set(periods.map(({ platform }) => platform))].filter((name) => name !== "");
  // A line for all of one would hide it.
  const series = platforms.length > 1 ? ["", ...platforms] : platforms;
  const ownOf = (platform: string): readonly Period[] =>
    periods.filter((period) => period.platform === platform);
  const [whole = ""] = series;
  const expected = measure === "cost_per_conversion" ? projection(ownOf(whole), dates, whole) : undefined;
  const lines: Line[] = [
    ...series.map((platform) => ({
      label: seriesName(platform),
      colour: colourOf(platform),
      values: valuesBy(dates, ownOf(platform), (period) => period[measure]),
      strong: platform === whole,
    })),
    ...(expected === undefined ? [] : [expected]),
  ];
  const text = textOf(measure, currency);
  const isSmall = measure !== "cost_per_conversion";
  const isMoney = measure === "cost_per_conversion" || measure === "spend";
  const title = currency === null || !isMoney ? titles[measure] : `${titles[measure]}, ${currency}`;
  const marks = grain === "day" && !isSmall ? marksOf(annotations) : [];
  const figures = (platform: string, date: string): Period | undefined =>
    periods.find((period) => period.date === date && period.platform === platform);
  return (
    <Chart
      title={
        isSmall || range.from === drawn.from ? title : `${title}, thirty days up to ${dayText(range.to)}`
      }
      {...(isSmall && { note: "" })}
      places={dates.map(seconds)}
      grain={grain}
      placeText={(place) => {
        const happened = marks.find((mark) => mark.place === place);
        const period = periodText(placeDay(place), grain, drawn);
        return happened === undefined ? period : `${period} (${happened.text})`;
      }}
      lines={lines}
      text={(value) => text(String(value))}
      {...(isMoney && { axisText: (value: number) => compactMoney(value, currency) })}
      height={height}
      unsettled={ripens.has(measure) ? settling(dates, periods) : []}
      marks={marks}
      table={{
        columns: [
          { name: { day: "Date", week: "Week", month: "Month" }[grain], whole: true },
          ...series.map((platform) => ({ name: seriesName(platform), number: true })),
        ],
        rows: dates.map((date) => [
          periodText(date, grain, drawn),
          ...series.map((platform) => text(figures(platform, date)?.[measure] ?? null)),
        ]),
      }}
    />
  );
};

/** How cost per conversion and what it is made of went: all platforms together, and each. */
export const Trend = (drawing: Drawing) => (
  <>
    <MeasureChart {...drawing} measure="cost_per_conversion" height={280} />
    <div class="thirds">
      <MeasureChart {...drawing} measure="spend" height={170} />
      <MeasureChart {...drawing} measure="conversions" height={170} />
      <MeasureChart {...drawing} measure="return_on_ad_spend" height={170} />
    </div>
  </>
);
