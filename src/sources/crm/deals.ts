import type { PoolClient } from "pg";
import { linesOf } from "../lines.ts";
import type { Pulled, SourceContext, StreamAsk } from "../source.ts";
import { endDeals } from "../vanished.ts";
import { countOutbound } from "./outbound.ts";
import type { CrmPlan } from "./plan.ts";
import { type Crm, pulledOf } from "./pulled.ts";

const dealColumns = [
  "conversion_id",
  "conversion_name",
  "converted_at",
  "value",
  "currency",
  "order_id",
  "lead_id",
  "deleted",
] as const;

export type DealRow = Partial<Record<(typeof dealColumns)[number], string>>;

/** A deal of a CRM as the books have it now. */
export interface CrmDeal {
  readonly id: string;
  /** Null: not won, or not any more, or not asked for. */
  readonly won: {
    readonly at: string | undefined;
    readonly amount: string | undefined;
    readonly currency: string | undefined;
    readonly order: string | undefined;
  } | null;
  /** Ids of the leads that it may belong to. */
  readonly leads: readonly string[];
  readonly isOutbound: boolean;
}

/** Of each deal's leads the earliest, as the warehouse has it. */
const leadsOf = async (
  { database, idPrefix }: SourceContext,
  deals: readonly CrmDeal[],
): Promise<ReadonlyMap<string, string>> => {
  const pairs = deals.flatMap(({ id, leads }) =>
    leads.map((lead) => ({ deal: id, lead: `${idPrefix}${lead}` })),
  );
  if (pairs.length === 0) return new Map();
  const { rows } = await database.pool.query<{ deal: string; lead: string }>(
    `select distinct on (p.deal) p.deal, l.lead_id as lead
     from unnest($1::text[], $2::text[]) as p (deal, lead)
     left join warehouse.lead_alias a on a.lead_id = p.lead
     join warehouse.lead l on l.lead_id = coalesce(a.alias_of, p.lead)
     order by p.deal, l.created_at, l.lead_id`,
    [pairs.map(({ deal }) => deal), pairs.map(({ lead }) => lead)],
  );
  return new Map(rows.map(({ deal, lead }) => [deal, lead.slice(idPrefix.length)]));
};

const rowOf = ({ id, won }: CrmDeal, name: string, lead: string | undefined): DealRow => {
  const conversion_id = `deal:${id}`;
  if (won === null) return { conversion_id, deleted: "true" };
  const { at, amount, currency, order } = won;
  return {
    conversion_id,
    conversion_name: name,
    ...(at === undefined ? {} : { converted_at: at }),
    ...(amount === undefined ? {} : { value: amount, ...(currency === undefined ? {} : { currency }) }),
    ...(order === undefined ? {} : { order_id: order }),
    ...(lead === undefined ? {} : { lead_id: lead }),
  };
};

/** Lands the won deals of a CRM, and takes back those that are not won any more. @throws Failure */
export const pullDeals = async (
  { settings, context }: Crm,
  ask: StreamAsk,
  plan: CrmPlan,
  deals: {
    readonly name: string;
    readonly pages: AsyncIterable<readonly CrmDeal[]>;
    /** Done with what stands then, in the same transaction. @returns rows written */
    readonly afterMerge?: (client: PoolClient) => Promise<number>;
  },
): Promise<Pulled> => {
  const countsOutbound = settings.outbound?.count === "deals";
  const outbound = countOutbound(context);
  let read = 0;
  async function* rowPages(): AsyncGenerator<readonly DealRow[]> {
    for await (const page of deals.pages) {
      read += page.length;
      const leads = await leadsOf(context, page);
      for (const { won, isOutbound } of page)
        if (countsOutbound && isOutbound && won !== null) outbound.add(won.at);
      yield page.map((deal) => rowOf(deal, deals.name, leads.get(deal.id)));
    }
  }
  const result = await ask.land({
    kind: "conversions",
    bytes: { records: linesOf(dealColumns, rowPages()) },
    afterMerge: async (client) => {
      const ended = plan.whole
        ? await endDeals(client, { source: context.name, accepted: ask.acceptRemovals })
        : 0;
      return { withdrawn: ended + ((await deals.afterMerge?.(client)) ?? 0) };
    },
  });
  return pulledOf(plan, result, {
    read,
    outbound: plan.whole && countsOutbound ? await outbound.land(ask) : 0,
  });
};
