import * as z from "zod";
import { createPageGuard } from "../../connectors/wire/paging.ts";
import { addDays, type Day, dayAt, type DayRange, eachDay } from "../../domain/day.ts";
import { Failure } from "../../domain/failure.ts";
import type { LiveagentClient } from "./client.ts";

const text = z.union([z.string(), z.number().transform(String)]);

// Names, numbers, addresses and subjects come with each; they are dropped here.
const callShape = z.object({
  id: text,
  ticketId: text.nullish(),
  type: z.string(),
  dateCreated: z.string(),
  dateAnswered: z.string().nullish(),
  dateFinished: z.string().nullish(),
});
const ticketShape = z.object({
  id: text,
  departmentid: text.nullish(),
  status: z.string(),
  channel_type: z.string(),
  date_created: z.string(),
});

export type Call = z.infer<typeof callShape>;
export type Ticket = z.infer<typeof ticketShape>;

const perPage = 500;

/** An instant that LiveAgent wrote in UTC, as the header asks. @throws Failure `data` */
export const instantOf = (written: string): Date => {
  const at = new Date(`${written.replace(" ", "T")}Z`);
  if (Number.isNaN(at.getTime()))
    throw new Failure({ kind: "data", message: "LiveAgent: a date is none", remedy: "report it to costper" });
  return at;
};

/** Filters are in UTC and days are cut by us: a day more on each side. */
const span = ({ from, to }: DayRange) =>
  [`${addDays(from, -1)} 00:00:00`, `${addDays(to, 1)} 23:59:59`] as const;

const callFilter = (range: DayRange): string => {
  const [from, to] = span(range);
  return JSON.stringify([
    ["dateCreated", ">=", from],
    ["dateCreated", "<=", to],
  ]);
};

const ticketFilter = (from: string, to: string): string =>
  JSON.stringify([
    ["date_created", "D>=", from],
    ["date_created", "D<=", to],
  ]);

/** What falls on each day of the zone; days without any are there, too. */
const byDay = <Item>(
  items: Iterable<Item>,
  range: DayRange,
  timeZone: string,
  at: (item: Item) => string,
): ReadonlyMap<Day, readonly Item[]> => {
  const days = new Map<Day, Item[]>(eachDay(range).map((day) => [day, []]));
  for (const item of items) days.get(dayAt(instantOf(at(item)), timeZone))?.push(item);
  return days;
};

/** One reading of the calls of some days, checked against their number. */
const readCalls = async (
  client: LiveagentClient,
  range: DayRange,
  signal: AbortSignal,
): Promise<Map<string, Call> | undefined> => {
  const calls = new Map<string, Call>();
  const guard = createPageGuard({ what: "LiveAgent calls" });
  for (let cursor: string | undefined; ;) {
    const { body, headers } = await client.get(
      "/calls",
      {
        _perPage: String(perPage),
        _filters: callFilter(range),
        ...(cursor === undefined ? {} : { _cursor: cursor }),
      },
      z.array(callShape),
      signal,
    );
    cursor = headers.get("next_page_cursor") ?? undefined;
    if (cursor === "") cursor = undefined;
    guard.check(
      body.map(({ id }) => id),
      cursor,
    );
    for (const call of body) calls.set(call.id, call);
    if (cursor === undefined) break;
  }
  const { body } = await client.get(
    "/calls/count",
    { _filters: callFilter(range) },
    z.object({ count: z.coerce.number() }),
    signal,
  );
  return body.count === calls.size ? calls : undefined;
};

/** Calls of each day in the zone. @throws Failure `data` where their number disagrees twice */
export const callsOf = async (
  client: LiveagentClient,
  range: DayRange,
  timeZone: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<Day, readonly Call[]>> => {
  const calls = (await readCalls(client, range, signal)) ?? (await readCalls(client, range, signal));
  if (calls === undefined)
    throw new Failure({
      kind: "data",
      message: `LiveAgent: the calls around ${range.from} and their number differ, twice`,
      remedy: "it is tried again the next night; if it stays, report it to costper",
    });
  return byDay(calls.values(), range, timeZone, ({ dateCreated }) => dateCreated);
};

/**
 * The tickets of some days. Each page begins at the last ticket of the one before rather than at its number: where one
 * is deleted meanwhile, all after it move up, and one would slip over the edge. Where more are of one time than a page
 * holds, or the filter looks at days alone, the number goes on.
 * @throws Failure `data` where the pages do not go on
 */
const readTickets = async (
  client: LiveagentClient,
  range: DayRange,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Ticket>> => {
  const tickets = new Map<string, Ticket>();
  const [first, to] = span(range);
  let page = 1;
  // A server may give fewer at once than it is asked for: the largest page tells what a full one is.
  let largest = 1;
  for (let from: string = first; ;) {
    const { body } = await client.get(
      "/tickets",
      {
        _page: String(page),
        _perPage: String(perPage),
        _sortField: "date_created",
        _sortDir: "ASC",
        _filters: ticketFilter(from, to),
      },
      z.array(ticketShape),
      signal,
    );
    const before = tickets.size;
    for (const ticket of body) tickets.set(ticket.id, ticket);
    const last = body.at(-1)?.date_created;
    if (body.length < largest || last === undefined) return tickets;
    largest = body.length;
    if (page === 1 && last > from) from = last;
    else if (page === 1 || tickets.size > before) page += 1;
    else
      throw new Failure({
        kind: "data",
        message: `LiveAgent: the pages of tickets around ${range.from} do not go on`,
        remedy: "it is tried again the next night; if it stays, report it to costper",
      });
  }
};

/** Tickets of each day in the zone. @throws Failure */
export const ticketsOf = async (
  client: LiveagentClient,
  range: DayRange,
  timeZone: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<Day, readonly Ticket[]>> =>
  byDay((await readTickets(client, range, signal)).values(), range, timeZone, ({ date_created: at }) => at);
