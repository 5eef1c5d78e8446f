import * as z from "zod";
import { createPageGuard } from "../../connectors/wire/paging.ts";
import { type Day, type DayRange, dayAt, endOfDay, addDays } from "../../domain/day.ts";
import { Failure } from "../../domain/failure.ts";
import type { ZendeskClient } from "./client.ts";

const text = z.union([z.string(), z.number().transform(String)]);

// Names, addresses, numbers, subjects and texts come with each; they are dropped here.
const ticketShape = z.object({
  id: text,
  created_at: z.string(),
  status: z.string().nullish(),
  via: z.object({ channel: z.union([text, z.null()]).optional() }).nullish(),
  tags: z.array(z.string()).nullish(),
  requester_id: text.nullish(),
  submitter_id: text.nullish(),
});
const callShape = z.object({
  id: text,
  created_at: z.string(),
  direction: z.string().nullish(),
  completion_status: z.string().nullish(),
  talk_time: z.number().nullish(),
});

export type ZendeskTicket = z.infer<typeof ticketShape>;
export type ZendeskCall = z.infer<typeof callShape>;

const ticketPage = z.object({
  tickets: z.array(ticketShape),
  after_cursor: z.string().nullish(),
  end_of_stream: z.boolean(),
});
const callPage = z.object({
  calls: z.array(callShape),
  count: z.number().int(),
  next_page: z.string().nullish(),
});

const perPage = 1_000;

/** What was created in the range was changed since its start: an export from there on holds all of it. */
const startOf = ({ from }: DayRange, timeZone: string): string =>
  String(Math.floor(endOfDay(addDays(from, -1), timeZone).getTime() / 1_000));

interface Export {
  readonly client: ZendeskClient;
  readonly range: DayRange;
  readonly timeZone: string;
  readonly signal: AbortSignal;
}

/** The day of the range on which something was created; undefined outside it. @throws Failure `data` */
export const dayOf = (
  written: string,
  { range, timeZone }: Pick<Export, "range" | "timeZone">,
): Day | undefined => {
  const at = new Date(written);
  if (Number.isNaN(at.getTime()))
    throw new Failure({ kind: "data", message: "Zendesk: a date is none", remedy: "report it to costper" });
  const day = dayAt(at, timeZone);
  return day >= range.from && day <= range.to ? day : undefined;
};

/** Tickets that changed since the range began, page by page; one may come twice, the last counts. @throws Failure */
export async function* ticketPages({
  client,
  range,
  timeZone,
  signal,
}: Export): AsyncGenerator<readonly ZendeskTicket[]> {
  const guard = createPageGuard({ what: "Zendesk tickets" });
  for (let cursor: string | undefined; ;) {
    const page = await client.get(
      "/api/v2/incremental/tickets/cursor.json",
      cursor === undefined
        ? { start_time: startOf(range, timeZone), per_page: String(perPage) }
        : { cursor, per_page: String(perPage) },
      { schema: ticketPage, pace: "tickets", signal },
    );
    yield page.tickets;
    if (page.end_of_stream) return;
    if (page.after_cursor == null)
      throw new Failure({
        kind: "data",
        message: "Zendesk tickets: the stream has not ended, and no cursor goes on",
        remedy: "try again later; if it stays, report it to costper",
      });
    cursor = page.after_cursor;
    guard.check(
      page.tickets.map(({ id }) => id),
      cursor,
    );
  }
}

/**
 * Calls of Talk that changed since the range began. Its last page names itself as the next: it ends where a page is
 * not full, or leads nowhere ("Incremental Exports", Talk). @throws Failure
 */
export async function* callPages({
  client,
  range,
  timeZone,
  signal,
}: Export): AsyncGenerator<readonly ZendeskCall[]> {
  const guard = createPageGuard({ what: "Zendesk calls" });
  for (let start = startOf(range, timeZone); ;) {
    const page = await client.get(
      "/api/v2/channels/voice/stats/incremental/calls",
      { start_time: start },
      { schema: callPage, pace: "calls", signal },
    );
    yield page.calls;
    // Only its time is taken of the address: the token goes to no other host.
    const next = URL.canParse(page.next_page ?? "")
      ? (new URL(page.next_page ?? "").searchParams.get("start_time") ?? undefined)
      : undefined;
    if (page.count < perPage || next === undefined || next === start) return;
    guard.check(
      page.calls.map(({ id }) => id),
      next,
    );
    start = next;
  }
}
