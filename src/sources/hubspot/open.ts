import type pg from "pg";
import { addDays, dayAt, endOfDay } from "../../domain/day.ts";
import type { CsvRecord } from "../../imports/csv.ts";
import type { SourceFinding, OpenSource, Pulled, SourceContext, StreamAsk, StreamMemory } from "../source.ts";
import { endDeals, endLeads } from "../vanished.ts";
import { createHubspotClient, type HubspotClient } from "./client.ts";
import { contactColumns, contactProperties, contactReader } from "./contacts.ts";
import { dealColumns, dealProperties, type DealRow, dealRow, type DealSettings } from "./deals.ts";
import { type Portal, portalOf, propertyNames, requireProperties, stageLabels, wonStages } from "./portal.ts";
import { changedRecords, type HubspotRecord, listRecords, type RecordQuery } from "./records.ts";
import type { HubspotSettings } from "./type.ts";

interface Opened {
  readonly settings: HubspotSettings;
  readonly context: SourceContext;
  readonly client: HubspotClient;
}

/** So many records are read as a whole each night: only that tells what vanished. */
const wholeUpTo = 50_000;
const dayMs = 86_400_000;
const usualSinceDays = 400;

/** An index of HubSpot's search lags a little behind. */
const lagMs = 5 * 60_000;

/** Whether everything is read: always while there is little, else on Sundays, when asked, and when a rule changed. */
const readsWhole = (
  memory: StreamMemory,
  rule: string,
  full: boolean,
  now: Date,
  timeZone: string,
): boolean => {
  const { mark, lastWholeAt, state } = memory;
  if (full || mark === null || lastWholeAt === null || state["rule"] !== rule) return true;
  if (Number(state["records"] ?? 0) <= wholeUpTo) return true;
  const isSunday = new Date(`${dayAt(now, timeZone)}T00:00:00Z`).getUTCDay() === 0;
  return isSunday || now.getTime() - lastWholeAt.getTime() > 8 * dayMs;
};

const windowOf = ({ mark }: StreamMemory, now: Date) => ({
  from: new Date((mark ?? now).getTime() - dayMs),
  to: new Date(now.getTime() - lagMs),
});

/** Every record that is to be read, the archived ones last: what was deleted is in no search. */
async function* records(
  client: HubspotClient,
  query: RecordQuery,
  whole: boolean,
  window: { readonly from: Date; readonly to: Date },
): AsyncGenerator<readonly HubspotRecord[]> {
  yield* whole ? listRecords(client, query, false) : changedRecords(client, query, window);
  for await (const page of listRecords(client, query, true))
    yield page.map((record) => ({ ...record, archived: true }));
}

/** Numbers rows and lays them out by the header. */
const recordMaker = (columns: readonly string[]) => {
  let line = 0;
  return (row: Readonly<Record<string, string | undefined>>): CsvRecord => {
    line += 1;
    return { line, fields: columns.map((name) => row[name] ?? ""), raw: "" };
  };
};

