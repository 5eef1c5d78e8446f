import { importedMeasures } from "../../metrics/kpi/measures.ts";
import { currency, day, number, oneOf, text } from "../values.ts";
import type { ImportKind } from "./kind.ts";
import { lastRows, mergeRows } from "./merge.ts";

const names = Object.keys(importedMeasures);

/** Daily figures that no platform supplies: calls, contacts, visitors, keyword ranks. */
export const measures: ImportKind = {
  name: "measures",
  required: ["date", "measure", "value"],
  columns: {
    date: day,
    measure: oneOf(names, "measure"),
    value: number(),
    currency,
    platform: (value) => value.toLowerCase(),
    label: text,
  },
  example: {
    date: "2026-10-05",
    measure: "calls_in",
    value: "118",
    currency: "",
    platform: "",
    label: "hotline",
  },
  ids: [],
  ownIds: [],
  money: ["value"],
  staging: {
    date: "date",
    measure: "text",
    platform: "text",
    label: "text",
    value: "numeric(18, 6)",
    currency: "text",
  },
  row: (values, refuse, context) => {
    const isMoney = importedMeasures[values.measure ?? ""] === "currency";
    const code = isMoney ? (values.currency ?? context.defaultCurrency) : undefined;
    if (isMoney && code === undefined)
      refuse("currency", `is missing, while ${values.measure ?? ""} is money`);
    return { ...values, platform: values.platform ?? "", label: values.label ?? "", currency: code };
  },
  key: ["date", "measure", "platform", "label"],
  merge: (client, { source }) =>
    mergeRows(client, {
      table: "warehouse.measure_daily",
      key: ["date", "measure", "platform", "label"],
      columns: Object.fromEntries(Object.keys(measures.staging).map((name) => [name, name])),
      from: lastRows(["date", "measure", "platform", "label"]),
      source,
    }),
};
