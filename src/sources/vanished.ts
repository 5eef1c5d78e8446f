import type { PoolClient } from "pg";
import { retractConversions } from "../imports/ledger/changes.ts";
import { eraseLeads } from "../imports/ledger/erase.ts";
import { guardRemovals } from "./replace.ts";

/** A lead that was deleted at its origin so long ago is made anonymous. */
const erasedAfter = "30 days";

export interface CrmRun {
  readonly source: string;
  readonly timeZone: string;
  /** Whether every record was read: only then is what did not come gone. */
  readonly whole: boolean;
  readonly accepted: boolean;
}

const ours = "l.source_name = $1 and l.lead_id !~ '^erased:'";

// Conditions of the statement's own, so that each is a join: as a filter of an aggregate each would be looked up row by row.
const missing = `not exists (select from import_row r where r.lead_id = l.lead_id)
  and not exists (select from import_row r join warehouse.lead_alias a using (lead_id) where a.alias_of = l.lead_id)`;

/** Leads that a whole read does not show any more become anonymous. */
const eraseVanished = async (client: PoolClient, run: CrmRun): Promise<number> => {
  const { source, timeZone, accepted } = run;
  await client.query(
    `create temporary table vanished_lead on commit drop as
     select l.lead_id, l.deleted_at is null as counts from warehouse.lead l where ${ours} and ${missing}`,
    [source],
  );
  const { rows } = await client.query<{ known: string; gone: string }>(
    `select (select count(*) from warehouse.lead l where ${ours} and l.deleted_at is null) as known,
       (select count(*) from vanished_lead where counts) as gone`,
    [source],
  );
  const [{ known, gone } = { known: "0", gone: "0" }] = rows;
  guardRemovals(source, "leads", { known: Number(known), gone: Number(gone), accepted });
  return eraseLeads(client, { where: "l.lead_id in (select lead_id from vanished_lead)", timeZone });
};

/**
 * What a CRM's whole read shows to be gone, and what was deleted long ago, becomes anonymous. Runs after the merge, in
 * its transaction. @throws Failure `account` where too much vanished
 */
export const endLeads = async (client: PoolClient, run: CrmRun): Promise<number> => {
  const { source, timeZone, whole } = run;
  const vanished = whole ? await eraseVanished(client, run) : 0;
  const deleted = await eraseLeads(client, {
    where: `${ours} and l.deleted_at < now() - interval '${erasedAfter}'`,
    parameters: [source],
    timeZone,
  });
  return vanished + deleted;
};

/** Won deals that a whole read does not show any more are taken back. @throws Failure `account` as `endLeads` */
export const endDeals = async (
  client: PoolClient,
  { source, accepted }: { readonly source: string; readonly accepted: boolean },
): Promise<number> => {
  const known = "c.source_name = $1 and c.retracted_at is null and c.conversion_id !~ '^erased:'";
  const vanished = `${known} and not exists (select from import_row r where r.conversion_id = c.conversion_id)`;
  const { rows } = await client.query<{ known: string; gone: string }>(
    `select (select count(*) from warehouse.first_party_conversion c where ${known}) as known,
       (select count(*) from warehouse.first_party_conversion c where ${vanished}) as gone`,
    [source],
  );
  const [counted = { known: "0", gone: "0" }] = rows;
  guardRemovals(source, "won deals", { known: Number(counted.known), gone: Number(counted.gone), accepted });
  return retractConversions(client, { source, kind: "retracted", where: vanished });
};