const headerOf = (columns: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(columns.map((name) => [name, name]));

const knownOf = async (pool: pg.Pool, ids: readonly string[]): Promise<ReadonlySet<string>> => {
  if (ids.length === 0) return new Set();
  const { rows } = await pool.query<{ id: string }>(
    `select lead_id as id from warehouse.lead where lead_id = any ($1)
     union select lead_id from warehouse.lead_alias where lead_id = any ($1)`,
    [ids],
  );
  return new Set(rows.map(({ id }) => id));
};

const countDay = (counts: Map<string, number>, at: string | undefined, timeZone: string): void => {
  if (at === undefined) return;
  const day = dayAt(new Date(at), timeZone);
  counts.set(day, (counts.get(day) ?? 0) + 1);
};

/** Results of outbound work by day; known only from a whole read. */
const landOutbound = async (
  { context, settings }: Opened,
  ask: StreamAsk,
  counts: ReadonlyMap<string, number>,
): Promise<number> => {
  if (settings.outbound === undefined) return 0;
  const columns = ["date", "measure", "value", "label"];
  const toRecord = recordMaker(columns);
  async function* rows(): AsyncGenerator<CsvRecord> {
    yield toRecord(headerOf(columns));
    for (const [date, count] of counts)
      yield toRecord({ date, measure: "outbound_results", value: String(count), label: context.name });
  }
  const result = await ask.land({
    kind: "measures",
    bytes: { records: rows() },
    afterMerge: async (client) => {
      const { rowCount } = await client.query(
        `delete from warehouse.measure_daily m where measure = 'outbound_results' and label = $1
           and not exists (select from import_row r where r.date = m.date)`,
        [context.name],
      );
      return { withdrawn: rowCount ?? 0 };
    },
  });
  return result.inserted + result.changed + (result.withdrawn ?? 0);
};

const isOutbound = ({ outbound }: HubspotSettings, { properties }: HubspotRecord): boolean =>
  outbound !== undefined && outbound.in.includes(properties[outbound.field] ?? "");

const pullContacts = async (opened: Opened, ask: StreamAsk): Promise<Pulled> => {
  const { settings, context, client } = opened;
  const { signal, memory } = ask;
  const now = context.now();
  const { required, optional, histories } = contactProperties(settings.leads);
  const outboundField =
    settings.outbound?.count === "leads" ? [[settings.outbound.field, "outbound.field"] as const] : [];
  const known = await propertyNames(client, settings, "contacts", signal);
  requireProperties(known, "contacts", [...required, ...outboundField], context.name);
  const rule = JSON.stringify([
    settings.leads.stages,
    settings.leads.from,
    settings.leads.score,
    settings.leads.visit,
    settings.leads.where,
  ]);
  const whole = readsWhole(memory, rule, ask.full, now, context.timeZone);
  const reader = contactReader({
    settings: settings.leads,
    labels: await stageLabels(client, settings, signal),
    unmapped: ask.unmapped,
  });
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
  const since = settings.since ?? addDays(dayAt(now, context.timeZone), -usualSinceDays);
  const sinceAt = endOfDay(addDays(since, -1), context.timeZone);
  const prefixed = (id: string) => `${context.idPrefix}${id}`;
  const spared: string[] = [];
  const excluded: string[] = [];
  const outbound = new Map<string, number>();
  let read = 0;

  async function* rows(): AsyncGenerator<CsvRecord> {
    const toRecord = recordMaker(contactColumns);
    yield toRecord(headerOf(contactColumns));
    for await (const page of records(client, query, whole, windowOf(memory, now))) {
      read += page.length;
      const leads = page.map((contact) => ({
        contact,
        rows: contact.archived ? [] : reader.rows(contact),
        counts: contact.archived || reader.counts(contact),
        isOld: new Date(contact.updatedAt) < sinceAt,
      }));
      // Of what is no row by itself, only those matter that the warehouse has.
      const doubtful = leads.filter(
        ({ contact, rows: own, counts, isOld }) => contact.archived || own.length === 0 || !counts || isOld,
      );
      const stored = await knownOf(
        context.database.pool,
        doubtful.map(({ contact }) => prefixed(contact.id)),
      );
      for (const { contact, rows: own, counts, isOld } of leads) {
        const { id } = contact;
        const isStored = stored.has(prefixed(id));
        if (contact.archived) {
          if (isStored) yield toRecord({ lead_id: id, deleted: "true" });
          continue;
        }
        const isLead = own.length > 0 && counts && !(isOld && !isStored);
        if (!isLead) {
          if (isStored) (counts ? spared : excluded).push(prefixed(id));
          continue;
        }
        for (const other of reader.merged(contact)) yield toRecord({ lead_id: other, merged_into: id });
        for (const row of own) yield toRecord(row);
        if (settings.outbound?.count === "leads" && isOutbound(settings, contact))
          countDay(outbound, own[0]?.created_at, context.timeZone);
      }
    }
  }

  const result = await ask.land({
    kind: "leads",
    bytes: { records: rows() },
    keepDeleted: settings.leads.deleted === "keep",
    keepFirst: true,
    // Another rule decides anew what the stages of before were.
    correct: memory.state["rule"] !== undefined && memory.state["rule"] !== rule,
    afterMerge: async (client) => ({
      withdrawn: await endLeads(client, {
        source: context.name,
        timeZone: context.timeZone,
        whole,
        accepted: ask.acceptRemovals,
        spared,
        excluded,
      }),
    }),
  });
  const outboundWritten =
    whole && settings.outbound?.count === "leads" ? await landOutbound(opened, ask, outbound) : 0;
  return {
    rowsRead: read,
    rowsWritten: result.inserted + result.changed + (result.withdrawn ?? 0) + outboundWritten,
    refused: result.refused,
    mark: now,
    whole,
    state: { rule, ...(whole ? { records: read } : {}) },
  };
};

/** Of each deal's contacts the earliest lead, as the warehouse has it. */
const leadsOf = async (
  { context }: Opened,
  deals: readonly HubspotRecord[],
): Promise<ReadonlyMap<string, string>> => {
  const pairs = deals.flatMap(({ id, associations }) =>
    (associations?.contacts?.results ?? []).map((contact) => ({
      deal: id,
      lead: `${context.idPrefix}${contact.id}`,
    })),
  );
  if (pairs.length === 0) return new Map();
  const { rows } = await context.database.pool.query<{ deal: string; lead: string }>(
    `select distinct on (p.deal) p.deal, l.lead_id as lead
     from unnest($1::text[], $2::text[]) as p (deal, lead)
     left join warehouse.lead_alias a on a.lead_id = p.lead
     join warehouse.lead l on l.lead_id = coalesce(a.alias_of, p.lead)
     order by p.deal, l.created_at, l.lead_id`,
    [pairs.map(({ deal }) => deal), pairs.map(({ lead }) => lead)],
  );
  return new Map(rows.map(({ deal, lead }) => [deal, lead.slice(context.idPrefix.length)]));
};

const pullDeals = async (opened: Opened, deals: DealSettings, ask: StreamAsk): Promise<Pulled> => {
  const { settings, context, client } = opened;
  const { signal, memory } = ask;
  const now = context.now();
  const { required, optional, histories } = dealProperties(deals, settings.outbound);
  const known = await propertyNames(client, settings, "deals", signal);
  requireProperties(known, "deals", required, context.name);
  const rule = JSON.stringify([deals.name, deals.pipelines, deals.orderId]);
  const whole = readsWhole(memory, rule, ask.full, now, context.timeZone);
  const won = await wonStages(client, settings, signal);
  const { companyCurrency } = await portalOf(client, settings, signal);
  const query: RecordQuery = {
    object: "deals",
    apiVersion: settings.apiVersion,
    properties: [...required.map(([name]) => name), ...optional.filter((name) => known.has(name))],
    histories,
    signal,
  };
  const outbound = new Map<string, number>();
  let read = 0;
  async function* rows(): AsyncGenerator<CsvRecord> {
    const toRecord = recordMaker(dealColumns);
    yield toRecord(headerOf(dealColumns));
    for await (const page of records(client, query, whole, windowOf(memory, now))) {
      read += page.length;
      const leads = await leadsOf(opened, page);
      for (const deal of page) {
        const row: DealRow = dealRow(deal, {
          settings: deals,
          won,
          companyCurrency: companyCurrency ?? undefined,
          leadId: leads.get(deal.id),
        });
        if (row.deleted === undefined && isOutbound(settings, deal))
          countDay(outbound, row.converted_at, context.timeZone);
        yield toRecord(row);
      }
    }
  }
  const result = await ask.land({
    kind: "conversions",
    bytes: { records: rows() },
    afterMerge: async (client) =>
      whole
        ? { withdrawn: await endDeals(client, { source: context.name, accepted: ask.acceptRemovals }) }
        : {},
  });
  const outboundWritten =
    whole && settings.outbound?.count === "deals" ? await landOutbound(opened, ask, outbound) : 0;
  return {
    rowsRead: read,
    rowsWritten: result.inserted + result.changed + (result.withdrawn ?? 0) + outboundWritten,
    refused: result.refused,
    mark: now,
    whole,
    state: { rule, ...(whole ? { records: read } : {}) },
  };
};

async function* check(
  { settings, context, client }: Opened,
  signal: AbortSignal,
): AsyncGenerator<SourceFinding> {
  const portal: Portal = await portalOf(client, settings, signal);
  yield {
    outcome: "ok",
    message: `the key is taken; portal ${portal.portalId}, ${portal.timeZone ?? "unknown zone"}, ${portal.companyCurrency ?? "no currency"}`,
  };
  const contacts = await propertyNames(client, settings, "contacts", signal);
  requireProperties(contacts, "contacts", contactProperties(settings.leads).required, context.name);
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
      { name: "contacts", pull: (ask) => pullContacts(opened, ask) },
      ...(conversions === false
        ? []
        : [{ name: "deals", pull: (ask: StreamAsk) => pullDeals(opened, conversions, ask) }]),
    ],
    check: (signal) => check(opened, signal),
    close: async () => undefined,
  };
};

export default open;
