import { countDays } from "../../domain/day.ts";
import { bareAccountId } from "../../connectors/account-ids.ts";
import { isPlatform } from "../../connectors/registry.ts";
import { atLeastZero, currency, day, id, number, oneOf, text } from "../values.ts";
import type { ImportKind } from "./kind.ts";
import { mergeRows } from "./merge.ts";

export const costClasses = ["ad_spend", "tool", "labour", "contact_centre", "organic_activity"] as const;

const longestPeriodDays = 3_660;
const booking = "period_start, period_end, cost_class, currency, platform, account_id, campaign_id, label";

/**
 * The staged costs with their keys. Equal bookings without an id of their own both count; their place in the file keeps
 * a second import from doubling.
 */
export const keyedCosts = `(
  select *, case when external_id is not null then 'id:' || external_id
    else 'row:' || md5(concat_ws('|', ${booking})) || ':' || row_number() over (partition by external_id, ${booking} order by line)
    end as cost_key from import_row)`;

/** What was spent, with its class stated. Rows without external_id are told apart by their place among equals. */
export const costs: ImportKind = {
  name: "costs",
  required: ["period_start", "period_end", "cost_class", "amount", "currency"],
  columns: {
    period_start: day,
    period_end: day,
    cost_class: oneOf(costClasses, "cost class"),
    amount: atLeastZero(
      number(),
      "import what is left of the cost after the credit, under the same external_id",
    ),
    currency,
    platform: (value) => value.toLowerCase(),
    account_id: id,
    campaign_id: id,
    label: text,
    external_id: id,
  },
  example: {
    period_start: "2026-10-01",
    period_end: "2026-10-31",
    cost_class: "tool",
    amount: "49.90",
    currency: "EUR",
    platform: "",
    account_id: "",
    campaign_id: "",
    label: "Landing pages",
    external_id: "INV-2026-117",
  },
  ids: ["account_id", "campaign_id", "external_id"],
  ownIds: ["external_id"],
  money: ["amount"],
  staging: {
    period_start: "date",
    period_end: "date",
    cost_class: "text",
    amount: "numeric(18, 6)",
    currency: "text",
    platform: "text",
    account_id: "text",
    campaign_id: "text",
    label: "text",
    external_id: "text",
  },
  row: (values, refuse) => {
    const { period_start: from = "", period_end: to = "", platform = "", account_id: account = "" } = values;
    if (from !== "" && to !== "" && to < from) refuse("period_end", `${to} is before period_start ${from}`);
    else if (from !== "" && to !== "" && countDays({ from, to }) > longestPeriodDays)
      refuse("period_end", `${to} is more than ten years after ${from}`);
    if (platform === "" && account !== "") refuse("platform", "is missing, while account_id is given");
    if (platform === "" && values.campaign_id !== undefined)
      refuse("platform", "is missing, while campaign_id is given");
    return {
      ...values,
      platform,
      account_id: isPlatform(platform) ? bareAccountId(platform, account) : account,
      campaign_id: values.campaign_id ?? "",
      label: values.label ?? "",
    };
  },
  key: [],
  merge: async (client, { source }) => {
    return mergeRows(client, {
      table: "warehouse.cost",
      key: ["cost_key"],
      columns: {
        cost_key: "cost_key",
        ...Object.fromEntries(Object.keys(costs.staging).map((name) => [name, name])),
      },
      from: `(select distinct on (cost_key) * from ${keyedCosts} keyed order by cost_key, line desc)`,
      source,
    });
  },
};
