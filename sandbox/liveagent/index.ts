import type { Exchange, SandboxPlatform } from "../server.ts";

export const liveagentKey = "sandbox-liveagent-api-v3-key";

/** A call or ticket of the sandbox; times are UTC. */
export interface DeskCall {
  readonly id: string;
  readonly type: "I" | "O" | "T";
  readonly at: string;
  readonly answeredAt?: string;
  readonly finishedAt?: string;
  readonly ticketId?: string;
}

export interface DeskTicket {
  readonly id: string;
  readonly channel: string;
  readonly status: string;
  readonly at: string;
  readonly department?: string;
}

/** Hours that the account's own zone is behind UTC: America/Phoenix has no summer time. */
const phoenixHours = -7;

/** What is planted in every answer, and must be found nowhere outside. */
export const plantedCustomer = {
  fromNumber: "+4570123456",
  fromName: "Bodil Plantedcaller",
  owner_email: "bodil.owner@planted.example",
  owner_name: "Bodil Plantedowner",
  subject: "Plantedsubject about my order",
} as const;

/** LiveAgent's API v3: two dialects of filters, calls by cursor, tickets by page, answers in the account's zone. */
export const createLiveagentSandbox = ({ clock }: { readonly clock: () => Date }) => {
  const calls = new Map<string, DeskCall>();
  const tickets = new Map<string, DeskTicket>();
  const state = {
    isRevoked: false,
    mayRead: true,
    countOff: 0,
    perMinute: 180,
    /** Filters of tickets look at days alone, which `D` may well stand for. */
    byDay: false,
    /** The largest page of tickets, whatever is asked for; the real one is not documented. */
    mostPerPage: 500,
  };
  let window: number[] = [];

  /** As it is written in an answer: in the account's zone, unless the header asks for another offset. */
  const written = (at: string, { headers }: Exchange): string => {
    const asked = headers["timezone-offset"];
    const hours = asked === undefined ? phoenixHours : Number(asked) / 3_600;
    return new Date(Date.parse(at) + hours * 3_600_000).toISOString().slice(0, 19).replace("T", " ");
  };

  const refuse = (exchange: Exchange, status: number, message: string): void =>
    exchange.json(status, { message });

  /** The two bounds of a filter in UTC; undefined where it is the other dialect. */
  const bounds = (
    query: URLSearchParams,
    field: string,
    sign: string,
  ): readonly [number, number] | undefined => {
    const filters = JSON.parse(query.get("_filters") ?? "[]") as readonly (readonly string[])[];
    const bound = (operator: string): number => {
      const found = filters.find(([name, used]) => name === field && used === operator);
      return Date.parse(`${found?.[2]?.replace(" ", "T") ?? ""}Z`);
    };
    const both = [bound(`${sign}>=`), bound(`${sign}<=`)] as const;
    return both.some(Number.isNaN) ? undefined : both;
  };

  const within = <Item extends { readonly at: string }>(
    items: Iterable<Item>,
    [from, to]: readonly [number, number],
  ): Item[] =>
    [...items]
      .filter(({ at }) => Date.parse(at) >= from && Date.parse(at) <= to)
      .sort((one, other) => Date.parse(one.at) - Date.parse(other.at));

  const listCalls = (exchange: Exchange, query: URLSearchParams): void => {
    const range = bounds(query, "dateCreated", "");
    if (range === undefined) return refuse(exchange, 400, "unknown filter");
    const found = within(calls.values(), range);
    if (exchange.path.endsWith("/count")) return exchange.json(200, { count: found.length + state.countOff });
    const start = Number(query.get("_cursor") ?? "0");
    const size = Number(query.get("_perPage") ?? "10");
    const page = found.slice(start, start + size).map((call) => ({
      id: call.id,
      ticketId: call.ticketId ?? "",
      type: call.type,
      fromNumber: plantedCustomer.fromNumber,
      fromName: plantedCustomer.fromName,
      toNumber: "+4500000000",
      dateCreated: written(call.at, exchange),
      dateAnswered: call.answeredAt === undefined ? null : written(call.answeredAt, exchange),
      dateFinished: call.finishedAt === undefined ? null : written(call.finishedAt, exchange),
      callDuration: "184",
    }));
    exchange.json(200, page, start + size < found.length ? { next_page_cursor: String(start + size) } : {});
  };

  const listTickets = (exchange: Exchange, query: URLSearchParams): void => {
    const asked = bounds(query, "date_created", "D");
    if (asked === undefined) return refuse(exchange, 400, "unknown filter");
    const [from, to] = asked;
    const dayMs = 86_400_000;
    const range = state.byDay ? ([from - (from % dayMs), to - (to % dayMs) + dayMs - 1] as const) : asked;
    const size = Math.min(Number(query.get("_perPage") ?? "10"), state.mostPerPage);
    const start = (Number(query.get("_page") ?? "1") - 1) * size;
    exchange.json(
      200,
      within(tickets.values(), range)
        .slice(start, start + size)
        .map((ticket) => ({
          id: ticket.id,
          owner_contactid: "c1",
          owner_email: plantedCustomer.owner_email,
          owner_name: plantedCustomer.owner_name,
          departmentid: ticket.department ?? "default",
          agentid: "a1",
          status: ticket.status,
          tags: [],
          code: `CODE-${ticket.id}`,
          channel_type: ticket.channel,
          date_created: written(ticket.at, exchange),
          date_changed: written(ticket.at, exchange),
          subject: plantedCustomer.subject,
        })),
    );
  };

  return {
    platform: "liveagent",
    calls,
    tickets,
    state,
    addCall: (call: DeskCall): void => void calls.set(call.id, call),
    addTicket: (ticket: DeskTicket): void => void tickets.set(ticket.id, ticket),
    answer: (exchange: Exchange): void => {
      if (state.isRevoked || exchange.headers["apikey"] !== liveagentKey)
        return refuse(exchange, 401, "wrong api key");
      const now = clock().getTime();
      window = window.filter((at) => at > now - 60_000);
      if (window.length >= state.perMinute) return refuse(exchange, 429, "too many requests");
      window.push(now);
      const query = new URLSearchParams(exchange.rawQuery);
      if (exchange.path === "/api/v3/ping") return exchange.json(200, { status: "ok" });
      if (!state.mayRead) return refuse(exchange, 403, "privilege is missing");
      if (exchange.path === "/api/v3/calls" || exchange.path === "/api/v3/calls/count")
        return listCalls(exchange, query);
      if (exchange.path === "/api/v3/tickets") return listTickets(exchange, query);
      refuse(exchange, 404, "not found");
    },
  } satisfies SandboxPlatform<"liveagent"> & Record<string, unknown>;
};

/** A section of `sources` that points at the sandbox. */
export const liveagentSandboxSettings = (url: string): Readonly<Record<string, unknown>> => ({
  type: "liveagent",
  url,
  apiKey: liveagentKey,
});
