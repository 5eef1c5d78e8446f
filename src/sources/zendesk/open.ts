import * as z from "zod";
import { addDays, type Day, dayAt, type DayRange, eachDay } from "../../domain/day.ts";
import { Failure } from "../../domain/failure.ts";
import {
  callFigures,
  type ContactChannel,
  contactFigures,
  daysAsked,
  type Figure,
  landFigures,
} from "../desk/figures.ts";
import type { OpenSource, Pulled, SourceContext, SourceFinding, StreamAsk } from "../source.ts";
import { createZendeskClient, type ZendeskClient } from "./client.ts";
import { callOf, contactOf } from "./counts.ts";
import { callPages, dayOf, ticketPages } from "./exports.ts";
import type { ZendeskSettings } from "./type.ts";

interface Opened {
  readonly settings: ZendeskSettings;
  readonly context: SourceContext;
  readonly client: ZendeskClient;
}

/** A plan without Talk answers so; a right that was lost does, too. */
const lacksTalk = (error: unknown): error is Failure =>
  error instanceof Failure && (error.status === 403 || error.status === 404) && error.code !== "no_help_desk";

const add = <Key>(counts: Map<Key, number>, key: Key, more = 1): void =>
  void counts.set(key, (counts.get(key) ?? 0) + more);

interface DayOfCalls {
  in: number;
  out: number;
  /** Answered ones that came in. */
  contacts: number;
}

/** Calls of each day of the range; days without any are there, too. @throws Failure */
const countCalls = async (
  { settings, context, client }: Opened,
  range: DayRange,
  signal: AbortSignal,
): Promise<{ readonly days: ReadonlyMap<Day, DayOfCalls>; readonly read: number }> => {
  const isAll = settings.calls !== false && settings.calls.count === "all";
  const days = new Map<Day, DayOfCalls>(eachDay(range).map((day) => [day, { in: 0, out: 0, contacts: 0 }]));
  // A call comes again when it changes: the last word on each counts.
  const last = new Map<string, { day: Day; direction: "in" | "out"; isAnswered: boolean } | null>();
  const where = { range, timeZone: context.timeZone };
  let read = 0;
  for await (const page of callPages({ client, ...where, signal }))
    for (const call of page) {
      read += 1;
      const day = dayOf(call.created_at, where);
      const counted = day === undefined ? null : callOf(call);
      if (day !== undefined) last.set(call.id, counted === null ? null : { day, ...counted });
    }
  for (const call of last.values()) {
    const day = call === null ? undefined : days.get(call.day);
    if (call === null || day === undefined) continue;
    if (isAll || call.isAnswered) day[call.direction] += 1;
    if (call.isAnswered && call.direction === "in") day.contacts += 1;
  }
  return { days, read };
};

const pullCalls = async (opened: Opened, ask: StreamAsk): Promise<Pulled> => {
  const { settings, context } = opened;
  const range = daysAsked(context, settings.lookbackDays, ask);
  try {
    const { days, read } = await countCalls(opened, range, ask.signal);
    const figures: Figure[] = [...days].flatMap(([date, { contacts, ...calls }]) =>
      callFigures(date, context.name, {
        ...calls,
        contacts: settings.contacts === false ? undefined : contacts,
      }),
    );
    const pulled = await landFigures(context, ask, figures, read);
    return { ...pulled, state: { talk: true } };
  } catch (error) {
    if (!lacksTalk(error)) throw error;
    // Where there were calls before, they are not taken for none.
    if (ask.memory.state["talk"] === true)
      throw new Failure({
        kind: "account",
        code: "talk",
        ...(error.status === undefined ? {} : { status: error.status }),
        message: `source ${context.name}: Zendesk answered ${String(error.status)} for calls, which it gave before`,
        remedy: `let an admin check the rights to Talk; where it is not used any more, set sources.${context.name}.calls to false`,
        cause: error,
      });
    context.log.debug({ stream: "calls" }, "the account has no Talk");
    return { rowsRead: 0, rowsWritten: 0, mark: context.now() };
  }
};

