import { leadStages, stageNamed } from "../../metrics/first-party/stages.ts";
import { arrival, foldAliases, registerAliases } from "../ledger/aliases.ts";
import { logStandings, withdrawLeads } from "../ledger/changes.ts";
import { forgetHistory, recordHistory } from "../ledger/history.ts";
import { Unreadable } from "../problem.ts";
import { currency, flag, id, instant, number, sha256, text } from "../values.ts";
import { currencyOfValue } from "./conversions.ts";
import type { PoolClient } from "pg";
import type { ImportKind, Merged, MergeRun, Refuse, Values } from "./kind.ts";
import { isSameSource, mergeRows, sourceColumn } from "./merge.ts";
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

/** What a CRM's own source keeps beside. */
const raw = { raw_stage: "text", raw_status: "text", raw_fields: "jsonb" } as const;

/** What a row says besides the lead's state: of its history, that it does not count, and that it is no lead any more. */
const journey = {
  raw_stage_at: "timestamptz",
  score_at: "timestamptz",
  merged_into: "text",
  is_excluded: "boolean not null",
  is_deleted: "boolean not null",
} as const;

/** Whether a row of a merged lead is earlier in anything than what its survivor has. */
const tellsMore = `exists (
  select from warehouse.lead_alias a left join warehouse.lead s on s.lead_id = a.alias_of
  where a.lead_id = r.lead_id and (s.lead_id is null or r.created_at < s.created_at
    or r.qualified_at < coalesce(s.qualified_at, 'infinity') or r.customer_at < coalesce(s.customer_at, 'infinity')))`;

/** The last staged row of each lead that stands, with the earliest of what is said about its qualification. */
const standing = (aliases: boolean): string => `(
  select distinct on (r.lead_id) r.*,
    min(r.qualified_at) over (partition by r.lead_id) as first_qualified_at,
    min(r.customer_at) over (partition by r.lead_id) as first_customer_at
  from import_row r left join lead_end e on e.lead_id = r.lead_id
  where r.created_at is not null and not r.is_deleted and e.is_deleted is not true
    and ${aliases ? tellsMore : "not exists (select from warehouse.lead_alias a where a.lead_id = r.lead_id)"}
  order by r.lead_id, r.line desc)`;

/** People who left contact details. Several rows of one lead are its history: the last wins, each stage's first time stays. */
export const leads: ImportKind = {
  name: "leads",
  required: ["lead_id", "created_at"],
  columns: {
    lead_id: id,
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
    score_at: instant,
    value: number(),
    currency,
    ...visitColumns,
    channel: text,
    email_sha256: sha256,
    phone_sha256: sha256,
    merged_into: id,
    deleted: flag,
  },
  origin: {
    raw_stage: text,
    raw_stage_at: instant,
    raw_status: text,
    raw_fields: text,
    // It came, and its row is left as it is.
    seen: flag,
    // It is kept, and does not count by the conditions of its source.
    excluded: flag,
  },
  withdrawal: ["merged_into", "deleted", "seen"],
  originIds: ["raw_stage", "raw_status"],
  ids: ["lead_id", "merged_into", ...visitIds],
  example: {
    lead_id: "00123",
    created_at: "2026-10-05T10:12:00+02:00",
    stage: "marketing_qualified",
    stage_at: "2026-10-07T09:00:00+02:00",
    qualified_at: "",
    customer_at: "",
    lost_at: "",
    score: "60",
    score_at: "2026-10-07T09:00:00+02:00",
    value: "",
    currency: "",
    source: "google",
    medium: "cpc",
    campaign: "Brand",
    campaign_id: "120239000000000001",
    gclid: "",
    referrer_host: "",
    email_sha256: "",
    merged_into: "",
    deleted: "",
  },
  ownIds: ["lead_id", "merged_into"],
  money: ["value"],
  staging: { ...facts, ...visitStaging, ...raw, ...journey },
  row: (values, refuse, context) => ({
    ...Object.fromEntries(Object.keys(facts).map((name) => [name, values[name]])),
    currency: currencyOfValue(values, refuse, context),
    ...stageVisit(values, refuse, context),
    raw_stage: values["raw_stage"],
    raw_status: values["raw_status"],
    raw_fields: values["raw_fields"],
    ...journeyOf(values, refuse),
  }),
  key: ["lead_id"],
  isHistory: true,
  merge: async (client, run) => {
    const { source } = run;
    await stageEnds(client);
    await registerAliases(client);
    let withdrawn = await foldAliases(client, source);
    if (run.correct === true) await forgetHistory(client, run.keepHistory);
    await recordHistory(client);
    await keepArrivals(client);
    await logStandings(client, { source, noted: run.correct === true && run.sourceName !== undefined });
    const merged = await mergeLeads(client, standing(false), run);
    await mergeLeads(client, standing(true), run);
    withdrawn += await foldAliases(client, source);
    withdrawn += await withdrawLeads(client, {
      source,
      kind: "deleted",
      keep: run.keepDeleted === true,
      where: "l.lead_id in (select lead_id from lead_end where is_deleted)",
    });
    if (run.replace !== undefined)
      withdrawn += await withdrawLeads(client, {
        source,
        kind: "withdrawn",
        where: `${isSameSource("l.source_name", run)} and (l.created_at at time zone $1)::date between $2 and $3
          and not exists (select from import_row r where r.lead_id = l.lead_id)
          and not exists (select from import_row r join warehouse.lead_alias a using (lead_id) where a.alias_of = l.lead_id)`,
        parameters: [run.timeZone, run.replace.from, run.replace.to],
      });
    return { ...merged, withdrawn };
  },
};

