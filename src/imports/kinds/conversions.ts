import { logChangedConversions, retractConversions } from "../ledger/changes.ts";
import { currency, flag, id, instant, number, text } from "../values.ts";
import type { ImportContext, ImportKind, Refuse, Values } from "./kind.ts";
import { isSameSource, lastRows, mergeRows, sourceColumn } from "./merge.ts";
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
    conversion_id: id,
    conversion_name: text,
    converted_at: instant,
    value: number(),
    currency,
    order_id: id,
    lead_id: id,
    ...visitColumns,
    channel: text,
    traffic: text,
    quantity: number(),
    merged_into: id,
    deleted: flag,
  },
  withdrawal: ["merged_into", "deleted"],
  example: {
    conversion_id: "S-2026-0117",
    conversion_name: "purchase",
    converted_at: "2026-10-05T10:12:00+02:00",
    value: "120.50",
    currency: "EUR",
    quantity: "",
    order_id: "0047110",
    lead_id: "",
    source: "google",
    medium: "cpc",
    campaign: "Brand",
    campaign_id: "120239000000000001",
    gclid: "",
    referrer_host: "",
    deleted: "",
  },
  ids: ["merged_into", "conversion_id", "order_id", "lead_id", ...visitIds],
  ownIds: ["conversion_id", "lead_id"],
  money: ["value"],
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
    is_retracted: "boolean not null",
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
    is_retracted: String(values.deleted === "true" || values.merged_into !== undefined),
  }),
  key: ["conversion_id"],
  merge: async (client, run) => {
    const { source, timeZone, replace } = run;
    await client.query(
      `update import_row r set lead_id = a.alias_of from warehouse.lead_alias a where a.lead_id = r.lead_id`,
    );
    await logChangedConversions(client, run, standing);
    const columns = Object.keys(conversions.staging).filter((name) => name !== "is_retracted");
    const merged = await mergeRows(client, {
      table: "warehouse.first_party_conversion",
      key: ["conversion_id"],
      columns: {
        ...Object.fromEntries(columns.map((name) => [name, name])),
        retracted_at: "null::timestamptz",
        source_name: sourceColumn(run),
      },
      from: standing,
      source,
    });
    let withdrawn = await retractConversions(client, {
      source,
      kind: "retracted",
      where: `c.conversion_id in (select conversion_id from ${last} ended where is_retracted)`,
    });
    if (replace !== undefined)
      withdrawn += await retractConversions(client, {
        source,
        kind: "withdrawn",
        where: `${isSameSource("c.source_name", run)} and (c.converted_at at time zone $3)::date between $4 and $5
          and not exists (select from import_row r where r.conversion_id = c.conversion_id)`,
        parameters: [timeZone, replace.from, replace.to],
      });
    return { ...merged, withdrawn };
  },
};

const last = lastRows(["conversion_id"]);

/** The last row of each conversion, where it is not one that takes it back. */
const standing = `(select * from ${last} ended where not is_retracted)`;
