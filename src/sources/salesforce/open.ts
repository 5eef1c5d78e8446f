import { bookCustomers } from "../crm/customers.ts";
import { type CrmDeal, pullDeals } from "../crm/deals.ts";
import { type CrmLead, pullLeads } from "../crm/leads.ts";
import { type CrmPlan, planOf } from "../crm/plan.ts";
import type { OpenSource, Pulled, SourceContext, SourceFinding, StreamAsk } from "../source.ts";
import { createSalesforceClient, type SalesforceClient } from "./client.ts";
import { leadQueryFields, leadReader, wantedLeadFields } from "./leads.ts";
import {
  dealsOf,
  opportunityQueryFields,
  type OpportunitySettings,
  wantedOpportunityFields,
} from "./opportunities.ts";
import { describeObject, orgOf, requireSeen } from "./org.ts";
import { statusChanges, storedLeads, tracksStatus } from "./past.ts";
import { changedRecords, deletedIds, type SalesforceRecord } from "./query.ts";
import type { SalesforceSettings } from "./type.ts";

interface Opened {
  readonly settings: SalesforceSettings;
  readonly context: SourceContext;
  readonly client: SalesforceClient;
}

type Fields = readonly (readonly [name: string, setting: string])[];

/** What is to be read, with the ids of what was deleted since: a log that does not reach back asks for everything. */
const planned = async (
  { context, client }: Opened,
  ask: StreamAsk,
  object: "Lead" | "Opportunity",
  rule: string,
): Promise<{ readonly plan: CrmPlan; readonly gone: readonly string[] }> => {
  const now = context.now();
  const plan = planOf(ask, { rule, now, timeZone: context.timeZone });
  if (plan.whole) return { plan, gone: [] };
  const gone = await deletedIds(client, { object, fields: [], now, ...plan.window, signal: ask.signal });
  return gone === undefined ? { plan: { ...plan, whole: true }, gone: [] } : { plan, gone };
};

/** Everything, or what changed; a whole read has no end, since what it lacks is taken for gone. */
const records = (
  { client }: Opened,
  object: "Lead" | "Opportunity",
  fields: readonly string[],
  { whole, window, now }: CrmPlan,
  signal: AbortSignal,
): AsyncGenerator<readonly SalesforceRecord[]> =>
  changedRecords(client, { object, fields, ...(whole ? {} : window), now, signal });

const wantedOfLead = ({ leads, outbound }: SalesforceSettings): Fields => [
  ...wantedLeadFields(leads),
  ...(outbound?.count === "leads" ? [[outbound.field, "outbound.field"] as const] : []),
];

const pullSalesforceLeads = async (opened: Opened, ask: StreamAsk): Promise<Pulled> => {
  const { settings, context, client } = opened;
  const { signal, memory } = ask;
  const wanted = wantedOfLead(settings);
  const seen = await describeObject(client, "Lead", signal);
  requireSeen(seen, wanted, context.name);
  const { stages, disqualified, score, visit, where, channels } = settings.leads;
  const state = { meaning: JSON.stringify([stages, disqualified]), score: score?.field ?? null };
  const rule = JSON.stringify([state, visit, where, channels]);
  const { plan, gone } = await planned(opened, ask, "Lead", rule);
  const isTracked = await tracksStatus(client, signal);
  const reader = leadReader({
    settings: settings.leads,
    seen,
    isTracked,
    corrects: plan.corrects,
    now: plan.now,
    timeZone: context.timeZone,
    unmapped: ask.unmapped,
  });
  const outbound = settings.outbound?.count === "leads" ? settings.outbound : undefined;
  const deletedLead = (id: string, mergedInto?: string): CrmLead => ({
    id,
    rows: [],
    counts: true,
    updatedAt: plan.now,
    merged: [],
    mergedInto,
    deleted: true,
    isOutbound: false,
  });

  async function* pages(): AsyncGenerator<readonly CrmLead[]> {
    // First, so that what was restored or merged since is said after it.
    yield gone.map((id) => deletedLead(id));
    for await (const page of records(opened, "Lead", leadQueryFields(wanted, seen), plan, signal)) {
      const alive = page.filter(({ IsDeleted }) => IsDeleted !== "true");
      const changes = isTracked ? await statusChanges(client, alive, signal) : undefined;
      const stored = await storedLeads(
        context.database.pool,
        alive
          .filter(({ ConvertedDate }) => !isTracked || ConvertedDate === undefined)
          .map(({ Id = "" }) => `${context.idPrefix}${Id}`),
      );
      yield page.map((lead): CrmLead => {
        const { Id: id = "", MasterRecordId, SystemModstamp = "", IsDeleted } = lead;
        if (IsDeleted === "true") return deletedLead(id, MasterRecordId);
        return {
          id,
          rows: reader.rows({
            lead,
            changes: changes?.get(id) ?? [],
            stored: stored.get(`${context.idPrefix}${id}`),
          }),
          counts: reader.counts(lead),
          updatedAt: new Date(SystemModstamp),
          merged: [],
          deleted: false,
          isOutbound: outbound?.in.includes(lead[seen.named(outbound.field) ?? ""] ?? "") === true,
        };
      });
    }
  }
  return pullLeads(opened, ask, { ...plan, state }, pages(), [
    "customers",
    // Of a Status and a score Salesforce tells no past, or not all of it.
    ...(memory.state["meaning"] === state.meaning ? (["stages"] as const) : []),
    ...(memory.state["score"] === state.score ? (["scores"] as const) : []),
  ]);
};

