import { divide, exact, toText } from "../../../domain/decimal.ts";
import type { Excluded } from "../../api/answers.ts";
import { apiPath, ask } from "../api.ts";
import { lineChart } from "../chart.ts";
import type { View } from "../context.ts";
import { dataTable } from "../data-table.ts";
import { h } from "../dom.ts";
import { count, dash, dayText, percent, rangeText, words } from "../format.ts";
import { empty, heading } from "../parts.ts";
import { platformName } from "../platforms.ts";
import { seconds, valuesBy } from "../series.ts";

const section = (title: string, table: HTMLElement): HTMLElement =>
  h("section", { class: "card" }, h("h2", {}, title), table);

const chart = (days: Excluded["days"]): HTMLElement => {
  const dates = [...new Set(days.map(({ date }) => date))];
  const platforms = [...new Set(days.map(({ platform }) => platform))].filter((platform) =>
    days.some((day) => day.platform === platform && Number(day.organic_conversions) !== 0),
  );
  return lineChart({
    title: "Organic conversions left out, by day",
    places: dates.map(seconds),
    placeText: (place) => dayText(new Date(place * 1000).toISOString().slice(0, 10)),
    lines: platforms.map((platform) => ({
      label: platformName(platform),
      colour: `--${platform}`,
      values: valuesBy(
        dates,
        days.filter((day) => day.platform === platform),
        (day) => day.organic_conversions,
      ),
    })),
    text: (value) => count(String(value)),
    table: {
      columns: [
        { name: "Date" },
        ...platforms.map((platform) => ({ name: platformName(platform), number: true })),
      ],
      rows: dates.map((date) => [
        dayText(date),
        ...platforms.map((platform) =>
          count(days.find((day) => day.date === date && day.platform === platform)?.organic_conversions),
        ),
      ]),
    },
  });
};

const accounts = (rows: Excluded["accounts"]): HTMLElement =>
  section(
    "By account",
    dataTable({
      caption: "Organic conversions by account",
      columns: [
        { name: "Account" },
        { name: "Platform" },
        { name: "Left out", number: true },
        { name: "Counted", number: true },
        { name: "Share left out", number: true },
      ],
      rows: rows.map((row) => {
        const organic = exact(row.organic_conversions);
        const all = organic + exact(row.conversions);
        return [
          row.account_name ?? row.account_id,
          platformName(row.platform),
          count(row.organic_conversions),
          count(row.conversions),
          all === 0n ? dash : percent(toText(divide(organic, all))),
        ];
      }),
    }),
  );

/** The mart's name of a source begins with its platform, which has a column of its own here. */
const nameOf = ({ source, platform }: NonNullable<Excluded["sources"]>[number]): string =>
  words(source.startsWith(`${platform} `) ? source.slice(platform.length + 1) : source);

const sources = (rows: NonNullable<Excluded["sources"]>): HTMLElement =>
  section(
    "By source",
    dataTable({
      caption: "Organic conversions by source",
      columns: [{ name: "Source" }, { name: "Platform" }, { name: "Left out", number: true }],
      rows: rows.map((row) => [nameOf(row), platformName(row.platform), count(row.conversions)]),
    }),
  );

const rules = (rows: NonNullable<Excluded["rules"]>): HTMLElement => {
  const names = Object.keys(rows[0] ?? {});
  return section(
    "First-party conversions, by rule",
    dataTable({
      caption: "First-party conversions that were left out, by rule",
      columns: names.map((name) => ({ name: words(name), number: name === "conversions" })),
      rows: rows.map((row) =>
        names.map((name) => (name === "conversions" ? count(row[name]) : (row[name] ?? dash))),
      ),
    }),
  );
};

/** What no figure counts, since nobody paid for it. */
export const excludedView: View = {
  title: "Excluded",
  filters: ["range", "platform"],
  draw: async ({ signal, days: shown }) => {
    const answer = await ask<Excluded>(apiPath("excluded", ["range", "from", "to", "platform"]), signal);
    shown(answer.range);
    const total = answer.days.reduce((sum, day) => sum + exact(day.organic_conversions), 0n);
    const top = heading(
      "What was excluded",
      `${rangeText(answer.range)}. Conversions without a paid click or view count in no cost.`,
    );
    const nothing = total === 0n && !answer.sources?.length && !answer.rules?.length;
    if (nothing)
      return [
        top,
        empty("Nothing was left out in these days", "Choose a longer range or all platforms to see more."),
      ];
    return [
      top,
      ...(total === 0n ? [] : [chart(answer.days)]),
      ...(answer.sources?.length ? [sources(answer.sources)] : []),
      ...(answer.accounts.length > 0 ? [accounts(answer.accounts)] : []),
      ...(answer.rules?.length ? [rules(answer.rules)] : []),
    ];
  },
};
