import type { OpenSource, Pulled, SourceContext, SourceFinding, StreamAsk } from "../source.ts";
import { type CrmDeal, pullDeals } from "../crm/deals.ts";
import { type CrmLead, pullLeads } from "../crm/leads.ts";
import { type CrmPlan, planOf } from "../crm/plan.ts";
import { hiddenFields, reconfigured } from "../crm/reconfigure.ts";
import { createHubspotClient, type HubspotClient } from "./client.ts";
import { contactProperties, contactReader } from "./contacts.ts";
import { dealOf, dealProperties, type DealSettings } from "./deals.ts";
import {
  type Portal,
  portalOf,
  propertyNames,
  requireProperties,
  stageLabels,
  usageOf,
  wonStages,
} from "./portal.ts";
import { changedRecords, type HubspotRecord, listRecords, type RecordQuery } from "./records.ts";
import type { HubspotSettings } from "./type.ts";

interface Opened {
  readonly settings: HubspotSettings;
  readonly context: SourceContext;
  readonly client: HubspotClient;
}

/** Every record that is to be read, the archived ones last: what was deleted is in no search. */
async function* records(
  client: HubspotClient,
  query: RecordQuery,
  { whole, window }: CrmPlan,
): AsyncGenerator<readonly HubspotRecord[]> {
  yield* whole ? listRecords(client, query, false) : changedRecords(client, query, window);
  for await (const page of listRecords(client, query, true))
    yield page.map((record) => ({ ...record, archived: true }));
}

const outboundOfLeads = ({ outbound }: HubspotSettings): readonly (readonly [string, string])[] =>
  outbound?.count === "leads" ? [[outbound.field, "outbound.field"]] : [];

const isOutbound = ({ outbound }: HubspotSettings, { properties }: HubspotRecord): boolean =>
  outbound !== undefined && outbound.in.includes(properties[outbound.field] ?? "");

const contactsToLeads = async (opened: Opened, ask: StreamAsk): Promise<Pulled> => {
  const { settings, context, client } = opened;
  const { signal } = ask;
  const { required, optional, histories } = contactProperties(settings.leads);
  const outboundField = outboundOfLeads(settings);
  const known = await propertyNames(client, settings, "contacts", signal);
  requireProperties(known, "contacts", [...required, ...outboundField], context.name);
  const hidden = new Set(hiddenFields(ask.memory));
  const reader = contactReader({
    settings: settings.leads,
    labels: await stageLabels(client, settings, signal),
    unmapped: ask.unmapped,
    hide: (field) => {
      hidden.add(field);
      ask.redact(field);
    },
  });
  const { from, score, visit, where, disqualified, emailHash } = settings.leads;
  const fixed = JSON.stringify([from, score, visit, disqualified, emailHash]);
  const { meaning } = reader;
  const rule = JSON.stringify([fixed, meaning.stages, where]);
  const memory = await reconfigured(context, ask.memory, rule, { meaning, fixed, hidden: [] }, signal);
  const plan = planOf({ ...ask, memory }, { rule, now: context.now(), timeZone: context.timeZone });
  const query: RecordQuery = {
    object: "contacts",
    apiVersion: settings.apiVersion,
    properties: [
      ...new Set([
        ...required.map(([name]) => name),
        ...outboundField.map(([name]) => name),
        ...optional.filter((name) => known.has(name)),
      ]),
    ],
    histories: histories.filter((name) => known.has(name)),
    signal,
  };
  async function* pages(): AsyncGenerator<readonly CrmLead[]> {
    for await (const page of records(client, query, plan))
      yield page.map((contact) => ({
        id: contact.id,
        rows: contact.archived ? [] : reader.rows(contact),
        counts: contact.archived || reader.counts(contact),
        isUnclear: !contact.archived && reader.isUnclear(contact),
        updatedAt: new Date(contact.updatedAt),
        merged: reader.merged(contact),
        deleted: contact.archived,
        isOutbound: isOutbound(settings, contact),
      }));
  }
  const pulled = await pullLeads(opened, ask, plan, pages());
  return { ...pulled, state: { ...pulled.state, meaning, fixed, hidden: [...hidden] } };
};

const dealsToConversions = async (opened: Opened, deals: DealSettings, ask: StreamAsk): Promise<Pulled> => {
  const { settings, context, client } = opened;
  const { signal } = ask;
  const { required, optional, histories } = dealProperties(deals, settings.outbound);
  const known = await propertyNames(client, settings, "deals", signal);
  requireProperties(known, "deals", required, context.name);
  const rule = JSON.stringify([deals.name, deals.pipelines, deals.orderId]);
  const plan = planOf(ask, { rule, now: context.now(), timeZone: context.timeZone });
  const won = await wonStages(client, settings, signal);
  const { companyCurrency } = await portalOf(client, settings, signal);
  const query: RecordQuery = {
    object: "deals",
    apiVersion: settings.apiVersion,
    properties: [...required.map(([name]) => name), ...optional.filter((name) => known.has(name))],
    histories,
    signal,
  };
  async function* pages(): AsyncGenerator<readonly CrmDeal[]> {
    for await (const page of records(client, query, plan))
      yield page.map((deal) => ({
        ...dealOf(deal, { settings: deals, won, companyCurrency: companyCurrency ?? undefined }),
        isOutbound: isOutbound(settings, deal),
      }));
  }
  return pullDeals(opened, ask, plan, { name: deals.name, pages: pages() });
};

async function* check(
  { settings, context, client }: Opened,
  signal: AbortSignal,
): AsyncGenerator<SourceFinding> {
  const portal: Portal = await portalOf(client, settings, signal);
  yield {
    outcome: "ok",
    message: `the key is taken; portal ${portal.portalId}, ${portal.timeZone ?? "unknown zone"}, ${portal.companyCurrency ?? "no currency"}${await usageOf(client, settings, signal)}`,
  };
  const contacts = await propertyNames(client, settings, "contacts", signal);
  requireProperties(
    contacts,
    "contacts",
    [...contactProperties(settings.leads).required, ...outboundOfLeads(settings)],
    context.name,
  );
  if (settings.conversions !== false)
    requireProperties(
      await propertyNames(client, settings, "deals", signal),
      "deals",
      dealProperties(settings.conversions, settings.outbound).required,
      context.name,
    );
  const labels = await stageLabels(client, settings, signal);
  const reader = new Set<string>();
  const lead = contactReader({
    settings: settings.leads,
    labels,
    hide: () => undefined,
    unmapped: (value) => void reader.add(value),
  });
  for (const value of labels.keys())
    lead.rows({
      id: "0",
      createdAt: "2026-01-01T00:00:00Z",
      updatedAt: "2026-01-01T00:00:00Z",
      archived: false,
      properties: { lifecyclestage: value },
    });
  if (reader.size > 0)
    yield {
      outcome: "warning",
      message: `the portal has stages without a meaning: ${[...reader].join(", ")}`,
      remedy: `name them under sources.${context.name}.leads.stages`,
    };
}

const open: OpenSource<HubspotSettings> = (settings, context) => {
  const opened: Opened = { settings, context, client: createHubspotClient(settings, context) };
  const { conversions } = settings;
  return {
    streams: [
      { name: "contacts", pull: (ask) => contactsToLeads(opened, ask) },
      ...(conversions === false
        ? []
        : [{ name: "deals", pull: (ask: StreamAsk) => dealsToConversions(opened, conversions, ask) }]),
    ],
    check: (signal) => check(opened, signal),
    close: async () => undefined,
  };
};

export default open;