const pullOpportunities = async (
  opened: Opened,
  deals: OpportunitySettings,
  ask: StreamAsk,
): Promise<Pulled> => {
  const { settings, context, client } = opened;
  const { signal } = ask;
  const wanted = wantedOpportunityFields(deals, settings.outbound);
  const seen = await describeObject(client, "Opportunity", signal);
  requireSeen(seen, wanted, context.name);
  const rule = JSON.stringify([deals.name, deals.pipelines, deals.orderId, deals.where, deals.currency]);
  const { plan, gone } = await planned(opened, ask, "Opportunity", rule);
  async function* pages(): AsyncGenerator<readonly CrmDeal[]> {
    yield gone.map((id) => ({ id, won: null, leads: [], isOutbound: false }));
    for await (const page of records(
      opened,
      "Opportunity",
      opportunityQueryFields(wanted, seen),
      plan,
      signal,
    ))
      yield await dealsOf(page, {
        client,
        settings: deals,
        outbound: settings.outbound,
        seen,
        timeZone: context.timeZone,
        signal,
      });
  }
  return pullDeals(opened, ask, plan, {
    name: deals.name,
    pages: pages(),
    afterMerge: (connection) => bookCustomers(connection, context.name),
  });
};

async function* check(
  { settings, context, client }: Opened,
  signal: AbortSignal,
): AsyncGenerator<SourceFinding> {
  const { id, timeZone } = await orgOf(client, signal);
  const lead = await describeObject(client, "Lead", signal);
  requireSeen(lead, wantedOfLead(settings), context.name);
  const { conversions, outbound } = settings;
  let currency = "";
  if (conversions !== false) {
    const opportunity = await describeObject(client, "Opportunity", signal);
    requireSeen(opportunity, wantedOpportunityFields(conversions, outbound), context.name);
    currency =
      opportunity.named("CurrencyIsoCode") === undefined
        ? `, ${conversions.currency ?? "no currency of its own: conversions.currency or reportingCurrency says it"}`
        : ", several currencies";
  }
  const usage = client.usage();
  yield {
    outcome: "ok",
    message: `the app is let in; org ${id}, ${timeZone ?? "unknown zone"}${currency}${usage === undefined ? "" : `; ${String(usage.used)} of ${String(usage.most)} calls of the day are used`}`,
  };
  const isTracked = await tracksStatus(client, signal);
  if (!isTracked)
    yield {
      outcome: "warning",
      message: "the org keeps no history of a lead's Status: a stage counts from the pull that sees it first",
      remedy: "turn on field history tracking of Status for leads (Setup, Object Manager, Lead)",
    };
  const unknown = leadReader({
    settings: settings.leads,
    seen: lead,
    isTracked,
    corrects: false,
    now: context.now(),
    timeZone: context.timeZone,
    unmapped: () => undefined,
  }).unknown();
  if (unknown.length > 0)
    yield {
      outcome: "warning",
      message: `leads have values of Status without a meaning: ${unknown.join(", ")}`,
      remedy: `name them under sources.${context.name}.leads.stages, or under disqualified`,
    };
}

const open: OpenSource<SalesforceSettings> = (settings, context) => {
  const opened: Opened = { settings, context, client: createSalesforceClient(settings, context) };
  const { conversions } = settings;
  return {
    streams: [
      { name: "leads", pull: (ask) => pullSalesforceLeads(opened, ask) },
      ...(conversions === false
        ? []
        : [
            {
              name: "opportunities",
              pull: (ask: StreamAsk) => pullOpportunities(opened, conversions, ask),
            },
          ]),
    ],
    check: (signal) => check(opened, signal),
    close: async () => undefined,
  };
};

export default open;
