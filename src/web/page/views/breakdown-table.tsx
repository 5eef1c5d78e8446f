import type { ComponentChildren } from "preact";
import type { Breakdown, BreakdownBy, BreakdownRow } from "../../api/answers.ts";
import { countColumn, integer, money, percent, rangeText, times, words } from "../format.ts";
import { Spark } from "../parts/spark.tsx";
import { Hidden } from "../parts/words.tsx";
import { platformName } from "../platforms.ts";
import { address, go, here, parameter } from "../state/address.ts";

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

const nameOf = (by: BreakdownBy, row: BreakdownRow): string => {
  switch (by) {
    case "platform":
      return platformName(row.platform);
    case "account":
      return row.account_name ?? row.account_id ?? "";
    case "campaign":
      return (
        row.campaign_name ?? (row.campaign_id === "" ? "not named by the platform" : (row.campaign_id ?? ""))
      );
    case "ad_group":
      return row.ad_group_name ?? (row.ad_group_id === "" ? "in no ad group" : (row.ad_group_id ?? ""));
    // Ads of some platforms have no name of their own.
    case "ad":
      return row.part || (row.part_id === "" ? "of no ad" : (row.part_id ?? ""));
    default:
      return row.part ?? "";
  }
};

/** One step down from a row; ads, networks and actions are as deep as it goes, and so is what has no id. */
const drill = (by: BreakdownBy, row: BreakdownRow): string | undefined => {
  const account = `${row.platform}:${row.account_id ?? ""}`;
  const reset = { page: undefined, q: undefined };
  switch (by) {
    case "platform":
      return here({ by: "account", platform: row.platform, ...reset });
    case "account":
      return here({ by: "campaign", account, ...reset });
    case "campaign":
      return row.campaign_id ? address("/campaign", { account, campaign: row.campaign_id }) : undefined;
    case "ad_group":
      return row.campaign_id && row.ad_group_id
        ? address("/campaign", { account, campaign: row.campaign_id, tab: "ad", ad_group: row.ad_group_id })
        : undefined;
    default:
      return undefined;
  }
};

const below = (by: BreakdownBy, row: Line): string | null => {
  const platform = platformName(row.platform);
  switch (by) {
    case "platform":
      return row.currency;
    case "campaign":
      return `${platform} · ${row.account_name ?? row.account_id ?? ""}`;
    case "account":
      return `${platform} · ${row.account_id ?? ""} · ${row.currency ?? ""}`;
    case "ad_group":
      return row.campaign_name ?? row.campaign_id;
    case "ad":
      return [row.ad_group_name ?? row.ad_group_id, row.part_id].filter((text) => text).join(" · ");
    case "action":
      return [platform, row.account_name ?? row.account_id, row.part_id === row.part ? null : row.part_id]
        .filter((part) => part !== null && part !== "")
        .join(" · ");
    default:
      return platform;
  }
};

const NameCell = ({ by, row }: { readonly by: BreakdownBy; readonly row: Line }) => {
  const to = drill(by, row);
  const name = nameOf(by, row);
  return (
    <th scope="row">
      {to === undefined ? name : <a href={to}>{name}</a>}
      <span class="below">{below(by, row)}</span>
    </th>
  );
};

const HeaderCell = ({
  name,
  isNumber,
  children,
}: {
  readonly name: string;
  readonly isNumber: boolean;
  readonly children: ComponentChildren;
}) => {
  const isActive = (parameter("sort") ?? "spend") === name;
  const isDescending = (parameter("order") ?? "desc") === "desc";
  const next = isActive ? (isDescending ? "asc" : "desc") : isNumber ? "desc" : "asc";
  return (
    <th
      scope="col"
      class={isNumber ? "number" : undefined}
      aria-sort={isActive ? (isDescending ? "descending" : "ascending") : undefined}
    >
      <button
        type="button"
        class="sort"
        onClick={() => go(here({ sort: name, order: next, page: undefined }))}
      >
        {children}
        <span class="arrow" aria-hidden="true">
          {isActive ? (isDescending ? "↓" : "↑") : ""}
        </span>
      </button>
    </th>
  );
};

const keyOf = ({ platform, account_id, campaign_id, ad_group_id, part_id, currency }: Line): string =>
  JSON.stringify([platform, account_id, campaign_id, ad_group_id, part_id, currency]);

/** Rows with their course and figures, sortable by each, over the totals of all of them. */
export const BreakdownTable = ({ answer }: { readonly answer: Breakdown }) => {
  const { by, rows, totals } = answer;
  const columns = columnsOf([...rows, ...totals]);
  const figures = (row: Measured) =>
    columns.map(({ name, text }) => (
      <td key={name} class="number">
        {text(row)}
      </td>
    ));
  return (
    <div class="scroll card flush" tabIndex={0} role="region" aria-label={`By ${by}`}>
      <table class="breakdown">
        <caption class="sr">
          Figures by {by}, {rangeText(answer.range)}
        </caption>
        <thead>
          <tr>
            <HeaderCell name="name" isNumber={false}>
              {words(by)}
            </HeaderCell>
            <th scope="col">{by === "action" ? "Conversions by day" : "Cost / conv. by day"}</th>
            {columns.map(({ name, title }) => (
              <HeaderCell key={name} name={name} isNumber>
                {by === "action" && name === "spend" ? "Whole spend" : title}
              </HeaderCell>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              <NameCell by={by} row={row} />
              <td>
                <Spark
                  values={row.spark}
                  label={`Course of ${nameOf(by, row)} over the last days of the range`}
                />
              </td>
              {figures(row)}
            </tr>
          ))}
        </tbody>
        <tfoot>
          {totals.map((total) => (
            <tr key={total.currency}>
              <th scope="row">{totals.length > 1 ? `Total, ${total.currency ?? ""}` : "Total"}</th>
              <td>
                <Hidden>no course</Hidden>
              </td>
              {figures(total)}
            </tr>
          ))}
        </tfoot>
      </table>
    </div>
  );
};
