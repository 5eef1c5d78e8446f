import type pg from "pg";
import { Failure } from "../../domain/failure.ts";
import type { LeadStage } from "../../metrics/first-party/stages.ts";
import type { SalesforceClient } from "./client.ts";
import { type StoredLead, utc } from "./leads.ts";
import { recordsOf, type SalesforceRecord } from "./query.ts";
import * as z from "zod";

const anyShape = z.object({ records: z.array(z.unknown()) });

/** Whether the org keeps the history of a lead's Status: an administrator turns it on, field by field. */
export const tracksStatus = async (client: SalesforceClient, signal: AbortSignal): Promise<boolean> => {
  const soql = "SELECT Id FROM LeadHistory WHERE Field = 'Status' LIMIT 1";
  try {
    const { records } = await client.get(
      `/query?${new URLSearchParams({ q: soql }).toString()}`,
      anyShape,
      signal,
    );
    return records.length > 0;
  } catch (error) {
    // Without any history the object is not there.
    if (error instanceof Failure && error.kind === "account" && error.code === "INVALID_TYPE") return false;
    throw error;
  }
};

/** Changes of the Status of leads, oldest first; 18 months are kept ("LeadHistory"). */
export const statusChanges = (
  client: SalesforceClient,
  leads: readonly SalesforceRecord[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly SalesforceRecord[]>> =>
  recordsOf(client, {
    object: "LeadHistory",
    fields: ["LeadId", "OldValue", "NewValue", "CreatedDate"],
    where: "Field = 'Status'",
    by: "LeadId",
    ids: leads.map(({ Id = "" }) => Id),
    orderBy: "CreatedDate, Id",
    signal,
  });

/** What the warehouse has of leads, by their ids with the prefix. */
export const storedLeads = async (
  pool: pg.Pool,
  ids: readonly string[],
): Promise<ReadonlyMap<string, StoredLead>> => {
  if (ids.length === 0) return new Map();
  const { rows } = await pool.query<{
    id: string;
    stageAt: Date | null;
    lostAt: Date | null;
    stages: Partial<Record<LeadStage, string>> | null;
  }>(
    `select l.lead_id as id, l.stage_at as "stageAt", l.lost_at as "lostAt",
       (select jsonb_object_agg(s.stage, s.first_at) from warehouse.lead_stage s where s.lead_id = l.lead_id) as stages
     from warehouse.lead l where l.lead_id = any ($1)`,
    [ids],
  );
  return new Map(
    rows.map(({ id, stageAt, lostAt, stages }) => [
      id,
      {
        stages: Object.fromEntries(Object.entries(stages ?? {}).map(([stage, at]) => [stage, utc(at)])),
        stageAt: stageAt?.toISOString(),
        lostAt: lostAt?.toISOString(),
      },
    ]),
  );
};
