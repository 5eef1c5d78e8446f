import type { Breakdown, BreakdownBy, BreakdownRow } from "../../api/answers.ts";
import { address, go, here, parameter } from "../address.ts";
import { h, hidden } from "../dom.ts";
import { countColumn, integer, money, percent, rangeText, times, words } from "../format.ts";
import { platformName } from "../platforms.ts";
import { spark } from "../spark.ts";

type Line = Breakdown["rows"][number];
type Totals = Breakdown["totals"][number];
type Measured = Pick<Totals, Exclude<keyof Totals, "currency">> & { readonly currency: string | null };

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

/** Rows with their course and figures, sortable by each, over the totals of all of them. */
export const breakdownTable = (answer: Breakdown): HTMLElement => {
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
