import { leadStages, stageNamed } from "../../metrics/first-party/stages.ts";
import { Unreadable } from "../problem.ts";
import { currency, instant, number, sha256, text } from "../values.ts";
import { currencyOfValue } from "./conversions.ts";
import type { ImportKind } from "./kind.ts";
import { lastRows, mergeRows } from "./merge.ts";
import { stageVisit, visitColumns, visitIds, visitStaging } from "./visit.ts";

const facts = {
  lead_id: "text",
  created_at: "timestamptz",
  stage: "text",
  stage_at: "timestamptz",
  qualified_at: "timestamptz",
  customer_at: "timestamptz",
  lost_at: "timestamptz",
  score: "numeric(18, 6)",
  value: "numeric(18, 6)",
  currency: "text",
  email_sha256: "text",
  phone_sha256: "text",
} as const;

/** People who left contact details. Several rows of one lead are its history: the last wins, each stage's first time stays. */
export const leads: ImportKind = {
  name: "leads",
  required: ["lead_id", "created_at"],
  columns: {
    lead_id: text,
    created_at: instant,
    stage: (value) => {
      const stage = stageNamed(value);
      if (stage !== undefined) return stage;
      throw new Unreadable(`${JSON.stringify(value)} is no stage. Known: ${leadStages.join(", ")}`);
    },
    stage_at: instant,
    qualified_at: instant,
    customer_at: instant,
    lost_at: instant,
    score: number(),
    value: number(),
    currency,
    ...visitColumns,
    email_sha256: sha256,
    phone_sha256: sha256,
  },
  ids: ["lead_id", ...visitIds],
  staging: { ...facts, ...visitStaging },
  row: (values, refuse, context) => ({
    ...Object.fromEntries(Object.keys(facts).map((name) => [name, values[name]])),
    currency: currencyOfValue(values, refuse, context),
    ...stageVisit(values, refuse, context),
  }),
  key: ["lead_id"],
  merge: async (client, source) => {
    const merged = await mergeRows(client, {
      table: "warehouse.lead",
      key: ["lead_id"],
      columns: Object.fromEntries(Object.keys(leads.staging).map((name) => [name, name])),
      from: lastRows(["lead_id"]),
      source,
    });
    await client.query(
      `insert into warehouse.lead_stage as old (lead_id, stage, first_at)
       select lead_id, stage, min(coalesce(stage_at, created_at)) from import_row
       where stage is not null group by lead_id, stage
       on conflict (lead_id, stage) do update set first_at = excluded.first_at
       where excluded.first_at < old.first_at`,
    );
    return merged;
  },
};
