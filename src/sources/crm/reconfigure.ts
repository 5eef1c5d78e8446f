import type { PoolClient } from "pg";
import * as z from "zod";
import { noteRule } from "../../imports/ledger/changes.ts";
import { type LeadStage, leadStages } from "../../metrics/first-party/stages.ts";
import { inTransaction } from "../../warehouse/transaction.ts";
import { holdSource } from "../hold.ts";
import type { SourceContext, StreamMemory } from "../source.ts";
import type { Conditions } from "./settings.ts";

const shape = z.object({
  stages: z.record(z.string(), z.enum(leadStages)),
  from: z.enum(leadStages).array(),
  where: z.array(
    z.object({
      field: z.string(),
      in: z.array(z.string()).optional(),
      notIn: z.array(z.string()).optional(),
    }),
  ),
});

/** What a CRM's own values mean, as far as it can be decided anew from what is stored. */
export interface Meaning {
  /** Stages by the CRM's own values. */
  readonly stages: Readonly<Record<string, LeadStage>>;
  /** Whoever reached one of them is a lead. */
  readonly from: readonly LeadStage[];
  readonly where: Conditions;
}

/** What a CRM's stream remembers of the settings by which it read. */
export interface Rule {
  readonly meaning: Meaning;
  /** Settings of which another one can only be read anew. */
  readonly fixed: string;
  /** Fields of `where` with values that may not be stored. */
  readonly hidden: readonly string[];
}

const values = ({ meaning: { stages } }: Rule): readonly string[] => Object.keys(stages);

/**
 * Whether all that the new rule asks of is stored: nobody who was no lead, for a value that meant something else, becomes
 * one, and the conditions are on fields that are kept.
 */
const isStored = (before: Rule, after: Rule): boolean => {
  const { stages, from, where } = before.meaning;
  const raised = values(after).some((value) => {
    const [old, now] = [stages[value], after.meaning.stages[value]];
    return old !== undefined && !from.includes(old) && now !== undefined && from.includes(now);
  });
  const known = new Set(where.map(({ field }) => field));
  const fields = after.meaning.where.map(({ field }) => field);
  return !raised && fields.every((field) => known.has(field) && !before.hidden.includes(field));
};

/** Fields of `where` that a stream has met with values that may not be stored. */
export const hiddenFields = ({ state }: StreamMemory): readonly string[] =>
  z.array(z.string()).catch([]).parse(state["hidden"]);

/** The rule that a stream was read by; undefined where it is not known. */
const remembered = (memory: StreamMemory): Rule | undefined => {
  const { state } = memory;
  const meaning = shape.safeParse(state["meaning"]).data;
  const fixed = state["fixed"];
  if (meaning === undefined || typeof fixed !== "string") return undefined;
  return { meaning, fixed, hidden: hiddenFields(memory) };
};

// $1 source, $2 values, $3 and $4 their stages before and after.
const meanings = `unnest($2::text[], $3::text[], $4::text[]) as m (raw_stage, old_stage, new_stage)`;
const ours = "l.source_name = $1 and l.lead_id !~ '^erased:' and l.deleted_at is null";

