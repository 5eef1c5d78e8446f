import { z } from "zod";
import { addDays, type Day, dayAt, type DayRange, windowsOf } from "../../domain/day.ts";
import { Failure } from "../../domain/failure.ts";
import type { CsvRecord } from "../../imports/csv.ts";
import type { SourceFinding, OpenSource, Pulled, SourceContext, StreamAsk } from "../source.ts";
import { createLiveagentClient, type LiveagentClient } from "./client.ts";
import { contactChannels, countCalls, countTickets } from "./counts.ts";
import { callsOf, ticketsOf } from "./pages.ts";
import type { LiveagentSettings } from "./type.ts";

interface Opened {
  readonly settings: LiveagentSettings;
  readonly context: SourceContext;
  readonly client: LiveagentClient;
}

/** The last whole days, or those that were asked for. @throws Failure `request` */
const daysOf = ({ settings, context }: Opened, { from, to }: StreamAsk): DayRange => {
  const yesterday = addDays(dayAt(context.now(), context.timeZone), -1);
  const last = to !== undefined && to < yesterday ? to : yesterday;
  const range = { from: from ?? addDays(last, 1 - settings.lookbackDays), to: last };
  if (range.from <= range.to) return range;
  throw new Failure({
    kind: "request",
    message: `source ${context.name}: no day is over yet from ${range.from} on`,
    remedy: "name an earlier --from",
  });
};

interface Figure {
  readonly date: Day;
  readonly measure: string;
  readonly label: string;
  readonly value: number;
}

/** A recount that is so much lower than before tells of a purge, not of the day. */
const leastShare = 0.9;

const columns = ["date", "measure", "label", "value"] as const;

async function* recordsOf(figures: readonly Figure[]): AsyncGenerator<CsvRecord> {
  yield { line: 1, fields: columns, raw: "" };
  for (const [index, { date, measure, label, value }] of figures.entries())
    yield { line: index + 2, fields: [date, measure, label, String(value)], raw: "" };
}

/** Leaves out days whose recount lost too much of what is stored. */
const withoutPurged = async ({ context }: Opened, figures: readonly Figure[]): Promise<readonly Figure[]> => {
  const labels = [...new Set(figures.map(({ label }) => label))];
  const { rows } = await context.database.pool.query<{ date: Day; measure: string; value: string }>(
    `select date, measure, sum(value) as value from warehouse.measure_daily
     where label = any ($1) and import_source = $2 and date = any ($3::date[]) group by date, measure`,
    [labels, context.name, [...new Set(figures.map(({ date }) => date))]],
  );
  const purged = new Set<string>();
  for (const { date, measure, value } of rows) {
    const now = figures
      .filter((figure) => figure.date === date && figure.measure === measure)
      .reduce((sum, figure) => sum + figure.value, 0);
    if (now >= Number(value) * leastShare) continue;
    purged.add(`${date} ${measure}`);
    context.log.warn(
      { date, measure, before: Number(value), now },
      "a recount lost so much that the day stays as it was; --from takes it",
    );
  }
  return figures.filter(({ date, measure }) => !purged.has(`${date} ${measure}`));
};

const land = async (
  opened: Opened,
  ask: StreamAsk,
  figures: readonly Figure[],
  read: number,
): Promise<Pulled> => {
  const kept = ask.from === undefined ? await withoutPurged(opened, figures) : figures;
  const result = await ask.land({ kind: "measures", bytes: { records: recordsOf(kept) } });
  return { rowsRead: read, rowsWritten: result.inserted + result.changed, mark: opened.context.now() };
};

/** So many days are read at once. */
const daysAtOnce = 7;

const days = async <Item>(
  opened: Opened,
  ask: StreamAsk,
  read: (
    client: LiveagentClient,
    range: DayRange,
    timeZone: string,
    signal: AbortSignal,
  ) => Promise<ReadonlyMap<Day, readonly Item[]>>,
): Promise<readonly (readonly [Day, readonly Item[]])[]> => {
  const found: (readonly [Day, readonly Item[]])[] = [];
  for (const range of windowsOf(daysOf(opened, ask), daysAtOnce))
    found.push(...(await read(opened.client, range, opened.context.timeZone, ask.signal)));
  return found;
};

const pullCalls = async (opened: Opened, which: "answered" | "all", ask: StreamAsk): Promise<Pulled> => {
  const { context, settings } = opened;
  const figures: Figure[] = [];
  let read = 0;
  for (const [date, calls] of await days(opened, ask, callsOf)) {
    read += calls.length;
    const counted = countCalls(calls, which);
    figures.push({ date, measure: "calls_in", label: context.name, value: counted.in });
    figures.push({ date, measure: "calls_out", label: context.name, value: counted.out });
    // A call is a contact once somebody answered it.
    if (settings.contacts !== false)
      figures.push({
        date,
        measure: "contacts",
        label: `${context.name}/call`,
        value: countCalls(calls, "answered").in,
      });
  }
  return land(opened, ask, figures, read);
};

const pullContacts = async (
  opened: Opened,
  contacts: Exclude<LiveagentSettings["contacts"], false>,
  ask: StreamAsk,
): Promise<Pulled> => {
  const { context } = opened;
  const figures: Figure[] = [];
  let read = 0;
  for (const [date, tickets] of await days(opened, ask, ticketsOf)) {
    read += tickets.length;
    const counts = countTickets(tickets, {
      exclude: contacts.exclude,
      departments: contacts.departments,
      unmapped: ask.unmapped,
    });
    // Zeros too, so that a channel that vanished from a day goes.
    for (const channel of contactChannels)
      if (channel !== "call")
        figures.push({
          date,
          measure: "contacts",
          label: `${context.name}/${channel}`,
          value: counts.get(channel) ?? 0,
        });
  }
  return land(opened, ask, figures, read);
};

async function* check(
  { settings, client, context }: Opened,
  signal: AbortSignal,
): AsyncGenerator<SourceFinding> {
  await client.get("/ping", {}, z.unknown(), signal);
  const day = addDays(dayAt(context.now(), context.timeZone), -1);
  const range = { from: day, to: day };
  const calls =
    settings.calls === false ? undefined : (await callsOf(client, range, context.timeZone, signal)).get(day);
  const tickets =
    settings.contacts === false
      ? undefined
      : (await ticketsOf(client, range, context.timeZone, signal)).get(day);
  yield {
    outcome: "ok",
    message: `the key is taken; ${day} has ${[calls && `${String(calls.length)} calls`, tickets && `${String(tickets.length)} tickets`].filter(Boolean).join(" and ")}, days in ${context.timeZone}`,
  };
}

const open: OpenSource<LiveagentSettings> = (settings, context) => {
  const opened: Opened = { settings, context, client: createLiveagentClient(settings, context) };
  const { calls, contacts } = settings;
  return {
    streams: [
      ...(calls === false
        ? []
        : [{ name: "calls", pull: (ask: StreamAsk) => pullCalls(opened, calls.count, ask) }]),
      ...(contacts === false
        ? []
        : [{ name: "contacts", pull: (ask: StreamAsk) => pullContacts(opened, contacts, ask) }]),
    ],
    check: (signal) => check(opened, signal),
    close: async () => undefined,
  };
};

export default open;
