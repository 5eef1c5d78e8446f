import type { PoolClient } from "pg";
import { keepMaxima } from "./aliases.ts";

/** Parts of what is kept of a lead's life. */
export type History = "stages" | "scores" | "customers";

/**
 * The staged rows with the time that a stage or score without a time of its own gets: of a lead that was known before
 * the time of this import, since a day that is over must not move; of a new one when it came in.
 */
const dated = `
  select coalesce(a.alias_of, r.lead_id) as lead_id, r.stage, r.stage_at, r.raw_stage, r.raw_stage_at, r.score, r.score_at,
    case when l.lead_id is not null then now() else r.created_at end as seen_at
  from import_row r
  left join warehouse.lead_alias a on a.lead_id = r.lead_id
  left join warehouse.lead l on l.lead_id = coalesce(a.alias_of, r.lead_id)
  where not r.is_deleted and r.created_at is not null
    and not exists (select from lead_end e where e.lead_id = r.lead_id and e.is_deleted)`;

/** The first day of each stage, by our word or the origin's. */
const recordFirst = async (client: PoolClient, stage: "stage" | "raw_stage"): Promise<void> => {
  await client.query(
    `insert into warehouse.lead_${stage} as old (lead_id, ${stage}, first_at)
     select lead_id, ${stage}, min(coalesce(${stage}_at, seen_at)) from (${dated}) dated
     where ${stage} is not null group by lead_id, ${stage}
     on conflict (lead_id, ${stage}) do update set first_at = excluded.first_at
     where excluded.first_at < old.first_at`,
  );
};

/** Adds the staged rows to the history of their leads: first days of stages, new maxima of scores. Before the leads themselves. */
export const recordHistory = async (client: PoolClient): Promise<void> => {
  await recordFirst(client, "stage");
  await recordFirst(client, "raw_stage");
  await client.query(
    `insert into warehouse.lead_score as old (lead_id, score, at)
     select lead_id, score, min(at)
     from (select lead_id, score, coalesce(score_at, seen_at) as at from (${dated}) dated where score is not null) s
     where not exists (
       select from warehouse.lead_score b where b.lead_id = s.lead_id and b.at <= s.at and b.score >= s.score)
     group by lead_id, score
     on conflict (lead_id, score) do update set at = excluded.at where excluded.at < old.at`,
  );
  await keepMaxima(
    client,
    "select coalesce(a.alias_of, r.lead_id) from import_row r left join warehouse.lead_alias a using (lead_id) where r.score is not null",
  );
};

/** Forgets the history of the leads of the file, so that its dates stand in the place of earlier ones; `kept` stays. */
export const forgetHistory = async (client: PoolClient, kept: readonly History[] = []): Promise<void> => {
  const named = "lead_id in (select lead_id from import_row where not is_deleted and created_at is not null)";
  if (!kept.includes("stages")) await client.query(`delete from warehouse.lead_stage where ${named}`);
  if (!kept.includes("scores")) await client.query(`delete from warehouse.lead_score where ${named}`);
  const dates = kept.includes("customers") ? ["qualified_at"] : ["qualified_at", "customer_at"];
  await client.query(
    `update warehouse.lead set ${dates.map((name) => `${name} = null`).join(", ")}
     where num_nonnulls(${dates.join(", ")}) > 0 and ${named}`,
  );
};
