import {
  type Breakdown,
  type BreakdownBy,
  type BreakdownRow,
  breakdowns,
  type Channels,
} from "../../api/answers.ts";
import { address, go, here, parameter } from "../address.ts";
import { apiPath, ask } from "../api.ts";
import type { View } from "../context.ts";
import { dataTable } from "../data-table.ts";
import { h, hidden } from "../dom.ts";
import {
  count,
  countColumn,
  integer,
  money,
  percent,
  platformName,
  rangeText,
  times,
  words,
} from "../format.ts";
import { command, empty, heading, link } from "../parts.ts";
import { spark } from "../spark.ts";

type Line = Breakdown["rows"][number];
type Totals = Breakdown["totals"][number];
type Measured = Pick<Totals, Exclude<keyof Totals, "currency">> & { readonly currency: string | null };

const names = [
  "range",
  "from",
  "to",
  "platform",
  "account",
  "campaign",
  "currency",
  "by",
  "q",
  "sort",
  "order",
  "page",
];

type Columns = readonly {
  readonly name: keyof Measured;
  readonly title: string;
  readonly text: (row: Measured) => string;
}[];

const columnsOf = (lines: readonly Measured[]): Columns => {
  const conversions = countColumn(lines.map((line) => line.conversions));
  const organic = countColumn(lines.map((line) => line.organic_conversions));
  return [
    { name: "spend", title: "Spend", text: (row) => money(row.spend, row.currency) },
    { name: "conversions", title: "Conversions", text: (row) => conversions(row.conversions) },
    {
      name: "cost_per_conversion",
      title: "Cost / conv.",
      text: (row) => money(row.cost_per_conversion, row.currency),
    },
    { name: "conversion_value", title: "Value", text: (row) => money(row.conversion_value, row.currency) },
    { name: "return_on_ad_spend", title: "ROAS", text: (row) => times(row.return_on_ad_spend) },
    { name: "impressions", title: "Impressions", text: (row) => integer(row.impressions) },
    { name: "clicks", title: "Clicks", text: (row) => integer(row.clicks) },
    { name: "cost_per_click", title: "Cost / click", text: (row) => money(row.cost_per_click, row.currency) },
    { name: "conversion_rate", title: "Conv. rate", text: (row) => percent(row.conversion_rate) },
    {
      name: "organic_conversions",
      title: "Organic, left out",
      text: (row) => organic(row.organic_conversions),
    },
  ];
};

const nameOf = (by: BreakdownBy, row: BreakdownRow): string =>
  ({
    platform: platformName(row.platform),
    account: row.account_name ?? row.account_id ?? "",
    campaign:
      row.campaign_name ?? (row.campaign_id === "" ? "not named by the platform" : (row.campaign_id ?? "")),
    network: row.part ?? "",
    action: row.part ?? "",
  })[by];

/** One step down from a row; networks and actions are as deep as it goes. */
const drill = (by: BreakdownBy, row: BreakdownRow): string | undefined => {
  const account = `${row.platform}:${row.account_id ?? ""}`;
  const reset = { page: undefined, q: undefined };
  switch (by) {
    case "platform":
      return here({ by: "account", platform: row.platform, ...reset });
    case "account":
      return here({ by: "campaign", account, ...reset });
    case "campaign":
      return address("/day", { account, campaign: row.campaign_id ?? "" });
    default:
      return undefined;
  }
};

const nameCell = (by: BreakdownBy, row: Line): HTMLElement => {
  const to = drill(by, row);
  const name = nameOf(by, row);
  const below =
    by === "platform"
      ? row.currency
      : by === "campaign"
        ? `${platformName(row.platform)} · ${row.account_name ?? row.account_id ?? ""}`
        : by === "account"
          ? `${platformName(row.platform)} · ${row.account_id ?? ""} · ${row.currency ?? ""}`
          : by === "action" && row.part_id !== row.part
            ? `${platformName(row.platform)} · ${row.part_id ?? ""}`
            : platformName(row.platform);
  return h(
    "th",
    { scope: "row" },
    to === undefined ? name : h("a", { href: to }, name),
    h("span", { class: "below" }, below),
  );
};

const headerCell = (name: string, title: string, number: boolean): HTMLElement => {
  const sort = parameter("sort") ?? "spend";
  const order = parameter("order") ?? "desc";
  const active = sort === name;
  const next = active ? (order === "desc" ? "asc" : "desc") : name === "name" ? "asc" : "desc";
  return h(
    "th",
    {
      scope: "col",
      class: number ? "number" : null,
      "aria-sort": active ? (order === "desc" ? "descending" : "ascending") : null,
    },
    h(
      "button",
      {
        type: "button",
        class: "sort",
        onclick: () => go(here({ sort: name, order: next, page: undefined })),
      },
      title,
      h("span", { class: "arrow", "aria-hidden": "true" }, active ? (order === "desc" ? "↓" : "↑") : ""),
    ),
  );
};

const table = (answer: Breakdown): HTMLElement => {
  const { by } = answer;
  const columns = columnsOf([...answer.rows, ...answer.totals]);
  return h(
    "div",
    { class: "scroll card flush", tabindex: 0, role: "region", "aria-label": `By ${by}` },
    h(
      "table",
      { class: "breakdown" },
      h("caption", { class: "sr" }, `Figures by ${by}, ${rangeText(answer.range)}`),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          headerCell("name", words(by), false),
          h("th", { scope: "col" }, by === "action" ? "Conversions by day" : "Cost / conv. by day"),
          ...columns.map(({ name, title }) =>
            headerCell(name, by === "action" && name === "spend" ? "Whole spend" : title, true),
          ),
        ),
      ),
      h(
        "tbody",
        {},
        ...answer.rows.map((row) =>
          h(
            "tr",
            {},
            nameCell(by, row),
            h("td", {}, spark(row.spark, `Course of ${nameOf(by, row)} over the last days of the range`)),
            ...columns.map(({ text }) => h("td", { class: "number" }, text(row))),
          ),
        ),
      ),
      h(
        "tfoot",
        {},
        ...answer.totals.map((total) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, answer.totals.length > 1 ? `Total, ${total.currency ?? ""}` : "Total"),
            h("td", {}, hidden("no course")),
            ...columns.map(({ text }) => h("td", { class: "number" }, text(total))),
          ),
        ),
      ),
    ),
  );
};

