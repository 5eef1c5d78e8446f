import { currency, instant, number, text } from "../values.ts";
import type { ImportContext, ImportKind, Refuse, Values } from "./kind.ts";
import { lastRows, mergeRows } from "./merge.ts";
import { stageVisit, visitColumns, visitIds, visitStaging } from "./visit.ts";

/** A value needs a currency: its own, or the one that the configuration reports in. */
export const currencyOfValue = (
  values: Values,
  refuse: Refuse,
  context: ImportContext,
): string | undefined => {
  if (values.value === undefined) return undefined;
  const code = values.currency ?? context.defaultCurrency;
  if (code === undefined) refuse("currency", "is missing, while value is given");
  return code;
};

/** What the company itself counted. */
export const conversions: ImportKind = {
  name: "conversions",
  required: ["conversion_id", "conversion_name", "converted_at"],
  columns: {
    conversion_id: text,
    conversion_name: text,
    converted_at: instant,
    value: number(),
    currency,
    order_id: text,
    lead_id: text,
    ...visitColumns,
    channel: text,
    traffic: text,
    quantity: number(),
  },
  ids: ["conversion_id", "order_id", "lead_id", ...visitIds],
  staging: {
    conversion_id: "text",
    conversion_name: "text",
    converted_at: "timestamptz",
    quantity: "numeric(18, 6)",
    value: "numeric(18, 6)",
    currency: "text",
    order_id: "text",
    lead_id: "text",
    ...visitStaging,
  },
  row: (values, refuse, context) => ({
    conversion_id: values.conversion_id,
    conversion_name: values.conversion_name,
    converted_at: values.converted_at,
    quantity: values.quantity ?? "1",
    value: values.value,
    currency: currencyOfValue(values, refuse, context),
    order_id: values.order_id,
    lead_id: values.lead_id,
    ...stageVisit(values, refuse, context),
  }),
  key: ["conversion_id"],
  merge: (client, source) =>
    mergeRows(client, {
      table: "warehouse.first_party_conversion",
      key: ["conversion_id"],
      columns: Object.fromEntries(Object.keys(conversions.staging).map((name) => [name, name])),
      from: lastRows(["conversion_id"]),
      source,
    }),
};