/** Gives the stages of stored leads their new meaning. A stage that something else told stays. */
const remap = async (client: PoolClient, source: string, before: Rule, after: Rule): Promise<void> => {
  const changed = [...new Set([...values(before), ...values(after)])].filter(
    (value) => before.meaning.stages[value] !== after.meaning.stages[value],
  );
  if (changed.length === 0) return;
  const olds = changed.map((value) => before.meaning.stages[value] ?? null);
  const news = changed.map((value) => after.meaning.stages[value] ?? null);
  await client.query(
    `create temporary table remapped on commit drop as
     select distinct r.lead_id from warehouse.lead_raw_stage r join warehouse.lead l using (lead_id)
     where ${ours} and r.raw_stage = any ($2)`,
    [source, changed],
  );
  await client.query("analyze remapped");
  await client.query(
    `delete from warehouse.lead_stage s using warehouse.lead_raw_stage r, remapped x, ${meanings}
     where x.lead_id = s.lead_id and r.lead_id = s.lead_id and r.raw_stage = m.raw_stage
       and s.stage = m.old_stage and s.first_at = r.first_at and $1::text is not null`,
    [source, changed, olds, news],
  );
  const all = values(after);
  const stages = all.map((value) => after.meaning.stages[value] ?? null);
  await client.query(
    `insert into warehouse.lead_stage as old (lead_id, stage, first_at)
     select r.lead_id, m.stage, min(r.first_at)
     from warehouse.lead_raw_stage r join remapped using (lead_id)
     join unnest($1::text[], $2::text[]) as m (raw_stage, stage) using (raw_stage)
     group by 1, 2
     on conflict (lead_id, stage) do update set first_at = excluded.first_at where excluded.first_at < old.first_at`,
    [all, stages],
  );
  await client.query(
    `with fresh as (
       select l.lead_id, m.stage,
         (select s.first_at from warehouse.lead_stage s where s.lead_id = l.lead_id and s.stage = m.stage) as stage_at,
         (select min(s.first_at) from warehouse.lead_stage s where s.lead_id = l.lead_id and s.stage = any ($3)) as lead_at
       from remapped join warehouse.lead l using (lead_id)
       left join unnest($1::text[], $2::text[]) as m (raw_stage, stage) on m.raw_stage = l.raw_stage
     )
     update warehouse.lead l set stage = f.stage, stage_at = f.stage_at,
       created_at = coalesce(f.lead_at, l.created_at), imported_at = now()
     from fresh f where f.lead_id = l.lead_id
       and (l.stage, l.stage_at, l.created_at) is distinct from (f.stage, f.stage_at, coalesce(f.lead_at, l.created_at))`,
    [all, stages, after.meaning.from],
  );
  await client.query("drop table remapped");
};

/** Lets stored leads count, or not, by what they reached and by the conditions. */
const recount = async (client: PoolClient, source: string, { meaning }: Rule): Promise<void> => {
  const parameters: unknown[] = [source, meaning.from];
  const place = (value: unknown): string => `$${String(parameters.push(value))}`;
  const conditions = meaning.where.map(({ field, in: allowed, notIn }) => {
    const value = `coalesce(l.raw_fields ->> ${place(field)}, '')`;
    return allowed === undefined
      ? `${value} <> all (${place(notIn ?? [])})`
      : `${value} = any (${place(allowed)})`;
  });
  const counts = [
    "exists (select from warehouse.lead_stage s where s.lead_id = l.lead_id and s.stage = any ($2))",
    ...conditions,
  ].join(" and ");
  await client.query(
    `create temporary table recounted on commit drop as
     select l.lead_id, l.date, l.qualified_date, l.customer_date, l.withdrawn_at is not null as counts
     from warehouse.lead l where ${ours} and (${counts}) is distinct from (l.withdrawn_at is null)`,
    parameters,
  );
  await client.query(
    `update warehouse.lead l set withdrawn_at = case when r.counts then null else now() end, imported_at = now()
     from recounted r where r.lead_id = l.lead_id`,
  );
  const signed = (date: string): string =>
    `sum(case when counts then 1 else -1 end) filter (where ${date} is not null)`;
  await noteRule(
    client,
    source,
    `select ${signed("date")} as leads, ${signed("qualified_date")} as qualified, ${signed("customer_date")} as customers from recounted`,
  );
  await client.query("drop table recounted");
};

/**
 * Where only the meaning of stored values changed, gives it to what is stored: nothing is fetched for it, and the next
 * rollup books every day anew.
 * @returns what the stream remembers from now on
 */
export const reconfigured = async (
  { database, name }: SourceContext,
  memory: StreamMemory,
  rule: string,
  after: Rule,
  signal: AbortSignal,
): Promise<StreamMemory> => {
  const before = remembered(memory);
  if (before === undefined || memory.state["rule"] === rule) return memory;
  if (before.fixed !== after.fixed || !isStored(before, after)) return memory;
  await inTransaction(
    database.pool,
    async (client) => {
      await holdSource(client, name);
      await remap(client, name, before, after);
      await recount(client, name, after);
    },
    signal,
  );
  return { ...memory, state: { ...memory.state, rule } };
};