const pager = ({ page, size, count: all }: Breakdown): HTMLElement | null => {
  const pages = Math.max(1, Math.ceil(all / size));
  if (pages === 1 && page === 1) return null;
  const step = (to: number, text: string): HTMLElement =>
    h(
      "button",
      {
        type: "button",
        disabled: to < 1 || to > pages,
        onclick: () => go(here({ page: to === 1 ? undefined : String(to) })),
      },
      text,
    );
  return h(
    "nav",
    { class: "pager", "aria-label": "Pages" },
    step(page - 1, "Previous"),
    h("span", {}, `Page ${integer(page)} of ${integer(pages)} · ${integer(all)} rows`),
    step(page + 1, "Next"),
  );
};

const tabs = (current: string): HTMLElement =>
  h(
    "nav",
    { class: "tabs", "aria-label": "Break down by" },
    ...[...breakdowns, "channel"].map((by) =>
      h(
        "a",
        {
          href: here({ by, page: undefined, q: undefined, sort: undefined, order: undefined }),
          "aria-current": by === current ? "page" : null,
        },
        words(by),
      ),
    ),
  );

/** The filters that drilling down has set, each of which can be taken back. */
const crumbs = (): HTMLElement | null => {
  const set = ["account", "campaign"].flatMap((name) => {
    const value = parameter(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  if (set.length === 0) return null;
  return h(
    "p",
    { class: "crumbs" },
    ...set.map(([name, value]) =>
      h(
        "a",
        {
          class: "chip",
          href: here({
            [name]: undefined,
            page: undefined,
            ...(name === "account" ? { campaign: undefined } : {}),
          }),
        },
        `${words(name)} ${value}`,
        h("span", { "aria-hidden": "true" }, " ×"),
        hidden(", remove this filter"),
      ),
    ),
  );
};

const searchBox = (): HTMLElement => {
  const input = h("input", {
    type: "search",
    name: "q",
    placeholder: "Part of a name or id",
    value: parameter("q") ?? "",
    maxlength: 200,
  });
  return h(
    "form",
    {
      class: "search",
      role: "search",
      onsubmit: (event) => {
        event.preventDefault();
        go(here({ q: input.value.trim(), page: undefined }));
      },
    },
    h("label", { class: "field" }, h("span", {}, "Find"), input),
    h("button", {}, "Find"),
  );
};

const channelTable = ({ rows }: Channels): HTMLElement =>
  h(
    "div",
    { class: "card flush" },
    dataTable({
      caption: "By channel",
      columns: [
        { name: "Channel" },
        { name: "Traffic" },
        { name: "Sessions", number: true },
        { name: "Conversions", number: true },
        { name: "Value", number: true },
      ],
      rows: rows.map((row) => [
        row.channel,
        row.traffic,
        integer(row.sessions),
        count(row.conversions),
        count(row.conversion_value),
      ]),
    }),
  );

const drawChannels = async (signal: AbortSignal): Promise<readonly Node[]> => {
  const answer = await ask<Channels>(apiPath("channels", ["range", "from", "to"]), signal);
  const top = heading("Breakdown", rangeText(answer.range));
  if (answer.rows.length > 0) return [top, tabs("channel"), channelTable(answer)];
  const advice = answer.known
    ? "Choose a longer range."
    : h("span", {}, "Bring in first-party data with ", command("costper import conversions FILE.csv"), ".");
  return [top, tabs("channel"), empty("No first-party figures in these days", advice)];
};

/** A sortable, searchable, paged table that leads down to the campaign. */
export const breakdownView: View = {
  title: "Breakdown",
  filters: ["range", "platform", "currency"],
  draw: async ({ signal, currencies, days }) => {
    if (parameter("by") === "channel") return drawChannels(signal);
    const answer = await ask<Breakdown>(apiPath("breakdown", names), signal);
    currencies(answer.currency);
    days(answer.range);
    const download = h(
      "a",
      { class: "button", href: apiPath("breakdown.csv", names), download: `costper-${answer.by}.csv` },
      "Download CSV",
    );
    return [
      heading(
        "Breakdown",
        `${rangeText(answer.range)}. Every total is a ratio of sums.${answer.rows.some(({ is_final }) => !is_final) ? " The youngest days are not final." : ""}`,
      ),
      tabs(answer.by),
      ...[crumbs()].filter((node) => node !== null),
      h("div", { class: "tools" }, searchBox(), download),
      ...(answer.rows.length === 0
        ? [
            empty(
              "Nothing matches",
              h(
                "span",
                {},
                "Choose a longer range or ",
                link(address("/breakdown", {}), "take the filters off"),
                ".",
              ),
            ),
          ]
        : [table(answer)]),
      ...(answer.by === "action"
        ? [
            h(
              "p",
              { class: "dim small" },
              "Spend is never split among actions: each is set against all that its platform cost in these days and filters, so these rows do not add up.",
            ),
          ]
        : []),
      ...[pager(answer)].filter((node) => node !== null),
    ];
  },
};
