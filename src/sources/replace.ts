import type { PoolClient } from "pg";
import { qualified } from "../warehouse/columns.ts";
import { Failure } from "../domain/failure.ts";
import { keyedCosts } from "../imports/kinds/costs.ts";
import { retractConversions, withdrawLeads } from "../imports/ledger/changes.ts";

/** More than so many rows and so large a share of what is known do not go by themselves. */
const mostGone = 100;
const largestShare = 0.05;

/**
 * Stands between a lost permission and a mass deletion, which look the same.
 * @throws Failure `account` where too much of what is known did not come
 */
export const guardRemovals = (
  source: string,
  stream: string,
  { known, gone, accepted }: { readonly known: number; readonly gone: number; readonly accepted: boolean },
): void => {
  const isTooMuch = (gone > mostGone && gone > known * largestShare) || (gone > 0 && gone === known);
  if (!isTooMuch || accepted) return;
  throw new Failure({
    kind: "account",
    code: "vanished",
    message: `source ${source}: ${String(gone)} of ${String(known)} ${stream} that are known did not come; nothing was removed`,
    remedy: `check what the credentials may still see; where they were really removed, costper sync --source ${source} --accept-removals`,
  });
};

interface Relation {
  readonly table: string;
  /** Which of its rows `t` this source brought ($1) and count. */
  readonly ours: string;
  /** A row `t` that did not come. */
  readonly missing: string;
}

const measureKey = ["date", "measure", "platform", "label"];

const relations: Readonly<Record<string, Relation>> = {
  leads: {
    table: "warehouse.lead",
    ours: "t.source_name = $1 and t.withdrawn_at is null",
    missing: `not exists (select from import_row r where r.lead_id = t.lead_id)
      and not exists (select from import_row r join warehouse.lead_alias a using (lead_id) where a.alias_of = t.lead_id)`,
  },
  conversions: {
    table: "warehouse.first_party_conversion",
    ours: "t.source_name = $1 and t.retracted_at is null",
    missing: "not exists (select from import_row r where r.conversion_id = t.conversion_id)",
  },
  costs: {
    table: "warehouse.cost",
    ours: "t.import_source = $1",
    missing: `not exists (select from ${keyedCosts} keyed where keyed.cost_key = t.cost_key)`,
  },
  measures: {
    table: "warehouse.measure_daily",
    ours: "t.import_source = $1",
    missing: `not exists (select from import_row r where (${qualified("r", measureKey)}) = (${qualified("t", measureKey)}))`,
  },
};

/**
 * Takes out what this source brought earlier and does not bring any more. Runs after the merge, in its transaction.
 * @returns the number of rows that went
 */
export const replaceRows = async (
  client: PoolClient,
  options: { readonly source: string; readonly kind: string; readonly accepted: boolean },
): Promise<number> => {
  const { source, kind, accepted } = options;
  const relation = relations[kind];
  if (relation === undefined) throw new RangeError(`rows of ${kind} cannot be replaced`);
  const { table, ours, missing } = relation;
  const { rows } = await client.query<{ known: string; gone: string }>(
    `select (select count(*) from ${table} t where ${ours}) as known,
       (select count(*) from ${table} t where ${ours} and ${missing}) as gone`,
    [source],
  );
  const [{ known, gone } = { known: "0", gone: "0" }] = rows;
  guardRemovals(source, kind, { known: Number(known), gone: Number(gone), accepted });
  if (gone === "0") return 0;
  if (kind === "leads")
    return withdrawLeads(client, {
      source,
      kind: "withdrawn",
      where: `l.lead_id in (select t.lead_id from ${table} t where ${ours} and ${missing})`,
      parameters: [source],
    });
  if (kind === "conversions")
    return retractConversions(client, {
      source,
      kind: "withdrawn",
      where: `c.conversion_id in (select t.conversion_id from ${table} t where ${ours} and ${missing})`,
    });
  const { rowCount } = await client.query(`delete from ${table} t where ${ours} and ${missing}`, [source]);
  return rowCount ?? 0;
};