const pullTickets = async (
  opened: Opened,
  { exclude }: Exclude<ZendeskSettings["contacts"], false>,
  ask: StreamAsk,
): Promise<Pulled> => {
  const { settings, context, client } = opened;
  const range = daysAsked(context, settings.lookbackDays, ask);
  const where = { range, timeZone: context.timeZone };
  // A ticket comes again when it changes: the last word on each counts.
  const last = new Map<string, { day: Day; channel: ContactChannel; unknown?: string } | null>();
  let read = 0;
  for await (const page of ticketPages({ client, ...where, signal: ask.signal }))
    for (const ticket of page) {
      read += 1;
      const day = dayOf(ticket.created_at, where);
      if (day === undefined) continue;
      const contact = contactOf(ticket, exclude);
      last.set(ticket.id, contact === null ? null : { day, ...contact });
    }
  const days = new Map<Day, Map<ContactChannel, number>>(eachDay(range).map((day) => [day, new Map()]));
  for (const contact of last.values()) {
    if (contact === null) continue;
    if (contact.unknown !== undefined) ask.unmapped(contact.unknown);
    add(days.get(contact.day) ?? new Map(), contact.channel);
  }
  const figures = [...days].flatMap(([date, counts]) => contactFigures(date, context.name, counts));
  return landFigures(context, ask, figures, read);
};

/** API tokens cannot be made any more ("Migrating from API tokens to OAuth access tokens"). */
const tokensEnd: Day = "2027-04-30";

/** Whether the credential is let in. @throws Failure */
const knock = async ({ settings, context, client }: Opened, day: Day, signal: AbortSignal): Promise<void> => {
  try {
    const path = "/api/v2/account/settings.json";
    await client.get(path, {}, { schema: z.looseObject({}), pace: "other", signal });
  } catch (error) {
    // Who may export need not be allowed to see the settings: then the export itself tells.
    if (!(error instanceof Failure) || error.status !== 403 || settings.contacts === false) throw error;
    const range = { from: day, to: day };
    for await (const _ of ticketPages({ client, range, timeZone: context.timeZone, signal })) break;
  }
};

async function* check(opened: Opened, signal: AbortSignal): AsyncGenerator<SourceFinding> {
  const { settings, context } = opened;
  const day = addDays(dayAt(context.now(), context.timeZone), -1);
  await knock(opened, day, signal);
  let told = "";
  let talk = true;
  if (settings.calls !== false)
    try {
      const { days } = await countCalls(opened, { from: day, to: day }, signal);
      const { in: came = 0, out: went = 0 } = days.get(day) ?? {};
      told = `; ${day} has ${String(came)} calls in and ${String(went)} out`;
    } catch (error) {
      if (!lacksTalk(error)) throw error;
      talk = false;
    }
  yield {
    outcome: "ok",
    message: `the credential is taken at ${settings.subdomain}${told}, days in ${context.timeZone}`,
  };
  if (!talk)
    yield {
      outcome: "warning",
      message: "the account has no Talk, or its user may not export calls: no calls are counted",
      remedy: `set sources.${context.name}.calls to false; calls of another telephony come by sql or file`,
    };
  if (settings.apiToken !== undefined)
    yield {
      outcome: "warning",
      message: `the API token ends on ${tokensEnd}, and earlier where it is not used for 30 days`,
      remedy: `make a confidential OAuth client, and set clientId and clientSecret of sources.${context.name}`,
    };
}

const open: OpenSource<ZendeskSettings> = (settings, context) => {
  const opened: Opened = { settings, context, client: createZendeskClient(settings, context) };
  const { calls, contacts } = settings;
  return {
    streams: [
      ...(calls === false ? [] : [{ name: "calls", pull: (ask: StreamAsk) => pullCalls(opened, ask) }]),
      ...(contacts === false
        ? []
        : [{ name: "contacts", pull: (ask: StreamAsk) => pullTickets(opened, contacts, ask) }]),
    ],
    check: (signal) => check(opened, signal),
    close: async () => undefined,
  };
};

export default open;
