import type { PoolClient } from "pg";
import { retractConversions, withdrawLeads } from "../imports/ledger/changes.ts";
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
  /** Ids with their prefix of records that came, and are no row: they are not gone. */
  readonly spared: readonly string[];
  /** Ids with their prefix of records that do not count any more by the config's own conditions. */
  readonly excluded: readonly string[];
}

const ours = "l.source_name = $1 and l.lead_id !~ '^erased:'";
const missing = `not exists (select from import_row r where r.lead_id = l.lead_id)
  and not exists (select from import_row r join warehouse.lead_alias a using (lead_id) where a.alias_of = l.lead_id)
  and l.lead_id <> all ($2)`;

/**
 * What a CRM's whole read shows to be gone, and what was deleted long ago, becomes anonymous. Runs after the merge, in
 * its transaction. @throws Failure `account` where too much vanished
 */
export const endLeads = async (client: PoolClient, run: CrmRun): Promise<number> => {
  const { source, timeZone, whole, accepted, spared, excluded } = run;
  let gone = 0;
  // What was just loaded has no statistics yet: the planner would go through it row by row.
  if (whole) await client.query("set local enable_nestloop = off");
  if (whole) {
    const parameters = [source, [...spared, ...excluded]];
    const { rows } = await client.query<{ known: string; gone: string }>(
      `select count(*) as known, count(*) filter (where ${missing}) as gone from warehouse.lead l
       where ${ours} and l.deleted_at is null`,
      parameters,
    );
    const [counted = { known: "0", gone: "0" }] = rows;
    guardRemovals(source, "leads", { known: Number(counted.known), gone: Number(counted.gone), accepted });
    gone += await eraseLeads(client, { where: `${ours} and ${missing}`, parameters, timeZone });
  }
  gone += await eraseLeads(client, {
    where: `${ours} and l.deleted_at < now() - interval '${erasedAfter}'`,
    parameters: [source],
    timeZone,
  });
  if (excluded.length > 0)
    gone += await withdrawLeads(client, {
      source,
      kind: "withdrawn",
      where: `${ours} and l.lead_id = any ($2)`,
      parameters: [source, excluded],
    });
  return gone;
};

/** Won deals that a whole read does not show any more are taken back. @throws Failure `account` as `endLeads` */
export const endDeals = async (
  client: PoolClient,
  { source, accepted }: { readonly source: string; readonly accepted: boolean },
): Promise<number> => {
  await client.query("set local enable_nestloop = off");
  const lacking = "not exists (select from import_row r where r.conversion_id = c.conversion_id)";
  const counted = "c.retracted_at is null and c.conversion_id !~ '^erased:'";
  const { rows } = await client.query<{ known: string; gone: string }>(
    `select count(*) as known, count(*) filter (where ${lacking}) as gone from warehouse.first_party_conversion c
     where c.source_name = $1 and ${counted}`,
    [source],
  );
  const [{ known, gone } = { known: "0", gone: "0" }] = rows;
  guardRemovals(source, "won deals", { known: Number(known), gone: Number(gone), accepted });
  return retractConversions(client, {
    source,
    kind: "retracted",
    where: `c.source_name = $1 and ${counted} and ${lacking}`,
  });
};
