import { type Breakdown, breakdowns, type Channels } from "../../api/answers.ts";
import { address, go, here, parameter } from "../address.ts";
import { apiPath, ask } from "../api.ts";
import type { Context, View } from "../context.ts";
import { dataTable } from "../data-table.ts";
import { h, hidden } from "../dom.ts";
import { count, integer, money, rangeText, words } from "../format.ts";
import { command, empty, heading, link } from "../parts.ts";
import { breakdownTable } from "./breakdown-table.ts";

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

const channelTable = ({ rows, totals }: Channels): HTMLElement => {
  const sessions = rows.some((row) => row.sessions !== null);
  const figures = (row: Channels["totals"][number]): string[] => [
    ...(sessions ? [integer(row.sessions)] : []),
    count(row.conversions),
    money(row.conversion_value, row.currency),
  ];
  return h(
    "div",
    { class: "card flush" },
    dataTable({
      caption: "By channel",
      columns: [
        { name: "Channel" },
        { name: "Traffic" },
        ...(sessions ? [{ name: "Sessions", number: true }] : []),
        { name: "Conversions", number: true },
        { name: "Value", number: true },
      ],
      rows: rows.map((row) => [row.channel, row.traffic, ...figures(row)]),
      totals: totals.map((row) => ["Total", "", ...figures(row)]),
    }),
  );
};

const csvLink = (path: string, file: string): HTMLElement =>
  h("a", { class: "button", href: path, download: file }, "Download CSV");

const drawChannels = async ({ signal, days }: Context): Promise<readonly Node[]> => {
  const answer = await ask<Channels>(apiPath("channels", ["range", "from", "to"]), signal);
  days(answer.range);
  const top = heading(
    "Breakdown",
    `${rangeText(answer.range)}. First-party data: what the site itself counted.`,
  );
  if (answer.rows.length > 0) {
    const download = csvLink(apiPath("channels.csv", ["range", "from", "to"]), "costper-channel.csv");
    return [top, tabs("channel"), h("div", { class: "tools" }, download), channelTable(answer)];
  }
  const advice = answer.known
    ? "Choose a longer range."
    : h("span", {}, "Bring in first-party data with ", command("costper import conversions FILE.csv"), ".");
  return [top, tabs("channel"), empty("No first-party figures in these days", advice)];
};

/** A sortable, searchable, paged table that leads down to the campaign. */
export const breakdownView: View = {
  title: "Breakdown",
  get filters(): View["filters"] {
    return parameter("by") === "channel" ? ["range"] : ["range", "platform", "currency"];
  },
  draw: async (context) => {
    if (parameter("by") === "channel") return drawChannels(context);
    const { signal, currencies, days } = context;
    const answer = await ask<Breakdown>(apiPath("breakdown", names), signal);
    currencies(answer.currency);
    days(answer.range);
    const download = csvLink(apiPath("breakdown.csv", names), `costper-${answer.by}.csv`);
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
        : [breakdownTable(answer)]),
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
