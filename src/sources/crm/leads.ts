import type pg from "pg";
import { addDays, dayAt, endOfDay } from "../../domain/day.ts";
import type { History } from "../../imports/ledger/history.ts";
import { linesOf, type SourceRow } from "../lines.ts";
import type { Pulled, StreamAsk } from "../source.ts";
import { endLeads } from "../vanished.ts";
import { countOutbound } from "./outbound.ts";
import type { CrmPlan } from "./plan.ts";
import { type Crm, pulledOf } from "./pulled.ts";
import { leadColumns, type LeadRow } from "./visit.ts";

/** A record of a CRM, as far as it may be a lead. */
export interface CrmLead {
  readonly id: string;
  /** Its history, the last row as it is now. Empty: it is no lead. */
  readonly rows: readonly LeadRow[];
  /** Whether `where` lets it count. */
  readonly counts: boolean;
  /** It has a value that nobody gave a meaning, and may be a lead by it: it is kept until somebody does. */
  readonly isUnclear?: boolean;
  readonly updatedAt: Date;
  /** Ids that were merged into it. */
  readonly merged: readonly string[];
  /** The id that it was merged into. */
  readonly mergedInto?: string | undefined;
  readonly deleted: boolean;
  readonly isOutbound: boolean;
}

const usualSinceDays = 400;

const knownOf = async (pool: pg.Pool, ids: readonly string[]): Promise<ReadonlySet<string>> => {
  if (ids.length === 0) return new Set();
  const { rows } = await pool.query<{ id: string }>(
    `select lead_id as id from warehouse.lead where lead_id = any ($1)
     union select lead_id from warehouse.lead_alias where lead_id = any ($1)`,
    [ids],
  );
  return new Set(rows.map(({ id }) => id));
};

/**
 * Lands the leads of a CRM, and ends those that a whole read does not show any more.
 * @param keepHistory of what the CRM tells no past, so that another rule cannot read it anew
 * @throws Failure
 */
export const pullLeads = async (
  { settings, context }: Crm,
  ask: StreamAsk,
  plan: CrmPlan,
  pages: AsyncIterable<readonly CrmLead[]>,
  keepHistory: readonly History[] = [],
): Promise<Pulled> => {
  const first = settings.since ?? addDays(dayAt(plan.now, context.timeZone), -usualSinceDays);
  const sinceAt = endOfDay(addDays(first, -1), context.timeZone);
  const prefixed = (id: string) => `${context.idPrefix}${id}`;
  const countsOutbound = settings.outbound?.count === "leads";
  const outbound = countOutbound(context);
  let read = 0;

  const isDoubtful = ({ deleted, rows, isUnclear, updatedAt }: CrmLead): boolean =>
    deleted || rows.length === 0 || isUnclear === true || updatedAt < sinceAt;

  const rowsOf = (lead: CrmLead, isStored: boolean): readonly SourceRow[] => {
    const { id, rows, counts, isUnclear = false, merged, mergedInto, deleted, updatedAt } = lead;
    if (mergedInto !== undefined) return [{ lead_id: id, merged_into: mergedInto }];
    if (deleted) return isStored ? [{ lead_id: id, deleted: "true" }] : [];
    if (updatedAt < sinceAt && !isStored) return [];
    // What was a lead stays one, however little its CRM still tells; only another rule decides anew.
    if (rows.length === 0 || (isUnclear && isStored && !plan.corrects))
      return isStored ? [{ lead_id: id, seen: "true" }] : [];
    if (!counts || isUnclear) return rows.map((row) => ({ ...row, excluded: "true" }));
    if (countsOutbound && lead.isOutbound) outbound.add(rows[0]?.created_at);
    return [...merged.map((other) => ({ lead_id: other, merged_into: id })), ...rows];
  };

  async function* rowPages(): AsyncGenerator<readonly SourceRow[]> {
    for await (const page of pages) {
      read += page.length;
      // Of what is no row by itself, only those matter that the warehouse has.
      const stored = await knownOf(
        context.database.pool,
        page.filter(isDoubtful).map(({ id }) => prefixed(id)),
      );
      yield page.flatMap((lead) => rowsOf(lead, stored.has(prefixed(lead.id))));
    }
  }

  const result = await ask.land({
    kind: "leads",
    bytes: { records: linesOf(leadColumns, rowPages()) },
    keepDeleted: settings.leads.deleted === "keep",
    keepFirst: true,
    ofCrm: true,
    // Another rule decides anew what the stages of before were.
    correct: plan.corrects,
    keepHistory,
    afterMerge: async (client) => ({
      withdrawn: await endLeads(client, {
        source: context.name,
        timeZone: context.timeZone,
        whole: plan.whole,
        accepted: ask.acceptRemovals,
      }),
    }),
  });
  return pulledOf(plan, result, {
    read,
    outbound: plan.whole && countsOutbound ? await outbound.land(ask) : 0,
  });
};
