import type { CampaignDays, CampaignDayRow, HistoryRow, MaturityCurve, MovedDay } from "../../api/answers.ts";
import { address, here, parameter } from "../address.ts";
import { apiPath, ask } from "../api.ts";
import { lineChart } from "../chart.ts";
import type { Context, View } from "../context.ts";
import { dataTable } from "../data-table.ts";
import { h } from "../dom.ts";
import {
  changeOf,
  changeText,
  count,
  countColumn,
  dash,
  dayText,
  integer,
  momentText,
  money,
  percent,
  rangeText,
} from "../format.ts";
import { empty, heading, link } from "../parts.ts";
import { platformName } from "../platforms.ts";

const campaignName = ({ campaign }: CampaignDays): string =>
  campaign.campaign_name ??
  (campaign.campaign_id === "" ? "Not named by the platform" : campaign.campaign_id);

const colours = ["--first", "--second", "--third", "--dim"];

const maturityChart = (curves: readonly MaturityCurve[]): HTMLElement => {
  const places = [...new Set(curves.flatMap(({ ages }) => ages))].toSorted((a, b) => a - b);
  const label = ({ platform, account_name, account_id }: MaturityCurve): string =>
    `${platformName(platform)} ${account_name ?? account_id}`;
  return lineChart({
    title: "How complete a day’s conversions are, by age",
    places,
    time: false,
    placeText: (age) => `${integer(age)} days old`,
    lines: curves.map((curve, index) => ({
      label: label(curve),
      colour: curves.length > colours.length ? `--${curve.platform}` : (colours[index] ?? "--dim"),
      values: places.map((age) => {
        const share = curve.shares[curve.ages.indexOf(age)];
        return share === undefined ? null : Number(share);
      }),
    })),
    ...(curves.length > colours.length
      ? {
          legend: [...new Set(curves.map(({ platform }) => platform))].map((platform) => ({
            label: `${platformName(platform)} accounts`,
            colour: `--${platform}`,
          })),
        }
      : {}),
    text: (value) => percent(String(value)),
    table: {
      columns: [{ name: "Age in days" }, ...curves.map((curve) => ({ name: label(curve), number: true }))],
      rows: places.map((age) => [
        integer(age),
        ...curves.map((curve) => percent(curve.shares[curve.ages.indexOf(age)])),
      ]),
    },
  });
};

const maturityOf = async (signal: AbortSignal): Promise<Node[]> => {
  const { curves } = await ask<{ curves: readonly MaturityCurve[] }>(
    apiPath("maturity", ["platform", "account"]),
    signal,
  );
  return curves.length === 0 ? [] : [maturityChart(curves)];
};

const daysTable = ({ rows }: CampaignDays): HTMLElement => {
  const counts = countColumn(rows.flatMap((row) => [row.first_conversions, row.conversions]));
  return h(
    "div",
    { class: "card flush" },
    dataTable({
      caption: "Days of the campaign",
      columns: [
        { name: "Day", whole: true },
        { name: "First reported", number: true },
        { name: "Conversions now", number: true },
        { name: "Moved by", number: true },
        { name: "Expected", number: true },
        { name: "Spend", number: true },
        { name: "Cost / conv.", number: true },
        { name: "Changes", number: true },
        { name: "State" },
      ],
      rows: rows.map((row: CampaignDayRow) => {
        const moved = changeOf(row.conversions, row.first_conversions);
        return [
          link(here({ date: row.date }), dayText(row.date)),
          counts(row.first_conversions),
          counts(row.conversions),
          moved === undefined ? dash : changeText(moved),
          counts(row.projected_conversions),
          money(row.spend, row.currency),
          money(row.cost_per_conversion, row.currency),
          integer(row.changes),
          row.is_final ? "final" : "not final",
        ];
      }),
    }),
  );
};

const historyParts = (date: string, rows: readonly HistoryRow[]): Node[] => {
  if (rows.length === 0)
    return [empty(`Nothing was reported for ${dayText(date)}`, "Choose another day below.")];
  const number = (value: string | null): number | null => (value === null ? null : Number(value));
  return [
    lineChart({
      title: `Conversions of ${dayText(date)}, as they were reported`,
      places: rows.map(({ observed_at }) => Date.parse(observed_at) / 1000),
      placeText: (place) => momentText(new Date(place * 1000).toISOString()),
      lines: [
        { label: "Conversions", colour: "--first", values: rows.map((row) => number(row.conversions)) },
      ],
      text: (value) => count(String(value)),
      height: 200,
    }),
    h(
      "div",
      { class: "card flush" },
      dataTable({
        caption: `Every change of ${dayText(date)}`,
        columns: [
          { name: "Known since", whole: true },
          { name: "Spend", number: true },
          { name: "Clicks", number: true },
          { name: "Conversions", number: true },
          { name: "Value", number: true },
          { name: "Cost / conv.", number: true },
        ],
        rows: rows.map((row) => [
          momentText(row.observed_at),
          money(row.spend, row.currency),
          integer(row.clicks),
          count(row.conversions),
          money(row.conversion_value, row.currency),
          money(row.cost_per_conversion, row.currency),
        ]),
      }),
    ),
  ];
};

