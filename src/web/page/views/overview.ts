import type { Annotation, Figures, Overview, Period } from "../../api/answers.ts";
import { apiPath, ask } from "../api.ts";
import { lineChart, type Line } from "../chart.ts";
import type { View } from "../context.ts";
import { h } from "../dom.ts";
import { changeOf, changeText, compactMoney, count, dayText, money, rangeText, times } from "../format.ts";
import { address } from "../address.ts";
import { command, empty, heading, link, notice } from "../parts.ts";
import { platformName } from "../platforms.ts";
import { seconds, settling, valuesBy } from "../series.ts";

type Group = Overview["groups"][number];

const tile = (
  label: string,
  text: string,
  now: string | null,
  before: string | null | undefined,
  better: "up" | "down" | "neither",
): HTMLElement => {
  const change = changeOf(now, before);
  const good = change === undefined || better === "neither" ? undefined : change > 0 === (better === "up");
  const tone = good === undefined || change === 0 ? "dim" : good ? "good" : "bad";
  return h(
    "div",
    { class: "card tile" },
    h("h2", {}, label),
    h("p", { class: "figure" }, text),
    h(
      "p",
      { class: `change ${tone}` },
      change === undefined ? "nothing to compare with" : `${changeText(change)} on the period before`,
    ),
  );
};

const tiles = ({ now, before, currency }: Group): HTMLElement => {
  const then: Partial<Figures> = before ?? {};
  return h(
    "section",
    { class: "tiles", "aria-label": currency === null ? "Key figures" : `Key figures in ${currency}` },
    tile(
      "Cost per conversion",
      money(now.cost_per_conversion, currency),
      now.cost_per_conversion,
      then.cost_per_conversion,
      "down",
    ),
    tile("Spend", money(now.spend, currency), now.spend, then.spend, "neither"),
    tile("Conversions", count(now.conversions), now.conversions, then.conversions, "up"),
    tile(
      "Return on ad spend",
      times(now.return_on_ad_spend),
      now.return_on_ad_spend,
      then.return_on_ad_spend,
      "up",
    ),
  );
};

type Measure = "cost_per_conversion" | "spend" | "conversions" | "return_on_ad_spend";

interface Drawing {
  readonly group: Group;
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

const chart = ({ group, grain, marks }: Drawing, measure: Measure, height: number): HTMLElement => {
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
  const inMoney = measure === "cost_per_conversion" || measure === "spend";
  return lineChart({
    title: currency === null || !inMoney ? titles[measure] : `${titles[measure]}, ${currency}`,
    places: dates.map(seconds),
    placeText: (place) => {
      const day = dayText(new Date(place * 1000).toISOString().slice(0, 10));
      return grain === "day" ? day : `${grain === "week" ? "Week" : "Month"} of ${day}`;
    },
    lines,
    text: (value) => text(String(value)),
    ...(inMoney ? { axisText: (value: number) => compactMoney(value, currency) } : {}),
    height,
    unsettled: settling(dates, periods),
    marks,
    table: {
      columns: [
        { name: "Date" },
        ...platforms.map((platform) => ({ name: platformName(platform), number: true })),
      ],
      rows: dates.map((date) => [
        dayText(date),
        ...platforms.map((platform) =>
          text(
            periods.find((period) => period.date === date && period.platform === platform)?.[measure] ?? null,
          ),
        ),
      ]),
    },
  });
};

const annotationList = (annotations: readonly Annotation[]): HTMLElement | null =>
  annotations.length === 0
    ? null
    : h(
        "section",
        { class: "card" },
        h("h2", {}, "What happened"),
        h(
          "ul",
          { class: "events" },
          ...annotations.map(({ date, text }) =>
            h("li", {}, h("time", { datetime: date }, dayText(date)), text),
          ),
        ),
      );

const groupSection = (drawing: Drawing, alone: boolean): HTMLElement =>
  h(
    "div",
    { class: "group" },
    alone
      ? null
      : h("h2", { class: "group-title" }, `Accounts in ${drawing.group.currency ?? "no currency"}`),
    tiles(drawing.group),
    chart(drawing, "cost_per_conversion", 280),
    h(
      "div",
      { class: "thirds" },
      chart(drawing, "spend", 170),
      chart(drawing, "conversions", 170),
      chart(drawing, "return_on_ad_spend", 170),
    ),
  );

/** Cost per conversion by platform over time, against the period before. */
export const overviewView: View = {
  title: "Overview",
  filters: ["range", "platform", "currency"],
  draw: async ({ signal, currencies, days }) => {
    const [answer, events] = await Promise.all([
      ask<Overview>(apiPath("overview", ["range", "from", "to", "platform", "currency"]), signal),
      ask<{ annotations: readonly Annotation[] }>(
        apiPath("annotations", ["range", "from", "to", "platform"]),
        signal,
      ),
    ]);
    currencies(answer.currency);
    days(answer.range);
    const { range, before, groups, grain, gaps } = answer;
    const top = heading("Overview", `${rangeText(range)}, against ${rangeText(before)}`);
    if (groups.length === 0)
      return [
        top,
        empty(
          "No figures in these days",
          h("span", {}, "Choose a longer range, or fetch the days with ", command("costper sync"), "."),
        ),
      ];
    const young = groups.some(({ periods }) => periods.some(({ is_final }) => !is_final));
    const marks = events.annotations.map(({ date }) => seconds(date));
    return [
      top,
      ...(gaps === 0
        ? []
        : [
            notice(
              `${count(String(gaps))} account-${gaps === 1 ? "day" : "days"} of this range ${gaps === 1 ? "is" : "are"} missing, failed or apart from the platform’s own total. `,
              link(address("/health", {}), "See health"),
            ),
          ]),
      ...(groups.length > 1
        ? [
            notice(
              "Accounts spend in several currencies and no reporting currency is set: each is shown apart.",
            ),
          ]
        : []),
      ...(young
        ? [
            h(
              "p",
              { class: "dim small" },
              "Shaded days are not final: their conversions still come in. Dashed lines are what they are expected to become.",
            ),
          ]
        : []),
      ...groups.map((group) => groupSection({ group, grain, marks }, groups.length === 1)),
      ...[annotationList(events.annotations)].filter((node) => node !== null),
    ];
  },
};
