import * as z from "zod";
import { addDays, type Day, dayAt, type DayRange, windowsOf } from "../../domain/day.ts";
import { callFigures, contactFigures, daysAsked, type Figure, landFigures } from "../desk/figures.ts";
import type { SourceFinding, OpenSource, Pulled, SourceContext, StreamAsk } from "../source.ts";
import { createLiveagentClient, type LiveagentClient } from "./client.ts";
import { countCalls, countTickets } from "./counts.ts";
import { callsOf, ticketsOf } from "./pages.ts";
import type { LiveagentSettings } from "./type.ts";

interface Opened {
  readonly settings: LiveagentSettings;
  readonly context: SourceContext;
  readonly client: LiveagentClient;
}

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
  const { context, settings, client } = opened;
  const found: (readonly [Day, readonly Item[]])[] = [];
  for (const range of windowsOf(daysAsked(context, settings.lookbackDays, ask), daysAtOnce))
    found.push(...(await read(client, range, context.timeZone, ask.signal)));
  return found;
};

const pullCalls = async (opened: Opened, which: "answered" | "all", ask: StreamAsk): Promise<Pulled> => {
  const { context, settings } = opened;
  const figures: Figure[] = [];
  let read = 0;
  for (const [date, calls] of await days(opened, ask, callsOf)) {
    read += calls.length;
    figures.push(
      ...callFigures(date, context.name, {
        ...countCalls(calls, which),
        // A call is a contact once somebody answered it.
        contacts: settings.contacts === false ? undefined : countCalls(calls, "answered").in,
      }),
    );
  }
  return landFigures(context, ask, figures, read);
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
    figures.push(...contactFigures(date, context.name, counts));
  }
  return landFigures(context, ask, figures, read);
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
