import type { Overview, Period } from "../../api/answers.ts";
import { compactMoney, count, dayText, money, times } from "../format.ts";
import { Chart } from "../parts/chart.tsx";
import type { Line } from "../parts/plot.ts";
import { placeDay, seconds, settling, valuesBy } from "../parts/series.ts";
import { platformName } from "../platforms.ts";

type Measure = "cost_per_conversion" | "spend" | "conversions" | "return_on_ad_spend";

interface Drawing {
  readonly group: Overview["groups"][number];
  readonly grain: Overview["grain"];
  readonly marks: readonly number[];
}

const titles: Readonly<Record<Measure, string>> = {
  cost_per_conversion: "Cost per conversion",
  spend: "Spend",
  conversions: "Conversions",
  return_on_ad_spend: "Return on ad spend",
};

/** The projection goes on from the last final figure, so that the dashed line does not hang in the air. */
const projection = (
  periods: readonly Period[],
  dates: readonly string[],
  platform: string,
): Line | undefined => {
  const own = new Map(
    periods.filter((period) => period.platform === platform).map((period) => [period.date, period]),
  );
  const values = dates.map((date, index) => {
    const period = own.get(date);
    if (period?.projected_cost_per_conversion != null) return Number(period.projected_cost_per_conversion);
    const next = own.get(dates[index + 1] ?? "");
    const joins =
      period?.is_final === true && next?.is_final === false && period.cost_per_conversion !== null;
    return joins ? Number(period.cost_per_conversion) : null;
  });
  if (values.every((value) => value === null)) return undefined;
  return { label: `${platformName(platform)} projected`, colour: `--${platform}`, values, dashed: true };
};

const MeasureChart = ({
  group,
  grain,
  marks,
  measure,
  height,
}: Drawing & { readonly measure: Measure; readonly height: number }) => {
  const { periods, currency } = group;
  const dates = [...new Set(periods.map(({ date }) => date))];
  const platforms = [...new Set(periods.map(({ platform }) => platform))];
  const lines: Line[] = platforms.map((platform) => ({
    label: platformName(platform),
    colour: `--${platform}`,
    values: valuesBy(
      dates,
      periods.filter((period) => period.platform === platform),
      (period) => period[measure],
    ),
  }));
  if (measure === "cost_per_conversion")
    for (const platform of platforms) {
      const line = projection(periods, dates, platform);
      if (line !== undefined) lines.push(line);
    }
  const text = (value: string | null): string =>
    measure === "conversions"
      ? count(value)
      : measure === "return_on_ad_spend"
        ? times(value)
        : money(value, currency);
  const isMoney = measure === "cost_per_conversion" || measure === "spend";
  return (
    <Chart
      title={currency === null || !isMoney ? titles[measure] : `${titles[measure]}, ${currency}`}
      places={dates.map(seconds)}
      placeText={(place) => {
        const day = dayText(placeDay(place));
        return grain === "day" ? day : `${grain === "week" ? "Week" : "Month"} of ${day}`;
      }}
      lines={lines}
      text={(value) => text(String(value))}
      {...(isMoney && { axisText: (value: number) => compactMoney(value, currency) })}
      height={height}
      unsettled={settling(dates, periods)}
      marks={marks}
      table={{
        columns: [
          { name: "Date" },
          ...platforms.map((platform) => ({ name: platformName(platform), number: true })),
        ],
        rows: dates.map((date) => [
          dayText(date),
          ...platforms.map((platform) =>
            text(
              periods.find((period) => period.date === date && period.platform === platform)?.[measure] ??
                null,
            ),
          ),
        ]),
      }}
    />
  );
};

/** How cost per conversion and what it is made of went, by platform. */
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