const drawCampaign = async ({ signal, days: shown }: Context): Promise<readonly Node[]> => {
  const date = parameter("date");
  const [days, history, curves] = await Promise.all([
    ask<CampaignDays>(apiPath("campaign-days", ["range", "from", "to", "account", "campaign"]), signal),
    date === undefined
      ? undefined
      : ask<{ rows: readonly HistoryRow[] }>(apiPath("history", ["account", "campaign", "date"]), signal),
    maturityOf(signal),
  ]);
  shown(days.range);
  const { platform, account_id, account_name } = days.campaign;
  const within = { account: `${platform}:${account_id}`, campaign: days.campaign.campaign_id };
  const about = h(
    "span",
    {},
    `${platformName(platform)} · ${account_name}. ${rangeText(days.range)}. Break down by `,
    link(address("/breakdown", { ...within, by: "network" }), "network"),
    " or ",
    link(address("/breakdown", { ...within, by: "action" }), "action"),
    ".",
  );
  return [
    heading(campaignName(days), about),
    ...(date === undefined || history === undefined ? [] : historyParts(date, history.rows)),
    days.rows.length === 0
      ? empty("No days with figures here", "Choose a longer range, or another campaign in the breakdown.")
      : daysTable(days),
    ...curves,
  ];
};

const byCampaign = (): HTMLElement =>
  link(address("/breakdown", { by: "campaign" }), "breakdown by campaign");

const nothingMoved = (): HTMLElement =>
  empty(
    "No day moved in the last rollup",
    h("span", {}, "Each campaign in the ", byCampaign(), " leads to its days and their histories."),
  );

const fromTo = (before: string, now: string): string => (before === now ? now : `${before} → ${now}`);

/** The way in: what changed last, each leading to its own history. */
const movedCard = (rows: readonly MovedDay[]): HTMLElement =>
  h(
    "section",
    { class: "card" },
    h("h2", {}, "Moved most lately"),
    h(
      "p",
      { class: "dim" },
      "Campaign-days that the platforms restated in the last day of changes. Any other is found through the ",
      byCampaign(),
      ".",
    ),
    dataTable({
      caption: "Campaign-days that moved most lately",
      columns: [
        { name: "Campaign and day" },
        { name: "Account", whole: true },
        { name: "Conversions", number: true },
        { name: "Moved by", number: true },
        { name: "Spend", number: true },
        { name: "Seen", whole: true },
      ],
      rows: rows.map((row) => {
        const by = changeOf(row.conversions, row.conversions_before);
        const name = row.campaign_name ?? (row.campaign_id === "" ? "Not named" : row.campaign_id);
        return [
          link(
            address("/day", {
              account: `${row.platform}:${row.account_id}`,
              campaign: row.campaign_id,
              date: row.date,
            }),
            `${name}, ${dayText(row.date)}`,
          ),
          `${platformName(row.platform)} · ${row.account_name ?? row.account_id}`,
          fromTo(count(row.conversions_before), count(row.conversions)),
          by === undefined ? dash : changeText(by),
          fromTo(money(row.spend_before, row.currency), money(row.spend, row.currency)),
          momentText(row.observed_at),
        ];
      }),
    }),
  );

const isOfCampaign = (): boolean => parameter("account") !== undefined && parameter("campaign") !== undefined;

/** How one campaign-day moved from its first report, and how days of an account come to be complete. */
export const dayView: View = {
  title: "A day’s history",
  get filters(): View["filters"] {
    return isOfCampaign() ? ["range"] : ["platform"];
  },
  draw: async (context) => {
    if (isOfCampaign()) return drawCampaign(context);
    const [{ rows }, curves] = await Promise.all([
      ask<{ rows: readonly MovedDay[] }>(apiPath("moved", ["platform", "account"]), context.signal),
      maturityOf(context.signal),
    ]);
    return [
      heading("A day’s history", "How figures move from the first report until they are final."),
      ...(rows.length === 0 ? [nothingMoved()] : [movedCard(rows)]),
      ...curves,
    ];
  },
};