const journeyOf = (values: Values, refuse: Refuse): Values => {
  const { merged_into: into, deleted } = values;
  if (into !== undefined && into === values["lead_id"]) refuse("merged_into", "is the lead itself");
  return {
    raw_stage_at: values["raw_stage_at"],
    score_at: values["score_at"],
    merged_into: into,
    is_excluded: String(values["excluded"] === "true"),
    is_deleted: String(deleted === "true" && into === undefined),
  };
};

/** The last rows of the leads that some row takes back; the last decides. */
const stageEnds = async (client: PoolClient): Promise<void> => {
  await client.query(
    `create temporary table lead_end on commit drop as
     select distinct on (lead_id) lead_id, line, is_deleted, merged_into from import_row
     where lead_id in (select lead_id from import_row where is_deleted or merged_into is not null)
     order by lead_id, line desc`,
  );
};

/** A lead that others were merged into keeps the earliest arrival, whatever its own row says. */
const keepArrivals = async (client: PoolClient): Promise<void> => {
  await client.query(
    `update import_row r set ${arrival.map((name) => `${name} = l.${name}`).join(", ")}
     from warehouse.lead l
     where l.lead_id = r.lead_id and l.created_at < r.created_at
       and exists (select from warehouse.lead_alias a where a.alias_of = l.lead_id)`,
  );
};

/** The visit that is stored, if any, decides; what was deleted has none any more. */
const hasVisit = `old.deleted_at is null and (old.click_ids <> '{}'
  or num_nonnulls(old.gclid, old.source, old.medium, old.campaign, old.campaign_id, old.referrer_host, old.reported_channel) > 0)`;

const keptFirst: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    Object.keys(visitStaging).map((name) => [
      name,
      `case when ${hasVisit} then old.${name} else excluded.${name} end`,
    ]),
  ),
  created_at: "least(old.created_at, excluded.created_at)",
  lost_at: "case when excluded.lost_at is not null then least(old.lost_at, excluded.lost_at) end",
};

const mergeLeads = (client: PoolClient, from: string, run: MergeRun): Promise<Merged> =>
  mergeRows(client, {
    table: "warehouse.lead",
    key: ["lead_id"],
    columns: {
      ...Object.fromEntries(Object.keys({ ...facts, ...visitStaging, ...raw }).map((name) => [name, name])),
      qualified_at: "first_qualified_at",
      customer_at: "first_customer_at",
      deleted_at: "null::timestamptz",
      withdrawn_at: "case when is_excluded then now() end",
      source_name: sourceColumn(run),
    },
    kept: {
      ...(run.keepFirst === true && run.correct !== true ? keptFirst : {}),
      qualified_at: "least(old.qualified_at, excluded.qualified_at)",
      customer_at: "least(old.customer_at, excluded.customer_at)",
      withdrawn_at:
        "case when excluded.withdrawn_at is not null then coalesce(old.withdrawn_at, excluded.withdrawn_at) end",
    },
    from,
    source: run.source,
  });
